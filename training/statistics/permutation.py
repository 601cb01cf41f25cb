"""Permutation test of higher scores before earthquakes, with the earthquake as observation."""

import numpy as np

from geofield.types import Float64
from training.statistics.units import Units, mean_ranks

_AT_ONCE = 1_000
_ROUNDING = 1e-12


def event_p(units: Units, permutations: int, rng: np.random.Generator) -> float:
    """One-sided p of a permutation test over units, for higher scores before earthquakes.

    The statistic is the mean of the units' mean ranks over seismic units, less that over control
    units; all units weigh the same. Permuting the labels of units keeps the correlation of windows
    within a unit, which a test over windows would take for evidence. The test takes units as
    exchangeable. Where earthquakes cluster and scores drift over several leads, it is too lenient,
    and the shuffled catalogues (`training.statistics.shuffle`) count.

    Parameters
    ----------
    units
        Observations, preferably without sparsely recorded ones (`substantial`).
    permutations
        Number of permutations; p is at least ``1 / (1 + permutations)``.
    rng
        Source of the draws.

    References
    ----------
    Phipson and Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9, 39: the observed order counts too.
    """
    ranks = mean_ranks(units)
    seismic = int(units.seismic.sum())
    observed = ranks[units.seismic].sum()  # equivalent to the difference: the total is fixed
    drawn = _sums(ranks, seismic, permutations, rng)
    return float(1 + np.sum(drawn >= observed - _ROUNDING)) / (1 + permutations)


def _sums(values: Float64, first: int, count: int, rng: np.random.Generator) -> Float64:
    """Sum of the first `first` entries after each permutation: [count]."""
    parts = [
        rng.permuted(np.tile(values, (rows, 1)), axis=1)[:, :first].sum(axis=1)
        for rows in (min(_AT_ONCE, count - done) for done in range(0, count, _AT_ONCE))
    ]
    return np.concatenate(parts)
