"""Thresholds and return periods: peaks over threshold with a generalized Pareto tail.

Source: Coles (2001), An Introduction to Statistical Modeling of Extreme Values, chapters 4 and 9.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy  # loads scipy.optimize on first use, which only fits need
from numpy.lib.stride_tricks import sliding_window_view
from scipy.special import boxcox, inv_boxcox

from geofield.calibration.pareto import Posterior, posterior
from geofield.types import Float64, Int64
from geofield.utc import DAY_MS

DAYS_PER_MONTH = 30.4375
MIN_PEAKS = 10
FURTHEST = 100.0
BASE_QUANTILE = 0.9
_SURE_PEAKS = 15  # peaks that a refusal asks data for: enough for ten even from poorer days


class TailTooShort(ValueError):
    """Too few independent high scores to fit a tail; the message says how much data is missing."""


class NoTail(ValueError):
    """The scores do not vary, unlike the scores of a real field."""


@dataclass(frozen=True, eq=False)  # without slots, for the cached property
class Peaks:
    """Independent high scores.

    Attributes
    ----------
    base
        Score that all peaks exceed.
    end_ms, scores
        Shape [n]: end of the window of each peak in ms since 1970 UTC, and its score.
    days
        Amount of data that the peaks came from, in days.
    """

    base: float
    end_ms: Int64
    scores: Float64
    days: float

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def excess(self) -> Float64:
        """Excess of each peak over the base: [n]."""
        return self.scores - self.base

    @property
    def per_day(self) -> float:
        """Number of peaks per day."""
        return len(self) / self.days

    @cached_property
    def posterior(self) -> Posterior:
        """Posterior of the tails that agree with the peaks; computed once."""
        return posterior(self.excess, self.days)


@dataclass(frozen=True, slots=True)
class Tail:
    """The upper tail of a station's quiet scores.

    Attributes
    ----------
    base
        Score at which the tail begins.
    shape, scale
        Generalized Pareto parameters of the excess over `base`; scale in score units.
    peaks_per_day
        Number of independent peaks per day that pass `base`.
    peaks
        Number of peaks in the fit.
    """

    base: float
    shape: float
    scale: float
    peaks_per_day: float
    peaks: int

    def return_period_days(self, score: float) -> float:
        """Return period of a score in quiet days (at least 1/peaks_per_day)."""
        return float(tail_periods_days([self], np.array([score]))[0])

    def score_once_in(self, days: float) -> float:
        """Score that quiet data pass once in `days` days: inverse of `return_period_days`."""
        survival = min(1.0 / (days * self.peaks_per_day), 1.0)
        return self.base - self.scale * float(boxcox(survival, -self.shape))


def tail_periods_days(tails: Sequence[Tail], scores: Float64) -> Float64:
    """`Tail.return_period_days` of one score for each tail: [n], in quiet days."""
    rows = [(tail.base, tail.shape, tail.scale, tail.peaks_per_day) for tail in tails]
    base, shape, scale, per_day = np.array(rows).reshape(-1, 4).T
    excess = np.maximum(scores - base, 0.0) / scale
    # genpareto.sf without its slow checks of arguments: every window needs a return period
    ends = shape * excess <= -1
    survival = np.zeros(len(scores))
    inv_boxcox(-excess, -shape, out=survival, where=~ends)
    return np.asarray(1.0 / np.maximum(per_day * survival, 1e-9))


def find_peaks(
    end_ms: Int64, scores: Float64, hop_ms: int, apart_ms: int, quantile: float = BASE_QUANTILE
) -> Peaks:
    """Find the independent peaks of the scores of quiet windows.

    Overlapping windows share samples and a disturbance fills several of them, so only the highest
    score of each cluster counts. Source: Coles (2001), section 5.3.2 (declustering).

    Parameters
    ----------
    end_ms, scores
        Shape [n]: window ends in ascending order, ms since 1970 UTC, and their scores.
    hop_ms
        Distance between windows: n windows stand for ``n * hop_ms`` of data.
    apart_ms
        Peaks nearer to each other than this are one cluster.
    quantile
        Share of the windows below the base, 0-1.

    Raises
    ------
    TailTooShort
        With fewer than 10 clusters above the base.
    NoTail
        If the scores above the base, or all scores, are the same.
    """
    days = len(scores) * hop_ms / DAY_MS
    if len(scores) > 1 and not np.ptp(scores):
        raise NoTail(f"all {len(scores):,} scores are {scores[0]:.3g}: do these data vary?")
    base = float(np.quantile(scores, quantile)) if len(scores) else np.nan
    where = cluster_peaks(end_ms, scores, base, apart_ms)
    if len(where) < MIN_PEAKS:
        raise TailTooShort(_how_much_more(len(where), days))
    peaks = Peaks(base, end_ms[where], scores[where], days)
    if not np.ptp(peaks.excess):
        raise NoTail(f"all {len(peaks):,} high scores are {peaks.scores[0]:.3g}: a copied day?")
    return peaks


def fit_tail(peaks: Peaks) -> Tail:
    """Fit the predictive tail of the peaks.

    The generalized Pareto distribution that is returned approximates the posterior average over
    all tails (see `geofield.calibration.pareto`). It equals this average at the excess of one in
    root n peaks and at that of one in a hundred records. Between the two it gives up to half as
    many exceedances again, never fewer; below them a few in a hundred too few.
    """
    return predictive_tail(peaks.base, peaks.posterior)


def predictive_tail(base: float, tails: Posterior) -> Tail:
    """The tail above `base` that stands for the average over these tails, see `fit_tail`."""
    near, far = tails.peaks**0.5, FURTHEST * tails.peaks
    shape, scale = _through(near, tails.excess(1.0 / near), far, tails.excess(1.0 / far))
    return Tail(base, shape, scale, tails.peaks / tails.days, round(tails.peaks))


def sustained(end_ms: Int64, scores: Float64, hop_ms: int, k: int, n: int) -> Float64:
    """Alert level of each window, for the alert rule `k` of `n`.

    An alert opens at a window exactly when this level passes the threshold. Its tail, not that of
    single windows, therefore gives the rate of alerts.

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
    Shape [m]: the k-th highest score of the n windows up to each one; -inf where fewer than k of
    them have a score.
    """
    if not len(scores):
        return scores
    # limit gaps to n windows: longer ones give the same levels
    steps = np.minimum(np.diff(end_ms) // hop_ms, n)
    position = np.concatenate([[0], np.cumsum(steps)]) + n - 1
    grid = np.full(int(position[-1]) + 1, -np.inf)
    grid[position] = scores
    ordered = np.partition(sliding_window_view(grid, n), n - k, axis=1)
    return np.asarray(ordered[position - n + 1, n - k])


def cluster_peaks(end_ms: Int64, scores: Float64, base: float, apart_ms: int) -> Int64:
    """Index of the highest score of each cluster of scores above `base`: [k].

    Exceedances nearer to each other than `apart_ms` are one cluster.
    """
    above = np.flatnonzero(scores > base)
    if not len(above):
        return above
    breaks = np.flatnonzero(np.diff(end_ms[above]) > apart_ms) + 1
    return np.array([run[np.argmax(scores[run])] for run in np.split(above, breaks)])


def _through(near: float, low: float, far: float, high: float) -> tuple[float, float]:
    """Shape and scale of the tail through two points.

    One in `near` peaks has an excess above `low`, one in `far` peaks above `high`.
    """

    def ratio(shape: float) -> float:
        return float(np.expm1(shape * np.log(far)) / np.expm1(shape * np.log(near)))

    shape = float(scipy.optimize.brentq(lambda guess: ratio(guess) - high / low, 1e-6, 5.0))
    return shape, float(shape * low / np.expm1(shape * np.log(near)))


def _how_much_more(peaks: int, days: float) -> str:
    if not peaks:
        return f"no score above the rest in {days:.2f} days of windows: at least a day is needed"
    more = max(days * (_SURE_PEAKS / peaks - 1), 1.0 - days)  # ask for at least a day in all
    return (
        f"{peaks} independent high scores in {days:.2f} days of windows, {MIN_PEAKS} are needed: "
        f"about {more:.1f} more days of quiet data"
    )
