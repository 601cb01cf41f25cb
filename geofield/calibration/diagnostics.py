"""Diagnostics of a calibration: fit of the tail, and sensitivity to the choice of its base.

Source: Coles (2001), An Introduction to Statistical Modeling of Extreme Values, sections 4.3.1
(choice of base), 4.3.5 (quantile and return level plots).
"""

from dataclasses import dataclass

import numpy as np

from geofield.calibration.fit import FittedProfile, QuietScores
from geofield.calibration.profile import StationProfile, alert_peaks
from geofield.calibration.threshold import FURTHEST, NoTail, Peaks, TailTooShort, fit_tail
from geofield.series.windows import WindowSpec
from geofield.types import Float64, Int64
from geofield.utc import DAY_MS, HOUR_MS

_BASES = np.arange(0.80, 0.985, 0.02)
_SIMULATED, _SIMULATED_PEAKS = 1000, 1_000_000
_CURVE = 40


@dataclass(frozen=True, slots=True, eq=False)
class Quantiles:
    """Quantile plot: excesses of the observed peaks and of simulated records, ascending, [n] each.

    `expected` is the median of the simulated records at each rank, `low` to `high` their central
    95 %, for each rank by itself. In score units.
    """

    observed: Float64
    expected: Float64
    low: Float64
    high: Float64


@dataclass(frozen=True, slots=True, eq=False)
class Stability:
    """Thresholds that other bases would give, [m] each, with their 95 % interval.

    `base` is the share of windows below the base, `shape` the shape of the predictive tail.
    """

    base: Float64
    peaks: Int64
    shape: Float64
    threshold: Float64
    low: Float64
    high: Float64


@dataclass(frozen=True, slots=True, eq=False)
class ReturnLevels:
    """Return level plot: score against return period in quiet days.

    `days`, `score`, `low`, `high` [k] are the tail with its 95 % interval. `peak_days`,
    `peak_score` [n] are the observed peaks; the return period of the highest of n peaks is
    ``(n + 1) / n`` records.
    """

    days: Float64
    score: Float64
    low: Float64
    high: Float64
    peak_days: Float64
    peak_score: Float64


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """Statistics of the scores by UTC hour, [24] each; NaN in hours without windows.

    `high` is the 99 % quantile of the hour. `exceeding` is the share of windows above the 99 %
    quantile of all hours.
    """

    windows: Int64
    median: Float64
    high: Float64
    exceeding: Float64


@dataclass(frozen=True, slots=True, eq=False)
class Diagnosis:
    """All diagnostics in the figure of a calibration."""

    quantiles: Quantiles
    stability: Stability
    levels: ReturnLevels
    hours: Hours


def diagnose(
    scores: QuietScores, fitted: FittedProfile, spec: WindowSpec, seed: int = 0
) -> Diagnosis:
    """Compute all diagnostics of a calibration.

    Parameters
    ----------
    scores
        Quiet scores that the profile was fitted to.
    fitted, spec
        The profile with its peaks, and its window.
    seed
        Seed of the simulated records of the quantile plot.
    """
    return Diagnosis(
        quantiles(fitted.peaks, seed),
        stability(scores, fitted.profile, spec),
        return_levels(fitted.peaks, fitted.profile),
        by_hour(scores),
    )


def quantiles(peaks: Peaks, seed: int) -> Quantiles:
    """Quantile plot of the peaks, with records simulated from their posterior of tails."""
    records = min(_SIMULATED, max(200, _SIMULATED_PEAKS // len(peaks)))
    drawn = peaks.posterior.draws(records, np.random.default_rng(seed))
    low, expected, high = np.quantile(drawn, [0.025, 0.5, 0.975], axis=0)
    return Quantiles(np.sort(peaks.excess), expected, low, high)


def stability(scores: QuietScores, profile: StationProfile, spec: WindowSpec) -> Stability:
    """Threshold for the requested rate, fitted above each base that leaves enough peaks."""
    rows = []
    for base in _BASES:
        try:
            peaks = alert_peaks(
                scores.end_ms, scores.rmse, spec.hop_ms, spec.length_ms, profile.basis, float(base)
            )
        except (TailTooShort, NoTail):
            continue
        tail = fit_tail(peaks)
        low, high = peaks.posterior.excess_interval(profile.asked_days)
        level = tail.score_once_in(profile.asked_days)
        rows.append((base, len(peaks), tail.shape, level, peaks.base + low, peaks.base + high))
    base_share, count, shape, threshold, low_score, high_score = np.array(rows).reshape(-1, 6).T
    return Stability(base_share, count.astype(np.int64), shape, threshold, low_score, high_score)


def return_levels(peaks: Peaks, profile: StationProfile) -> ReturnLevels:
    """Return levels from the base to twice the requested or recorded period, and the peaks."""
    tail, tails = profile.alert_tail, peaks.posterior
    furthest = min(2 * max(profile.asked_days, peaks.days), FURTHEST * peaks.days)
    days = np.geomspace(1.0 / peaks.per_day, max(furthest, 2.0 / peaks.per_day), _CURVE)
    low, high = np.array([tails.excess_interval(period) for period in days.tolist()]).T
    ranks = np.arange(len(peaks), 0, -1)
    return ReturnLevels(
        days,
        np.array([tail.score_once_in(period) for period in days.tolist()]),
        peaks.base + low,
        peaks.base + high,
        (len(peaks) + 1) / ranks / peaks.per_day,
        np.sort(peaks.scores),
    )


def by_hour(scores: QuietScores) -> Hours:
    """Dependence of quiet scores on the hour of the day, which a single threshold ignores."""
    hours = scores.end_ms % DAY_MS // HOUR_MS
    loud = scores.rmse > np.quantile(scores.rmse, 0.99)
    rows = np.full((24, 3), np.nan)
    for hour in np.unique(hours):
        within = hours == hour
        rmse = scores.rmse[within]
        rows[hour] = np.median(rmse), np.quantile(rmse, 0.99), loud[within].mean()
    median, high, exceeding = rows.T
    return Hours(np.bincount(hours, minlength=24), median, high, exceeding)
