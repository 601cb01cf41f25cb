"""Convert reported elements to H (magnetic north), E (magnetic east), Z (down), in nT.

Source for the element names, signs and fill values: INTERMAGNET Technical Reference Manual,
version 5, and the IAGA-2002 format description. Angles are in degrees; the readers of formats in
arc minutes convert them first.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from geofield.series.limits import (
    MAX_DEG,
    MIN_TOTAL_NT,
    MOST_BEYOND,
    beyond_limits,
    without_fills,
)
from geofield.types import Float64

STRONG_NT = 88_000.0  # below all fills and the limit, above any field on the Earth

Vector: TypeAlias = tuple[Float64, Float64, Float64]
"""H, E and Z in nT, each of shape [n]."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """A set of elements that describes the field vector. To add one, add it to `ORIENTATIONS`.

    Attributes
    ----------
    vector
        Function of the elements, in the order of the orientation's name, and of the reference
        declination in degrees; returns H, E and Z in nT.
    declination_deg
        Function of a function that returns the typical value of a named element; returns the
        station's reference declination in degrees.
    """

    vector: Callable[[Sequence[Float64], float | Float64], Vector]
    declination_deg: Callable[[Callable[[str], float]], float]


class OrientationError(ValueError):
    """The elements do not describe a magnetic field vector; the message says why."""


def _from_xyz(elements: Sequence[Float64], declination_deg: float | Float64) -> Vector:
    north_nt, east_nt, down_nt = elements
    cos, sin = np.cos(np.radians(declination_deg)), np.sin(np.radians(declination_deg))
    return north_nt * cos + east_nt * sin, east_nt * cos - north_nt * sin, down_nt


def _from_hez(elements: Sequence[Float64], _: float | Float64) -> Vector:
    """The elements as they are: the frame of the instrument."""
    h_nt, e_nt, z_nt = elements
    return h_nt, e_nt, z_nt


def _from_hdz(elements: Sequence[Float64], declination_deg: float | Float64) -> Vector:
    horizontal_nt, d_deg, down_nt = elements
    deviation = np.radians(d_deg - declination_deg)
    return horizontal_nt * np.cos(deviation), horizontal_nt * np.sin(deviation), down_nt


def _from_dif(elements: Sequence[Float64], declination_deg: float | Float64) -> Vector:
    d_deg, i_deg, total_nt = elements
    inclination = np.radians(i_deg)
    hdz = (total_nt * np.cos(inclination), d_deg, total_nt * np.sin(inclination))
    return _from_hdz(hdz, declination_deg)


def _from_dhi(elements: Sequence[Float64], declination_deg: float | Float64) -> Vector:
    d_deg, horizontal_nt, i_deg = elements
    hdz = (horizontal_nt, d_deg, horizontal_nt * np.tan(np.radians(i_deg)))
    return _from_hdz(hdz, declination_deg)


ORIENTATIONS: Mapping[str, Orientation] = {
    "XYZ": Orientation(
        _from_xyz, lambda typical: float(np.degrees(np.arctan2(typical("Y"), typical("X"))))
    ),
    "HEZ": Orientation(_from_hez, lambda _: 0.0),
    "HDZ": Orientation(_from_hdz, lambda typical: typical("D")),
    "DIF": Orientation(_from_dif, lambda typical: typical("D")),
    "DHI": Orientation(_from_dhi, lambda typical: typical("D")),
}


@lru_cache(1024)
def orientation_of(elements: frozenset[str]) -> str:
    """Name of the orientation of a set of elements, e.g. ``HDZ``; F or S may be added to it.

    Raises
    ------
    OrientationError
        If the elements make none, or more than one, of XYZ, HEZ, HDZ, DIF and DHI.
    """
    vector = elements - {"S"}
    exact = [name for name in ORIENTATIONS if vector in (frozenset(name), frozenset(name + "F"))]
    if len(exact) != 1:
        known = ", ".join(ORIENTATIONS)
        raise OrientationError(
            f"elements {''.join(sorted(elements)) or 'none'} are not one of {known}"
        )
    return exact[0]


def to_hez(
    elements: Mapping[str, Float64],
    declination_deg: float | Float64,
    most_beyond: float = MOST_BEYOND,
) -> Float64:
    """Convert reported elements to H, E, Z in the frame of the station.

    Parameters
    ----------
    elements
        One array of shape [n] for each element, keyed ``X Y Z``, ``H E Z``, ``H D Z``, ``D I F`` or
        ``D H I``; in nT, angles in degrees; NaN and fills (`geofield.series.limits`) are missing.
        Only the length of an additional ``F`` or ``S`` is checked.
    declination_deg
        Reference declination of the station: the direction that is called H. It is fixed for a
        station, so a change of declination stays visible as a change of E. Not used for HEZ, which
        is in the frame of the instrument. Shape [n] for samples of several stations.
    most_beyond
        Share of samples beyond the limits that are taken as missing.

    Returns
    -------
    Shape [n, 3]: H, E, Z in nT, NaN where a needed element is missing.

    Raises
    ------
    OrientationError
        For unknown orientations, unequal or empty arrays, a larger share of samples beyond the
        limits, and an F of DIF that is no total field.
    """
    orientation = orientation_of(frozenset(elements))
    _check_lengths(elements)
    values = np.array([elements[name] for name in orientation], dtype=np.float64)
    worst: list[float] = np.fmax.reduce(np.abs(values), axis=1).tolist()
    if not _plain(orientation, worst):
        values = _within_limits(orientation, values, most_beyond)
    if orientation == "DIF":
        _check_total(values[2], most_beyond)
    vector = ORIENTATIONS[orientation].vector(list(values), declination_deg)
    return np.ascontiguousarray(np.array(vector).T)


def _plain(orientation: str, worst: Sequence[float]) -> bool:
    """Whether the largest magnitudes rule out fill values and values beyond their limits."""
    fields_nt = [
        highest for name, highest in zip(orientation, worst, strict=True) if name not in MAX_DEG
    ]
    return (
        orientation != "DHI"  # Z is not bounded by H and I
        and math.hypot(*fields_nt) < STRONG_NT
        and all(
            highest <= MAX_DEG[name]
            for name, highest in zip(orientation, worst, strict=True)
            if name in MAX_DEG and not math.isnan(highest)
        )
    )


def _check_lengths(elements: Mapping[str, Float64]) -> None:
    lengths = set(map(len, elements.values()))
    if len(lengths) != 1:
        stated = ", ".join(f"{name} {len(values)}" for name, values in sorted(elements.items()))
        raise OrientationError(f"arrays of unequal length: {stated}")
    if 0 in lengths:
        raise OrientationError("the arrays are empty")


def _within_limits(orientation: str, values: Float64, most_beyond: float) -> Float64:
    """Values [k, n] with NaN for fills and in the samples beyond the limits.

    Raises
    ------
    OrientationError
        If more than the share `most_beyond` of the samples is beyond a limit.
    """
    clean = without_fills(values)
    beyond, reason = beyond_limits(dict(zip(orientation, clean, strict=True)))
    count = int(beyond.sum())
    if count > most_beyond * len(beyond):
        raise OrientationError(f"{reason} ({count:,} of {len(beyond):,} samples)")
    return np.where(beyond, np.nan, clean) if count else clean


def _check_total(total_nt: Float64, most_beyond: float) -> None:
    weak = np.abs(total_nt) < MIN_TOTAL_NT
    if weak.sum() > (0.5 * len(weak) if most_beyond else 0):
        raise OrientationError(
            f"F of {total_nt[weak][0]:g} nT is no total field on the Earth: is it G, the "
            "difference of two measured F?"
        )
