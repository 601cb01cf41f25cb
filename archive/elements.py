"""Units of elements and positions of stations, as archives state them."""

import re
from collections.abc import Iterable

ELEMENTS = frozenset("XYZHEDIFS")
ANGLES = frozenset("DI")
_FIELD = {1.0: "nt nanotesla nanoteslas", 1000.0: "pt picotesla picoteslas"}
_ANGLE = {
    1.0: "deg degs degree degrees degreeofarc degreesofarc arcdeg arcdegree arcdegrees °",
    60.0: "arcmin arcmins arcminute arcminutes min minute minutes minofarc minuteofarc "
    "minutesofarc '",
}


def _scales(units: dict[float, str]) -> dict[str, float]:
    return {name: scale for scale, names in units.items() for name in names.split()}


_FIELD_SCALES, _ANGLE_SCALES = _scales(_FIELD), _scales(_ANGLE)
_SEPARATORS = re.compile(r"[\s_.-]+")


def unit_scale(element: str, unit: str) -> float:
    """Number of `unit` in one nT or one degree; case and blanks do not count.

    Raises
    ------
    ValueError
        If it is no unit of this element.
    """
    scales = _ANGLE_SCALES if element in ANGLES else _FIELD_SCALES
    scale = scales.get(_SEPARATORS.sub("", unit.lower()))
    if scale is None:
        wanted = "deg or arcmin" if element in ANGLES else "nT"
        raise ValueError(f"element {element} is in {unit!r}, which is no unit of it: use {wanted}")
    return scale


def position_of(stated: Iterable[object]) -> tuple[float, float] | None:
    """Latitude and longitude in degrees as a file states them; None if missing or impossible.

    The longitude is between -180 and 180.
    """
    try:
        latitude_deg, longitude_deg = (float(str(value)) for value in stated)
    except ValueError:
        return None
    if not (abs(latitude_deg) <= 90 and abs(longitude_deg) <= 360):
        return None
    return latitude_deg, round((longitude_deg + 180) % 360 - 180, 6)
