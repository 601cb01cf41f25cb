"""How high a score must be: peaks over threshold with a generalized Pareto tail.

Source: Coles (2001), An Introduction to Statistical Modeling of Extreme Values, chapter 4.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.stats import genpareto

from geofield.types import Float64, Int64

DAYS_PER_MONTH = 30.4375
MIN_PEAKS = 10
_BASE_QUANTILE = 0.9


class TailTooShort(ValueError):
    """There are too few independent high scores to fit a tail; the message says how many more."""


@dataclass(frozen=True, slots=True)
class Tail:
    """The upper tail of a station's quiet scores.

    Attributes
    ----------
    base
        Score above which the tail is described.
    shape, scale
        Generalized Pareto parameters of the excess over `base`; scale in score units.
    peaks_per_day
        How many independent peaks pass `base` in a day.
    peaks
        How many peaks the fit rests on.
    """

    base: float
    shape: float
    scale: float
    peaks_per_day: float
    peaks: int

    def return_period_days(self, score: float) -> float:
        """A score as high as this comes once in so many quiet days (at least 1/peaks_per_day)."""
        survival = float(genpareto.sf(max(score - self.base, 0.0), self.shape, scale=self.scale))
        return 1.0 / max(self.peaks_per_day * survival, 1e-9)

    def score_once_in(self, days: float) -> float:
        """The score that quiet data pass once in so many days: the inverse of the above."""
        survival = min(1.0 / (days * self.peaks_per_day), 1.0)
        return self.base + float(genpareto.isf(survival, self.shape, scale=self.scale))


def fit_tail(end_ms: Int64, scores: Float64, hop_ms: int, apart_ms: int) -> Tail:
    """Fit the tail to the scores of quiet windows.

    Overlapping windows share samples and one disturbance fills several of them, so only the
    highest score of each cluster counts. A tail that looks bounded is taken as exponential
    (shape 0): an upper end seen in a short record is not to be relied on.

    Parameters
    ----------
    end_ms, scores
        Shape [n]: window ends in ascending order and their scores.
    hop_ms
        Distance between windows: n windows stand for ``n * hop_ms`` of data.
    apart_ms
        Peaks nearer than this to each other are one cluster.

    Raises
    ------
    TailTooShort
        With fewer than 10 clusters above the 90 % quantile.
    """
    days = len(scores) * hop_ms / 86_400_000
    base = float(np.quantile(scores, _BASE_QUANTILE)) if len(scores) else np.nan
    peaks = cluster_peaks(end_ms, scores, base, apart_ms)
    if len(peaks) < MIN_PEAKS:
        raise TailTooShort(_how_much_more(len(peaks), days))
    excess = peaks - base
    shape, _, scale = genpareto.fit(excess, floc=0.0)
    if shape < 0:
        shape, scale = 0.0, float(excess.mean())
    return Tail(base, float(shape), float(scale), len(peaks) / days, len(peaks))


def sustained(end_ms: Int64, scores: Float64, hop_ms: int, k: int, n: int) -> Float64:
    """The level that an alert of `k` of the last `n` windows reacts to.

    An alert opens at a window exactly when this passes the threshold, so the tail of it, not that
    of single windows, tells how often alerts come.

    Parameters
    ----------
    end_ms, scores
        Shape [m]: window ends in ascending order, multiples of `hop_ms`, and their scores.
    hop_ms
        Distance between windows.
    k, n
        The alert rule.

    Returns
    -------
    Shape [m]: the k-th highest score among the n windows up to each; -inf where there are fewer
    than k of them.
    """
    if not len(scores):
        return scores
    position = (end_ms - end_ms[0]) // hop_ms + n - 1
    grid = np.full(int(position[-1]) + 1, -np.inf)
    grid[position] = scores
    ordered = np.partition(sliding_window_view(grid, n), n - k, axis=1)
    return np.asarray(ordered[position - n + 1, n - k])


def cluster_peaks(end_ms: Int64, scores: Float64, base: float, apart_ms: int) -> Float64:
    """Highest score of each run of exceedances; runs nearer than `apart_ms` are one."""
    above = np.flatnonzero(scores > base)
    if not len(above):
        return np.empty(0)
    breaks = np.flatnonzero(np.diff(end_ms[above]) > apart_ms) + 1
    return np.array([scores[run].max() for run in np.split(above, breaks)])


def _how_much_more(peaks: int, days: float) -> str:
    if not peaks:
        return f"no score above the rest in {days:.2f} days of windows: at least a day is needed"
    more = max(days * (MIN_PEAKS / peaks - 1), 1.0 - days)  # less than a day is no day
    return (
        f"{peaks} independent high scores in {days:.2f} days of windows, {MIN_PEAKS} are needed: "
        f"about {more:.1f} more days of quiet data"
    )
