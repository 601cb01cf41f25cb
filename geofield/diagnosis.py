"""The figures by which a calibration is judged: does the tail fit, and what hangs on choices.

Source: Coles (2001), An Introduction to Statistical Modeling of Extreme Values, sections 4.3.1
(choice of base), 4.3.5 (quantile and return level plots).
"""

from dataclasses import dataclass

import numpy as np

from geofield.calibration import QuietScores
from geofield.profile import StationProfile, alert_peaks
from geofield.promise import peaks_of
from geofield.threshold import FURTHEST, NoTail, Peaks, TailTooShort, fit_tail
from geofield.types import Float64, Int64
from geofield.windows import WindowSpec

_BASES = np.arange(0.80, 0.985, 0.02)
_SIMULATED, _SIMULATED_PEAKS = 1000, 1_000_000
_CURVE = 40
_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS


@dataclass(frozen=True, slots=True, eq=False)
class Quantiles:
    """Excesses of the alert tail's peaks against those of simulated records, both ascending: [n].

    `low` to `high` holds 95 % of the simulated records at each rank by itself.
    """

    observed: Float64
    expected: Float64
    low: Float64
    high: Float64


@dataclass(frozen=True, slots=True, eq=False)
class Stability:
    """The threshold that other bases would give: [m], with the 95 % interval of the level sought.

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
    """Score against return period in quiet days.

    `days`, `score`, `low`, `high` [k] are the tail with its 95 % interval; `peak_days`,
    `peak_score` [n] the observed peaks, the highest of n once in ``(n + 1) / n`` records.
    """

    days: Float64
    score: Float64
    low: Float64
    high: Float64
    peak_days: Float64
    peak_score: Float64


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """Scores by UTC hour: [24] each, NaN where there are no windows.

    `exceeding` is the share of windows above 99 % of all.
    """

    windows: Int64
    median: Float64
    high: Float64
    exceeding: Float64


@dataclass(frozen=True, slots=True, eq=False)
class Diagnosis:
    """All that the figure shows."""

    quantiles: Quantiles
    stability: Stability
    levels: ReturnLevels
    hours: Hours


def diagnose(
    scores: QuietScores, profile: StationProfile, spec: WindowSpec, seed: int = 0
) -> Diagnosis:
    """Look at the fit from all sides.

    Parameters
    ----------
    scores
        What the profile was fitted to.
    profile, spec
        The profile and its window.
    seed
        Draws the simulated records of the quantile plot.
    """
    peaks = peaks_of(scores, profile, spec)
    return Diagnosis(
        quantiles(peaks, seed),
        stability(scores, profile, spec),
        return_levels(peaks, profile),
        by_hour(scores),
    )


def quantiles(peaks: Peaks, seed: int) -> Quantiles:
    """Compare the peaks with records simulated from the tails that agree with them."""
    records = min(_SIMULATED, max(200, _SIMULATED_PEAKS // len(peaks)))
    drawn = peaks.posterior().draws(records, np.random.default_rng(seed))
    low, expected, high = np.quantile(drawn, [0.025, 0.5, 0.975], axis=0)
    return Quantiles(np.sort(peaks.excess), expected, low, high)


def stability(scores: QuietScores, profile: StationProfile, spec: WindowSpec) -> Stability:
    """The threshold for the rate asked for, fitted above each base that has enough peaks."""
    hop_ms, window_ms = spec.hop * spec.cadence_ms, spec.samples * spec.cadence_ms
    rows = []
    for base in _BASES:
        try:
            peaks = alert_peaks(
                scores.end_ms, scores.rmse, hop_ms, window_ms, profile.basis, float(base)
            )
        except (TailTooShort, NoTail):
            continue
        tail = fit_tail(peaks)
        low, high = peaks.posterior().excess_interval(profile.asked_days)
        level = tail.score_once_in(profile.asked_days)
        rows.append((base, len(peaks), tail.shape, level, peaks.base + low, peaks.base + high))
    base_share, found, shape, threshold, low_score, high_score = np.array(rows).reshape(-1, 6).T
    return Stability(base_share, found.astype(np.int64), shape, threshold, low_score, high_score)


def return_levels(peaks: Peaks, profile: StationProfile) -> ReturnLevels:
    """The tail from its base to twice what was asked for or measured, and the peaks."""
    tail, tails = profile.alert_tail, peaks.posterior()
    furthest = min(2 * max(profile.asked_days, peaks.days), FURTHEST * peaks.days)
    days = np.geomspace(1.0 / peaks.per_day, max(furthest, 2.0 / peaks.per_day), _CURVE)
    low, high = np.array([tails.excess_interval(float(one)) for one in days]).T
    ranks = np.arange(len(peaks), 0, -1)
    return ReturnLevels(
        days,
        np.array([tail.score_once_in(float(one)) for one in days]),
        peaks.base + low,
        peaks.base + high,
        (len(peaks) + 1) / ranks / peaks.per_day,
        np.sort(peaks.scores),
    )


def by_hour(scores: QuietScores) -> Hours:
    """How quiet scores depend on the hour of the day, which no single threshold follows."""
    hour = scores.end_ms % _DAY_MS // _HOUR_MS
    loud = scores.rmse > np.quantile(scores.rmse, 0.99)
    rows = np.full((24, 3), np.nan)
    for one in np.unique(hour):
        own = scores.rmse[hour == one]
        rows[one] = np.median(own), np.quantile(own, 0.99), loud[hour == one].mean()
    median, high, exceeding = rows.T
    return Hours(np.bincount(hour, minlength=24), median, high, exceeding)
