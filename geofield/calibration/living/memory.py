"""What a living profile remembers of quiet data: for each period its peaks and some counts.

A period keeps the independent peaks above its base, the score that a tenth of the windows pass.
Bases are averages over the memory, so they move slowly and peaks of different periods can be
compared above the highest base.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress

import numpy as np

from geofield.alerts.reviews import ReviewHistory
from geofield.calibration.fit import KEPT_PEAKS, QuietScores
from geofield.calibration.living.rules import LivingSetting
from geofield.calibration.online.segments import LARGEST
from geofield.calibration.profile import StationProfile
from geofield.calibration.threshold import BASE_QUANTILE, Tail, cluster_peaks, sustained
from geofield.types import Float16
from geofield.utc import DAY_MS

MOST_PERIODS = 42  # the oldest has a weight of 1/64


@dataclass(frozen=True, slots=True, eq=False)
class PeriodPeaks:
    """Independent peaks of one period, in half precision.

    Attributes
    ----------
    high
        Score that a tenth of the windows of the period pass.
    base
        Score that all peaks exceed.
    scores
        Shape [n]: the peaks.
    """

    high: float
    base: float
    scores: Float16


@dataclass(frozen=True, slots=True, eq=False)
class QuietPeriod:
    """The quiet windows of one period.

    Attributes
    ----------
    weight
        How much the period counts, 0-1.
    windows
        Number of quiet windows.
    quantiles
        Score at 50, 90, 99 % of them.
    single, level
        Peaks of the scores, and of the alert level (see `threshold.sustained`).
    passed
        Threshold that was passed, for each alert that opened in the period.
    expected
        Number of alerts promised in the period; 0 if they were not counted.
    passed_ids
        Ids of these alerts; none in periods of earlier versions.
    """

    weight: float
    windows: int
    quantiles: tuple[float, float, float]
    single: PeriodPeaks
    level: PeriodPeaks
    passed: tuple[float, ...] = ()
    expected: float = 0.0
    passed_ids: tuple[str, ...] = ()


Memory = tuple[QuietPeriod, ...]


def aged(memory: Memory, half_lives: float) -> Memory:
    """The memory after so many half-lives."""
    factor = 0.5**half_lives
    return tuple(replace(period, weight=period.weight * factor) for period in memory)


def heard(memory: Memory, reviews: ReviewHistory, at_ms: int) -> Memory:
    """The memory without the alerts that were not the field's by what was heard at `at_ms`."""
    return tuple(_heard(period, reviews, at_ms) for period in memory)


def _heard(period: QuietPeriod, reviews: ReviewHistory, at_ms: int) -> QuietPeriod:
    kept = [reviews.of_the_field(name, at_ms) for name in period.passed_ids]
    if all(kept):  # most periods have no alert at all
        return period
    return replace(
        period,
        passed=tuple(compress(period.passed, kept)),
        passed_ids=tuple(compress(period.passed_ids, kept)),
    )


def remembered(
    memory: Memory,
    scores: QuietScores,
    passed: tuple[float, ...],
    asked_days: float,
    setting: LivingSetting,
    age: float = 0.0,
    passed_ids: tuple[str, ...] = (),
) -> Memory:
    """The memory with the quiet windows of a further period; the oldest period may go.

    Parameters
    ----------
    scores
        The quiet windows, in order of time.
    passed
        Thresholds that the station's own alerts passed in the period.
    asked_days
        Quiet days for which one alert is promised.
    age
        Half-lives since the period.
    passed_ids
        Ids of these alerts.
    """
    hop_ms, rule = setting.hop_ms, setting.alert
    level = sustained(scores.end_ms, scores.rmse, hop_ms, rule.k, rule.n)
    known = np.isfinite(level)
    median, high, highest = (float(value) for value in np.quantile(scores.rmse, [0.5, 0.9, 0.99]))
    period = QuietPeriod(
        weight=0.5**age,
        windows=len(scores),
        quantiles=(median, high, highest),
        single=_peaks(scores, [(one, one.single) for one in memory], setting),
        level=_peaks(
            QuietScores(scores.end_ms[known], level[known]),
            [(one, one.level) for one in memory],
            setting,
        ),
        passed=passed,
        expected=scores.days(hop_ms) / asked_days,
        passed_ids=passed_ids,
    )
    return (*memory, period)[-MOST_PERIODS:]


def of_profile(profile: StationProfile, age: float, span: float) -> Memory:
    """The memory of a profile's own data: its peaks or, where it kept none, those of its tails.

    Parameters
    ----------
    profile
        A profile fitted to an archive, or on the way.
    age, span
        Half-lives since the last datum of the fit, and from its first to its last.
    """
    most = max(profile.alert_tail.peaks, 1)
    count = min(most, KEPT_PEAKS)
    share = count / most
    # the mean of 0.5 ** age over the span
    mean = (1.0 - 0.5**span) / (span * np.log(2.0)) if span > 0 else 1.0
    period = QuietPeriod(
        weight=float(0.5**age * mean / share),
        windows=max(round(profile.windows * share), 1),
        quantiles=profile.quantiles,
        single=_of_tail(profile.tail, profile.peaks, round(profile.tail.peaks * share)),
        level=_of_tail(profile.alert_tail, profile.alert_peaks, count),
    )
    return (period,)


def quiet_days(memory: Sequence[QuietPeriod], hop_ms: int) -> float:
    """Weighted amount of quiet data in days."""
    return sum(period.weight * period.windows for period in memory) * hop_ms / DAY_MS


def _peaks(
    scores: QuietScores,
    before: Sequence[tuple[QuietPeriod, PeriodPeaks]],
    setting: LivingSetting,
) -> PeriodPeaks:
    if not len(scores):
        highest = max((peaks.base for _, peaks in before), default=0.0)
        return PeriodPeaks(highest, highest, np.empty(0, np.float16))
    high = float(np.quantile(scores.rmse, BASE_QUANTILE))
    total = len(scores) + sum(period.weight * period.windows for period, _ in before)
    weighted = sum(period.weight * period.windows * peaks.high for period, peaks in before)
    base = (len(scores) * high + weighted) / total
    where = cluster_peaks(scores.end_ms, scores.rmse, base, setting.window.length_ms)
    return PeriodPeaks(high, base, scores.rmse[where].astype(np.float16))


def _of_tail(tail: Tail, kept: Sequence[float], count: int) -> PeriodPeaks:
    """`count` peaks for a tail: of those that were kept, else evenly spaced quantiles."""
    place = (np.arange(count) + 0.5) / count
    if kept:
        peaks = np.array(kept)[(place * len(kept)).astype(int)]
    else:
        days = 1.0 / ((1.0 - place) * tail.peaks_per_day)
        peaks = np.array([tail.score_once_in(one) for one in days.tolist()])
    return PeriodPeaks(tail.base, tail.base, np.clip(peaks, 0.0, LARGEST).astype(np.float16))
