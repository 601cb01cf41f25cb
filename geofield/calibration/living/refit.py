"""Refit of a profile to the memory of its quiet data, each period with its weight.

Alerts of the station itself are left out of the memory. Leaving them out alone would cut the tail
and lower every threshold after it, so each counts as a peak that passed the threshold, by an amount
left unsaid, and all of them together as no more than were promised. What an alert was like teaches
nothing, and more alerts than promised teach nothing either.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from geofield.calibration.living.memory import Memory, PeriodPeaks, QuietPeriod, quiet_days
from geofield.calibration.living.rules import LivingSetting
from geofield.calibration.pareto import Excesses, Posterior, poisson_interval, weighted_posterior
from geofield.calibration.profile import StationProfile
from geofield.calibration.threshold import predictive_tail
from geofield.scoring.score import PromiseCount
from geofield.types import Float64
from geofield.utc import DAY_MS

_LEFT_OUT = 0.1  # share of the memory with the highest bases, of which no peak is used
_LEAST_PEAKS = 5.0  # a memory never counts for fewer, however old it is
_LEAST = 1e-6  # of a threshold, a scale, or days: real ones are far larger
_COUNTED = 30  # periods over which alerts are counted


def refitted(
    profile: StationProfile, memory: Memory, at_ms: int, periods: float, setting: LivingSetting
) -> StationProfile | None:
    """Fit a profile anew.

    Parameters
    ----------
    profile
        The profile so far.
    memory
        Its quiet data.
    at_ms
        Event time from which the new profile holds.
    periods
        Periods since the last refit, for each of which the threshold may rise by a tenth.

    Returns
    -------
    The new profile; None if the memory has too few peaks for a tail, or no usable ones.
    """
    hop_ms = setting.hop_ms
    single = _tails(memory, lambda period: period.single, hop_ms)
    level = _tails(memory, lambda period: period.level, hop_ms)
    if single is None or level is None:
        return None
    base, tails = level
    tail, alert_tail = predictive_tail(*single), predictive_tail(base, tails)
    highest = profile.threshold * setting.living.rise**periods
    threshold = min(alert_tail.score_once_in(profile.asked_days), highest)
    if min(threshold, tail.scale, alert_tail.scale) < _LEAST:
        return None
    rarest, commonest = tails.rate_interval(max(threshold - base, 0.0))
    days = quiet_days(memory, hop_ms)
    return replace(
        profile,
        quantiles=_quantiles(memory),
        tail=tail,
        alert_tail=alert_tail,
        threshold=threshold,
        threshold_days=(1.0 / commonest, 1.0 / rarest),
        calibrated_to_ms=at_ms,
        windows=max(round(days * DAY_MS / hop_ms), 1),
        quiet_days=days,
        effective_ms=at_ms,
        count=counted(memory, hop_ms),
    )


def counted(memory: Sequence[QuietPeriod], hop_ms: int) -> PromiseCount:
    """Alerts of the last periods beside those promised in them."""
    recent = [period for period in memory if period.expected > 0][-_COUNTED:]
    expected = sum((period.expected for period in recent), 0.0)  # of nothing too a float
    opened = sum(len(period.passed) for period in recent)
    days = sum(period.windows for period in recent) * hop_ms / DAY_MS
    return PromiseCount(days, expected, opened, poisson_interval(expected)[1] if recent else 0)


def _quantiles(memory: Memory) -> tuple[float, float, float]:
    weights = [period.weight * period.windows for period in memory]
    values = np.array([period.quantiles for period in memory])
    median, high, highest = np.average(values, axis=0, weights=weights).tolist()
    return median, high, highest


def _tails(
    memory: Memory, kind: Callable[[QuietPeriod], PeriodPeaks], hop_ms: int
) -> tuple[float, Posterior] | None:
    """The base and the posterior of the tails above it; None with too few peaks."""
    base = _base([(period.weight * period.windows, kind(period).base) for period in memory])
    used = [period for period in memory if kind(period).base <= base]
    scores = [kind(period).scores.astype(np.float64) for period in used]
    measured = [found[found > base] - base for found in scores]
    weight = [
        np.full(len(found), period.weight) for period, found in zip(used, measured, strict=True)
    ]
    passed, passed_weight = _passed(used, base)
    peaks = Excesses(np.concatenate(measured), np.concatenate(weight), passed, passed_weight)
    if len(peaks.measured) < _LEAST_PEAKS or not np.ptp(peaks.measured):
        return None
    days = quiet_days(used, hop_ms)
    if min(days, peaks.peaks) < _LEAST:
        return None
    if (more := _LEAST_PEAKS / peaks.peaks) > 1.0:
        peaks = replace(peaks, weight=more * peaks.weight, passed_weight=more * passed_weight)
        days *= more
    return base, weighted_posterior(peaks, days)


def _base(weighted: Sequence[tuple[float, float]]) -> float:
    """The base that all but the highest bases, with a tenth of the weight, do not exceed."""
    total, reached = sum(weight for weight, _ in weighted), 0.0
    for weight, base in sorted(weighted, key=lambda one: one[1]):
        reached += weight
        if reached >= (1.0 - _LEFT_OUT) * total:
            return base
    raise ValueError("an empty memory has no base")


def _passed(used: Sequence[QuietPeriod], base: float) -> tuple[Float64, Float64]:
    """Excesses that own alerts passed, and their weights: in all no more than were promised."""
    passed = np.array([one - base for period in used for one in period.passed])
    weight = np.array([period.weight for period in used for _ in period.passed])
    above = passed > 0
    passed, weight = passed[above], weight[above]
    expected = sum(period.weight * period.expected for period in used)
    if len(weight) and weight.sum() > expected:
        weight = weight * (expected / weight.sum())
    return passed, weight
