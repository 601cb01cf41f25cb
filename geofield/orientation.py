"""From whatever a station reports to H (magnetic north), E (magnetic east), Z (down), in nT.

Source for the element names, signs and fill values: INTERMAGNET Technical Reference Manual,
version 5, and the IAGA-2002 format description. Angles are in degrees here; the readers of
formats that carry arc minutes convert before they call.
"""

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np

from geofield.types import Float64

MAX_FIELD_NT = 99_999.0
FILL_VALUES = (99_999, 88_888)  # "missing" and "not recorded"
ORIENTATIONS = ("XYZ", "HEZ", "HDZ", "DIF")
STRONG_NT = 88_000.0  # below all fills and the limit, above any field on the Earth
_ANGLES = frozenset("DI")


class OrientationError(ValueError):
    """The elements do not describe a magnetic field vector; the message says why."""


@lru_cache(1024)
def orientation_of(elements: frozenset[str]) -> str:
    """Name the orientation that a set of elements makes, e.g. ``HDZ``; extra F or S may be there.

    Raises
    ------
    OrientationError
        If none, or more than one, of XYZ, HEZ, HDZ and DIF can be made of them.
    """
    vector = elements - {"S"}
    exact = [name for name in ORIENTATIONS if vector in (frozenset(name), frozenset(name + "F"))]
    if len(exact) != 1:
        known = ", ".join(ORIENTATIONS)
        raise OrientationError(
            f"elements {''.join(sorted(elements)) or 'none'} are not one of {known}"
        )
    return exact[0]


def to_hez(elements: Mapping[str, Float64], declination_deg: float | Float64) -> Float64:
    """Turn reported elements into H, E, Z in the station's own frame.

    Parameters
    ----------
    elements
        One array of shape [n] for each element, keyed ``X Y Z``, ``H E Z``, ``H D Z`` or
        ``D I F``; nT, angles in degrees; NaN, 99999 and 88888 are missing. Further ``F`` or
        ``S`` are checked for length and otherwise left alone.
    declination_deg
        The station's reference declination: the direction that is called H. Fixed for a
        station, so that a change of declination stays visible as a change of E. Not used for
        HEZ, which is reported in the instrument's own frame. Shape [n] for samples of several
        stations.

    Returns
    -------
    Array of shape [n, 3]: H, E, Z in nT, NaN where an element needed is missing.

    Raises
    ------
    OrientationError
        For unknown orientations, unequal or empty arrays, angles outside -360...360 degrees
        and fields beyond 99,999 nT.
    """
    orientation = orientation_of(frozenset(elements))
    _check_lengths(elements)
    values = np.array([elements[name] for name in orientation], dtype=np.float64)
    worst: list[float] = np.fmax.reduce(np.abs(values), axis=1).tolist()
    if not _plain(orientation, worst):
        values = np.array([_masked(*pair) for pair in zip(orientation, values, strict=True)])
    clean = dict(zip(orientation, values, strict=True))
    field_nt = np.ascontiguousarray(np.array(_vector(orientation, clean, declination_deg)).T)
    if not _weak(orientation, worst):
        _check_magnitude(field_nt)
    return field_nt


def _plain(orientation: str, worst: Iterable[float]) -> bool:
    """Whether no fill and nothing beyond its limit can be among values of such magnitudes."""
    return not any(
        highest > (360.0 if name in _ANGLES else STRONG_NT)
        for name, highest in zip(orientation, worst, strict=True)
    )


def _weak(orientation: str, worst: Iterable[float]) -> bool:
    """Whether the vector must be shorter than the limit, whatever its direction."""
    lengths = [
        highest for name, highest in zip(orientation, worst, strict=True) if name not in _ANGLES
    ]
    return math.hypot(*lengths) < STRONG_NT


def _check_lengths(elements: Mapping[str, Float64]) -> None:
    lengths = set(map(len, elements.values()))
    if len(lengths) != 1:
        stated = ", ".join(f"{name} {len(values)}" for name, values in sorted(elements.items()))
        raise OrientationError(f"arrays of unequal length: {stated}")
    if 0 in lengths:
        raise OrientationError("the arrays are empty")


def _masked(name: str, values: Float64) -> Float64:
    """Values with fills as NaN. Fills may carry decimals (99999.90); no field is that strong."""
    clean = np.where(np.isin(np.floor(np.abs(values)), FILL_VALUES), np.nan, values)
    limit, unit = (360.0, "degrees") if name in _ANGLES else (MAX_FIELD_NT, "nT")
    if np.any(np.abs(clean) > limit):
        worst = float(np.nanmax(np.abs(clean)))
        raise OrientationError(f"{name} of {worst:g} is beyond {limit:,.0f} {unit}")
    return clean


def _vector(
    orientation: str, elements: Mapping[str, Float64], declination_deg: float | Float64
) -> tuple[Float64, Float64, Float64]:
    if orientation == "HEZ":
        return elements["H"], elements["E"], elements["Z"]
    if orientation == "XYZ":
        return (*_rotated(elements["X"], elements["Y"], declination_deg), elements["Z"])
    deviation = np.radians(elements["D"] - declination_deg)
    if orientation == "HDZ":
        horizontal_nt, down_nt = elements["H"], elements["Z"]
    else:
        inclination = np.radians(elements["I"])
        horizontal_nt = elements["F"] * np.cos(inclination)
        down_nt = elements["F"] * np.sin(inclination)
    return horizontal_nt * np.cos(deviation), horizontal_nt * np.sin(deviation), down_nt


def _rotated(
    north_nt: Float64, east_nt: Float64, angle_deg: float | Float64
) -> tuple[Float64, Float64]:
    cos, sin = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    return north_nt * cos + east_nt * sin, east_nt * cos - north_nt * sin


def _check_magnitude(field_nt: Float64) -> None:
    magnitude_nt = np.sqrt(np.sum(field_nt**2, axis=1))
    if np.any(magnitude_nt > MAX_FIELD_NT):
        worst = float(np.nanmax(magnitude_nt))
        raise OrientationError(f"a field of {worst:,.0f} nT is beyond {MAX_FIELD_NT:,.0f} nT")
