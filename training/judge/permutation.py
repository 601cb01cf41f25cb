"""Whether scores are higher before earthquakes, with the earthquake as the observation."""

import numpy as np

from geofield.types import Float64
from training.judge.units import Units, mean_ranks

_AT_ONCE = 1_000
_ROUNDING = 1e-12


def event_p(units: Units, permutations: int, rng: np.random.Generator) -> float:
    """One-sided p of a permutation test over units: higher before earthquakes.

    The statistic is the mean over seismic units, less that over control units, of the unit's mean
    rank; every unit weighs the same. Permuting the labels of units keeps whatever correlation the
    windows within a unit have, which a test over windows takes for evidence. It takes units as
    exchangeable: where earthquakes cluster and scores drift over several leads, it is too lenient,
    and the shuffled catalogues (`training.judge.shuffle`) are what remains.

    Parameters
    ----------
    units
        Observations, preferably without those that were hardly recorded (`substantial`).
    permutations
        How many are drawn; p is at least ``1 / (1 + permutations)``.
    rng
        Source of the draws.

    References
    ----------
    Phipson and Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9, 39, for counting the observed order.
    """
    ranks = mean_ranks(units)
    seismic = int(units.seismic.sum())
    observed = ranks[units.seismic].sum()  # orders as the difference does: the total is fixed
    drawn = _sums(ranks, seismic, permutations, rng)
    return float(1 + np.sum(drawn >= observed - _ROUNDING)) / (1 + permutations)


def _sums(values: Float64, first: int, count: int, rng: np.random.Generator) -> Float64:
    """Sum of the `first` entries after each permutation: [count]."""
    parts = [
        rng.permuted(np.tile(values, (rows, 1)), axis=1)[:, :first].sum(axis=1)
        for rows in (min(_AT_ONCE, count - done) for done in range(0, count, _AT_ONCE))
    ]
    return np.concatenate(parts)
