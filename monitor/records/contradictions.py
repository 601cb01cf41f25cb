"""Records whose elements contradict each other; those of most records need no look."""

from __future__ import annotations

import math
from functools import lru_cache

from geofield.series.consistency import (
    AGREEING,
    LEAST_MOVES_MS,
    SCALARS,
    check_moves,
    check_scalars,
)
from geofield.series.limits import MAX_DEG, without_fills
from geofield.series.orientation import orientation_of
from geofield.types import Float64


def check_values(elements: tuple[str, ...], values: Float64, cadence_ms: int) -> None:
    """Check the scalars of a record of 60 samples or more, and the angles of half an hour.

    A scalar that is the strength of the vector in the first sample is right.

    Parameters
    ----------
    elements
        Letters.
    values
        Shape [elements, samples], nT and degrees, with fills.

    Raises
    ------
    geofield.series.orientation.OrientationError
        If they contradict each other, see `geofield.series.consistency`, or make no vector.
    """
    scalars = _scalars_of(elements)
    lasts = values.shape[1] * cadence_ms >= LEAST_MOVES_MS
    if not lasts and not scalars:
        return
    orientation = orientation_of(frozenset(elements))
    if not lasts and all(_agrees(elements, values, name, orientation) for name in scalars):
        return
    clean = dict(zip(elements, without_fills(values), strict=True))
    check_scalars(clean, orientation)
    check_moves(clean, orientation, cadence_ms)


@lru_cache(256)
def _scalars_of(elements: tuple[str, ...]) -> tuple[str, ...]:
    """The scalars beside a vector of these elements."""
    orientation = orientation_of(frozenset(elements))
    return tuple(name for name in elements if name in SCALARS and name not in orientation)


def _agrees(elements: tuple[str, ...], values: Float64, scalar: str, orientation: str) -> bool:
    """Whether a scalar is the strength of the vector in the first sample."""
    first = dict(zip(elements, values[:, 0].tolist(), strict=True))
    vector: float = math.hypot(*(first[name] for name in orientation if name not in MAX_DEG))
    if orientation == "DHI":
        vector = abs(vector / math.cos(math.radians(first["I"])))
    return bool(abs(first[scalar] - vector) <= AGREEING * vector)
