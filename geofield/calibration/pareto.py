"""Posterior of the generalized Pareto tails that agree with independent peaks.

A tail fitted by maximum likelihood gives too many false alarms: beyond the record the actual rate
is several times the requested one, the more so the shorter the record. Here all tails that agree
with the peaks count with their posterior weight, and rates are averages over them.

The prior of the shape is uniform between 0 and 1/2. The tail is no lighter than exponential, since
an upper end in a short record is unreliable, and has a finite variance. The priors of the scale and
of the rate of peaks are uniform in their logarithms.

Source: Coles (2001), An Introduction to Statistical Modeling of Extreme Values, sections 4.3 (the
likelihood) and 9.1.2 (predictive return levels).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import scipy  # loads its submodules on first use, which only fits need
from scipy.special import boxcox, gammaincinv, pdtr, pdtrik

from geofield.types import Float64

LARGEST_SHAPE = 0.5
_SHAPES = (np.arange(50) + 0.5) / 50 * LARGEST_SHAPE
_HEAVIER = np.linspace(LARGEST_SHAPE, 3.0, 26)[1:]
_CENTRAL = np.array([0.025, 0.975])
_NEGLIGIBLE = 1e-7
_FAR_LIKELIER = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """Posterior of the tails.

    Attributes
    ----------
    shape, scale, weight
        Shape [m]: generalized Pareto parameters of the excess over the base, scale in score units,
        and their posterior weights, which sum to 1.
    peaks
        Number of peaks; the sum of their weights if they have weights.
    days
        Amount of data that the peaks came from, in days; weighted like them.
    """

    shape: Float64
    scale: Float64
    weight: Float64
    peaks: float
    days: float

    def survival(self, excess: float) -> float:
        """Probability that a peak exceeds the base by more than `excess`, averaged over tails."""
        return float(self.weight @ self._survivals(excess))

    def excess(self, survival: float) -> float:
        """The inverse of `survival`."""
        if survival >= self.survival(0.0):  # 1, apart from rounding
            return 0.0
        highest = float(self._excesses(np.array([1.0 / survival])).max())
        if self.survival(highest) >= survival:  # so close to 1 that rounding decides
            return highest
        return float(
            scipy.optimize.brentq(lambda x: np.log(self.survival(x) / survival), 0.0, highest)
        )

    def rate_interval(self, excess: float) -> tuple[float, float]:
        """Central 95 % interval of the peaks per day that exceed the base by more than `excess`."""
        rates = np.outer(self._rates(), self._survivals(excess))
        low, high = self._quantiles(rates, _CENTRAL)
        return float(low), float(high)

    def excess_interval(self, once_in_days: float) -> tuple[float, float]:
        """Central 95 % interval of the excess that a peak passes once in `once_in_days` days."""
        peaks = np.maximum(self._rates() * once_in_days, 1.0)
        low, high = self._quantiles(self._excesses(peaks), _CENTRAL)
        return float(low), float(high)

    def count_interval(self, excess: float, days: float) -> tuple[int, int]:
        """Central 95 % interval of the peaks in `days` further days that exceed by more."""
        expected = np.outer(self._rates(), self._survivals(excess)) * days
        return _central_counts(self._quantiles(expected, (np.arange(200) + 0.5) / 200))

    def draws(self, count: int, rng: np.random.Generator) -> Float64:
        """Simulated records [count, peaks]: ascending excesses, each row drawn from one tail."""
        row = rng.choice(len(self.weight), count, p=self.weight)
        shape, scale = self.shape[row, None], self.scale[row, None]
        drawn = -scale * boxcox(1 - rng.uniform(size=(count, round(self.peaks))), -shape)
        return np.sort(np.asarray(drawn), axis=1)

    def _survivals(self, excess: float) -> Float64:
        """Probability that a peak exceeds by more than `excess`, for each tail: [m]."""
        return np.asarray((1.0 + self.shape * excess / self.scale) ** (-1.0 / self.shape))

    def _excesses(self, peaks: Float64) -> Float64:
        """Excess that one in `peaks` peaks passes, for each tail: [k] to [k, m]."""
        return np.asarray(self.scale / self.shape * (peaks[:, None] ** self.shape - 1.0))

    def _rates(self) -> Float64:
        """Equally likely rates of peaks per day: [40]."""
        return np.asarray(gammaincinv(self.peaks, (np.arange(40) + 0.5) / 40) / self.days)

    def _quantiles(self, values: Float64, wanted: Float64) -> Float64:
        """Weighted quantiles of values [k, m] whose rows are equally likely."""
        order = np.argsort(values, axis=None)
        weight = np.broadcast_to(self.weight / len(values), values.shape)
        reached = np.cumsum(weight.ravel()[order])
        where = np.searchsorted(reached, wanted).clip(max=len(reached) - 1)
        return np.asarray(values.ravel()[order][where])


def poisson_interval(expected: float) -> tuple[int, int]:
    """Central 95 % interval of a Poisson count with the given expectation."""
    return _central_counts(np.array([expected]))


def _central_counts(expected: Float64) -> tuple[int, int]:
    """Central 95 % interval of a Poisson count with equally likely expectations [n]."""
    counts = np.arange(np.ceil(pdtrik(1 - 1e-6, expected.max())) + 1)
    chance = np.asarray(pdtr(counts[:, None], expected)).mean(axis=1)
    low, high = np.searchsorted(chance, _CENTRAL)
    return int(low), int(high)


def _nothing() -> Float64:
    return np.empty(0)


@dataclass(frozen=True, slots=True, eq=False)
class Excesses:
    """Excesses of independent peaks over the base, in score units, positive.

    Attributes
    ----------
    measured, weight
        Shape [n]: excess of each peak, and how much it counts.
    passed, passed_weight
        Shape [m]: excesses that further peaks passed, by an amount that is left unsaid, and how
        much each of these peaks counts.
    """

    measured: Float64
    weight: Float64
    passed: Float64 = field(default_factory=_nothing)
    passed_weight: Float64 = field(default_factory=_nothing)

    @property
    def peaks(self) -> float:
        """Sum of the weights of all peaks."""
        return float(self.weight.sum() + self.passed_weight.sum())


def posterior(excess: Float64, days: float) -> Posterior:
    """Compute the posterior of the tails from the excesses of independent peaks.

    Parameters
    ----------
    excess
        Shape [n]: excess of each peak over the base, in score units, positive.
    days
        Amount of data that the peaks came from, in days.
    """
    return weighted_posterior(Excesses(excess, np.ones(len(excess))), days)


def weighted_posterior(peaks: Excesses, days: float) -> Posterior:
    """Compute the posterior of the tails from peaks of which some count less than others.

    Parameters
    ----------
    peaks
        The peaks; at least one of them is measured.
    days
        Amount of data that they came from, in days, with the same weights.
    """
    scales = _scales(peaks)
    fitted = _log_likelihood(peaks)(_SHAPES[:, None], scales)
    weight = np.exp(fitted - fitted.max())
    kept = weight > _NEGLIGIBLE
    shape = np.broadcast_to(_SHAPES[:, None], weight.shape)[kept]
    scale = np.broadcast_to(scales, weight.shape)[kept]
    return Posterior(shape, scale, weight[kept] / weight[kept].sum(), peaks.peaks, days)


def too_heavy(excess: Float64) -> bool:
    """Whether a tail of infinite variance fits the excesses [n] far better than all others.

    A likelihood e^4 times as large occurs by chance in less than one record of a hundred.
    """
    peaks = Excesses(excess, np.ones(len(excess)))
    likelihood, scales = _log_likelihood(peaks), _scales(peaks)
    heavier = likelihood(_HEAVIER[:, None], scales).max()
    return bool(heavier > likelihood(_SHAPES[:, None], scales).max() + _FAR_LIKELIER)


def _scales(peaks: Excesses) -> Float64:
    """Grid of scales, finer than the peaks can resolve.

    A peak of which only a bound is known may lie a scale or two above it.
    """
    steps = max(60, int(5 * np.sqrt(len(peaks.measured))))
    highest = 2 * np.average(peaks.measured, weights=peaks.weight)
    if len(peaks.passed):
        total = (peaks.weight * peaks.measured).sum() + 2 * (
            peaks.passed_weight * peaks.passed
        ).sum()
        highest = max(highest, 3 * total / peaks.peaks)
    return np.geomspace(np.median(peaks.measured) / 10, highest, steps)


def _log_likelihood(peaks: Excesses) -> Callable[[Float64, Float64], Float64]:
    """Log-likelihood as a function of shapes and scales that broadcast.

    It depends on the excesses x only through sums of ``log(1 + x shape / scale)``, one over the
    measured excesses and one over those passed. Splines interpolate them on a grid of ``shape /
    scale``.
    """
    scales = _scales(peaks)
    ratio = np.geomspace(_SHAPES[0] / scales[-1], _HEAVIER[-1] / scales[0], 200)
    measured = _summed(peaks.measured, peaks.weight, ratio)
    passed = _summed(peaks.passed, peaks.passed_weight, ratio)
    count = peaks.weight.sum()

    def log_likelihood(shape: Float64, scale: Float64) -> Float64:
        at = np.log(shape / scale)
        density = -count * np.log(scale) - (1.0 + 1.0 / shape) * measured(at)
        return np.asarray(density - passed(at) / shape)

    return log_likelihood


def _summed(excess: Float64, weight: Float64, ratio: Float64) -> Callable[[Float64], Float64]:
    """Weighted sum of ``log(1 + x ratio)`` over the excesses x, as a function of log(ratio)."""
    if not len(excess):
        return np.zeros_like
    sums = [(weight * np.log1p(excess * over_scale)).sum() for over_scale in ratio]
    return scipy.interpolate.CubicSpline(np.log(ratio), sums)
