"""How far the AUC can be trusted: its interval from resampling earthquakes and control blocks.

Resampling windows would take them as independent and make the interval far too narrow.
"""

import numpy as np
from scipy.stats import norm, t

from geofield.types import Float64
from training.judge.units import Units

_SHARE = 0.95


def wins(units: Units) -> Float64:
    """How often windows of each seismic unit score above those of each control unit.

    Returns
    -------
    Shape [seismic units, control units]: number of pairs of windows, ties counting half.
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
    """The 95 % interval of the AUC over windows, as (lower, upper) end.

    Seismic and control units are drawn with replacement, each class by itself. The percentiles
    are widened for the smaller class as Hesterberg (2015), Am. Stat. 69, 371-386, advises: plain
    percentiles of ten earthquakes are as narrow as if their spread were known.

    Parameters
    ----------
    units
        Observations.
    resamples
        How many are drawn, 2,000 or more for a steady interval.
    rng
        Source of the draws.
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
    """Share of resamples beyond either end; a single unit has no spread to tell from."""
    if size < 2:
        return 0.0
    half_width = t.isf((1 - _SHARE) / 2, size - 1) * np.sqrt(size / (size - 1))
    return float(norm.sf(half_width))
