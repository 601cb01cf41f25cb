"""Confidence interval of the AUC, by resampling of earthquakes and control blocks.

Resampling of windows would treat them as independent and give a far too narrow interval.
"""

import numpy as np
from scipy.stats import norm, t

from geofield.types import Float64
from training.statistics.units import Units

_SHARE = 0.95


def wins(units: Units) -> Float64:
    """Count the pairs of windows in which a seismic unit scores above a control unit.

    Returns
    -------
    Shape [seismic units, control units]: number of pairs; ties count half.
    """
    _, level = np.unique(units.scores, return_inverse=True)
    levels = int(level.max()) + 1
    control = ~units.is_seismic
    column = (np.cumsum(~units.seismic) - 1)[units.unit[control]]
    rows = []
    for number in np.flatnonzero(units.seismic):
        at = np.bincount(level[units.unit == number], minlength=levels)
        above = at.sum() - np.cumsum(at) + at / 2
        rows.append(np.bincount(column, weights=above[level[control]]))
    return np.array(rows)


def auc_interval(units: Units, resamples: int, rng: np.random.Generator) -> tuple[float, float]:
    """95 % bootstrap interval of the AUC over windows.

    Seismic and control units are drawn with replacement, each class by itself. The percentiles are
    widened for the size of the smaller class: plain percentiles of ten earthquakes would be as
    narrow as if their spread were known. Source: Hesterberg (2015), Am. Stat. 69, 371-386.

    Parameters
    ----------
    units
        Observations.
    resamples
        Number of resamples, 2,000 or more for a stable interval.
    rng
        Source of the draws.

    Returns
    -------
    Lower and upper end, 0-1.
    """
    pairs = wins(units)
    shape = pairs.shape
    seismic, control = (
        rng.multinomial(size, np.full(size, 1 / size), resamples).astype(np.float64)
        for size in shape
    )
    sizes = units.windows
    won = np.einsum("ri,ri->r", seismic @ pairs, control)
    possible = (seismic @ sizes[units.seismic]) * (control @ sizes[~units.seismic])
    tail = _tail(min(shape))
    low, high = np.quantile(won / possible, [tail, 1 - tail])
    return float(low), float(high)


def _tail(size: int) -> float:
    """Share of resamples beyond either end; 0 for a single unit, whose spread is unknown."""
    if size < 2:
        return 0.0
    half_width = t.isf((1 - _SHARE) / 2, size - 1) * np.sqrt(size / (size - 1))
    return float(norm.sf(half_width))
