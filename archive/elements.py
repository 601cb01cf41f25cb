"""What archives say of their elements and of the place of their station."""

from collections.abc import Iterable

ELEMENTS = frozenset("XYZHEDIFS")
_UNITS_PER_DEGREE = {"nt": 1.0, "deg": 1.0, "degree": 1.0, "arcmin": 60.0, "minute": 60.0}


def unit_scale(element: str, unit: str) -> float:
    """How many of `unit` make one nT or one degree.

    Raises
    ------
    ValueError
        If the unit is not known.
    """
    scale = _UNITS_PER_DEGREE.get(unit.lower().rstrip("s"))
    if scale is None:
        raise ValueError(f"element {element} is in {unit!r}, which is not known here")
    return scale


def position_of(stated: Iterable[object]) -> tuple[float, float] | None:
    """Latitude and longitude in degrees as a file states them; None if it states none that can be.

    Longitude counts from -180 to 180.
    """
    try:
        latitude_deg, longitude_deg = (float(str(value)) for value in stated)
    except ValueError:
        return None
    if not (abs(latitude_deg) <= 90 and abs(longitude_deg) <= 360):
        return None
    return latitude_deg, round((longitude_deg + 180) % 360 - 180, 6)
