"""How high a score must be: peaks over threshold with a generalized Pareto tail.

Source: Coles (2001), An Introduction to Statistical Modeling of Extreme Values, chapters 4 and 9.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # loads scipy.optimize when it is first used: only to fit
from numpy.lib.stride_tricks import sliding_window_view
from scipy.special import boxcox, inv_boxcox

from geofield.pareto import Posterior, posterior
from geofield.types import Float64, Int64

DAYS_PER_MONTH = 30.4375
MIN_PEAKS = 10
FURTHEST = 100.0
BASE_QUANTILE = 0.9
_SURE_PEAKS = 15  # asked for by a refusal, so that ten come even from poorer days
_DAY_MS = 86_400_000


class TailTooShort(ValueError):
    """There are too few independent high scores to fit a tail; the message says how many more."""


class NoTail(ValueError):
    """The scores do not vary as the scores of a field do."""


@dataclass(frozen=True, slots=True, eq=False)
class Peaks:
    """Independent high scores.

    Attributes
    ----------
    base
        Score above which they are.
    end_ms, scores
        Shape [n]: end of the window of each peak, and its score.
    days
        How much data they came from.
    """

    base: float
    end_ms: Int64
    scores: Float64
    days: float

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def excess(self) -> Float64:
        """How far each exceeds the base: [n]."""
        return self.scores - self.base

    @property
    def per_day(self) -> float:
        """How many come in a day."""
        return len(self) / self.days

    def posterior(self) -> Posterior:
        """All tails that agree with them."""
        return posterior(self.excess, self.days)


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
        return float(tail_periods_days([self], np.array([score]))[0])

    def score_once_in(self, days: float) -> float:
        """The score that quiet data pass once in so many days: the inverse of the above."""
        survival = min(1.0 / (days * self.peaks_per_day), 1.0)
        return self.base - self.scale * float(boxcox(survival, -self.shape))


def tail_periods_days(tails: Sequence[Tail], scores: Float64) -> Float64:
    """`Tail.return_period_days` of one score in each of the tails."""
    rows = [(one.base, one.shape, one.scale, one.peaks_per_day) for one in tails]
    base, shape, scale, per_day = np.array(rows).reshape(-1, 4).T
    excess = np.maximum(scores - base, 0.0) / scale
    # what genpareto.sf comes to, without its checks of arguments: every window needs one
    ends = shape * excess <= -1
    survival = np.zeros(len(scores))
    inv_boxcox(-excess, -shape, out=survival, where=~ends)
    return np.asarray(1.0 / np.maximum(per_day * survival, 1e-9))


def find_peaks(
    end_ms: Int64, scores: Float64, hop_ms: int, apart_ms: int, quantile: float = BASE_QUANTILE
) -> Peaks:
    """Independent peaks of the scores of quiet windows.

    Overlapping windows share samples and one disturbance fills several of them, so only the
    highest score of each cluster counts.

    Parameters
    ----------
    end_ms, scores
        Shape [n]: window ends in ascending order and their scores.
    hop_ms
        Distance between windows: n windows stand for ``n * hop_ms`` of data.
    apart_ms
        Peaks nearer than this to each other are one cluster.
    quantile
        Share of the windows below the base, 0-1.

    Raises
    ------
    TailTooShort
        With fewer than 10 clusters above the base.
    NoTail
        If the scores above the base, or all scores, are the same.
    """
    days = len(scores) * hop_ms / _DAY_MS
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
    """Fit the tail that peaks are expected to come from.

    The generalized Pareto distribution returned stands for the average over all tails that agree
    with the peaks (see `geofield.pareto`). It meets this average at the excess of one in root n
    peaks and at that of one in a hundred records; between the two it claims up to half as many
    exceedances again, never fewer, and below them a few in a hundred too few.
    """
    tails = peaks.posterior()
    near, far = len(peaks) ** 0.5, FURTHEST * len(peaks)
    shape, scale = _through(near, tails.excess(1.0 / near), far, tails.excess(1.0 / far))
    return Tail(peaks.base, shape, scale, peaks.per_day, len(peaks))


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
    # n windows without a score part the rest as well as years of them do
    steps = np.minimum(np.diff(end_ms) // hop_ms, n)
    position = np.concatenate([[0], np.cumsum(steps)]) + n - 1
    grid = np.full(int(position[-1]) + 1, -np.inf)
    grid[position] = scores
    ordered = np.partition(sliding_window_view(grid, n), n - k, axis=1)
    return np.asarray(ordered[position - n + 1, n - k])


def cluster_peaks(end_ms: Int64, scores: Float64, base: float, apart_ms: int) -> Int64:
    """Where each run of exceedances is highest; runs nearer than `apart_ms` are one."""
    above = np.flatnonzero(scores > base)
    if not len(above):
        return above
    breaks = np.flatnonzero(np.diff(end_ms[above]) > apart_ms) + 1
    return np.array([run[np.argmax(scores[run])] for run in np.split(above, breaks)])


def _through(near: float, low: float, far: float, high: float) -> tuple[float, float]:
    """Shape and scale of the tail that one in `near` peaks exceeds by `low`, in `far` by `high`."""

    def bent(shape: float) -> float:
        return float(np.expm1(shape * np.log(far)) / np.expm1(shape * np.log(near)))

    shape = float(scipy.optimize.brentq(lambda one: bent(one) - high / low, 1e-6, 5.0))
    return shape, float(shape * low / np.expm1(shape * np.log(near)))


def _how_much_more(peaks: int, days: float) -> str:
    if not peaks:
        return f"no score above the rest in {days:.2f} days of windows: at least a day is needed"
    more = max(days * (_SURE_PEAKS / peaks - 1), 1.0 - days)  # less than a day is no day
    return (
        f"{peaks} independent high scores in {days:.2f} days of windows, {MIN_PEAKS} are needed: "
        f"about {more:.1f} more days of quiet data"
    )
