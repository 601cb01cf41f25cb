"""What chance alone would give: binomial, shuffled catalogues, random alarms."""

import numpy as np
from scipy.stats import beta

from geofield.scoreboard.meeting import Ground, Meeting, shifted_excess
from geofield.types import Bool, Float64, Int64

_ROUNDING = 1e-9
_AT_ONCE = 20_000_000  # comparisons of random alarms, for memory


def hits_distribution(chance: Float64) -> Float64:
    """Probability of each number of hits, 0 to m, for earthquakes with these chances [m].

    With one chance for all it is the binomial distribution of Molchan (1991), Tectonophysics 193,
    267-276, and Zechar and Jordan (2008).
    """
    probability = np.ones(1)
    for one in chance.tolist():
        probability = np.append(probability, 0.0) * (1 - one) + np.append(0.0, probability) * one
    return probability


def binomial_p(met: Meeting) -> float:
    """Probability of at least as many hits, if earthquakes fall on time at random."""
    return float(min(1.0, hits_distribution(met.chance)[met.hits :].sum()))


def chance_band(met: Meeting) -> tuple[int, int]:
    """Central 95 % interval of the number of hits without skill."""
    below = np.cumsum(hits_distribution(met.chance))
    low, high = np.searchsorted(below, [0.025, 0.975])
    return int(low), int(min(high, met.events))


def hit_interval(hits: int, events: int) -> tuple[float, float]:
    """95 % confidence interval of the share of hits; Clopper and Pearson (1934), Biometrika 26.

    Without earthquakes it is 0 to 1.
    """
    low = float(beta.ppf(0.025, hits, events - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.975, hits + 1, events - hits)) if hits < events else 1.0
    return low, high


def shuffled_p(ground: Ground, levels: Float64, met: Meeting, draws: int) -> float:
    """Share of shuffled catalogues, the real one included, with at least the real excess.

    Each shuffle moves all earthquakes by one step along the hours, which close to a ring. Steps are
    evenly spaced over all of the ring: without those near the real place an alarm could not catch
    again what it caught, and p would be too small. Clusters of earthquakes stay clusters, see Luen
    and Stark (2008), doi 10.1214/193940307000000509.
    """
    hours = ground.covered.shape[1]
    shifts = np.unique(np.arange(1, draws + 1) * hours // (draws + 1))
    excess = shifted_excess(ground, levels, shifts)
    return float(1 + np.sum(excess >= met.excess - _ROUNDING)) / (1 + len(shifts))


def random_hits(ground: Ground, levels: Float64, draws: int, seed: int) -> Int64:
    """Hits of random alarms: [draws].

    Each station has as many alarms of the same lengths, in hours with data, at random places of
    these hours, which close to a ring: its total time under alarm is the same, and no hour has
    another chance than the others.
    """
    random = np.random.PCG64(seed)  # its raw numbers are the same in every version of NumPy
    counts = ground.counts
    caught = np.zeros((draws, counts.shape[1]), dtype=bool)
    for station, some in enumerate(counts):
        alarmed = levels[station, ground.covered[station]] >= 1.0
        where = np.flatnonzero(some)
        places = np.cumsum(ground.covered[station])[ground.hour[where]] - 1
        if alarmed.any() and len(where):
            starts, lengths = _random_starts(alarmed, draws, random)
            turned = np.floor(_uniform(draws, random) * len(alarmed)).astype(np.int64)
            caught[:, where] |= _inside(starts, lengths, (places - turned[:, None]) % len(alarmed))
    return np.asarray(caught.sum(axis=1))


def _random_starts(alarmed: Bool, draws: int, random: np.random.PCG64) -> tuple[Int64, Int64]:
    """Begins [draws, alarms] and lengths [alarms] of alarms in their order, with random gaps."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], alarmed, [False]])))
    lengths = edges[1::2] - edges[::2]
    free = len(alarmed) - int(lengths.sum())
    share = _uniform(draws * len(lengths), random).reshape(draws, len(lengths))
    cuts = np.sort(np.floor(share * (free + 1)).astype(np.int64), axis=1)
    return cuts + np.cumsum(lengths) - lengths, lengths


def _uniform(count: int, random: np.random.PCG64) -> Float64:
    """Numbers from 0 to 1, without 1: [count]."""
    raw = np.asarray(random.random_raw(count), dtype=np.uint64)
    return np.asarray((raw >> np.uint64(11)).astype(np.float64) * 2.0**-53)


def _inside(starts: Int64, lengths: Int64, places: Int64) -> Bool:
    """Whether each place [draws, places] lies in an alarm of its draw: [draws, places]."""
    rows = max(1, _AT_ONCE // max(1, len(lengths) * places.shape[1]))
    parts = []
    for begin in range(0, len(starts), rows):
        part = starts[begin : begin + rows, :, None]
        at = places[begin : begin + rows, None, :]
        parts.append(((part <= at) & (at < part + lengths[:, None])).any(axis=1))
    return np.concatenate(parts)
