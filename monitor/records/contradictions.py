"""Records whose elements contradict each other; those of most records need no look."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from geofield.series.consistency import (
    AGREEING,
    LEAST_MOVES_MS,
    LEAST_SAMPLES,
    SCALARS,
    check_moves,
    check_scalars,
    vector_nt,
)
from geofield.series.limits import without_fills
from geofield.series.orientation import orientation_of
from geofield.types import Float64


def check_values(elements: tuple[str, ...], values: Float64, cadence_ms: int) -> None:
    """Check the scalars of a record of a minute or more, and the angles of one of half an hour.

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
    length = values.shape[1]
    scalars = _scalars_of(elements) if length >= LEAST_SAMPLES else ()
    lasts = length * cadence_ms >= LEAST_MOVES_MS
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
    first = dict(zip(elements, values[:, :1], strict=True))
    vector = vector_nt(first, orientation)
    return bool(np.abs(first[scalar] - vector)[0] <= AGREEING * vector[0])
