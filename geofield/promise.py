"""Whether a threshold keeps its promise: the alerts it opens against those it was asked for."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from geofield.alert import AlertRules, AlertState, Change, ModelRef, follow
from geofield.calibration import QuietScores
from geofield.indices import KpHistory
from geofield.pareto import LARGEST_SHAPE, poisson_interval, too_heavy
from geofield.profile import StationProfile, alert_peaks
from geofield.score import KpKnown, Quality, Score, WindowScore
from geofield.threshold import DAYS_PER_MONTH, FURTHEST, Peaks
from geofield.types import Int64
from geofield.windows import WindowSpec

_NO_MODEL = ModelRef("calibrated", "0", "0" * 64, "not evaluated")
_SHOWN = 3
_LONE = 3.0


class PromiseUnfounded(ValueError):
    """The data cannot bear the rate asked for; the message says what would."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Alerts that quiet data opened, and how many had been asked for.

    Attributes
    ----------
    days
        How much quiet data was watched.
    expected
        How many alerts were asked for in it.
    opened
        How many opened.
    low, high
        Central 95 % interval of a Poisson count with that expectation.
    fit_low, fit_high
        The same when the uncertainty of the fit is counted in.
    """

    days: float
    expected: float
    opened: int
    low: int
    high: int
    fit_low: int
    fit_high: int

    @property
    def verdict(self) -> str:
        """In words."""
        if self.opened < self.low:
            return "fewer than asked for"
        if self.opened <= self.high:
            return "kept"
        if self.opened <= self.fit_high:
            return "more than asked for, within what a fit to so few data leaves open"
        return "not kept: these days are unlike those of the fit"


def judged(
    fitted: QuietScores,
    later: QuietScores,
    profile: StationProfile,
    rules: AlertRules,
    spec: WindowSpec,
) -> Kept:
    """Count the alerts that later quiet data open under a profile's threshold.

    Parameters
    ----------
    fitted
        What the profile was fitted to.
    later
        Quiet scores in units of the profile's scale.
    profile, rules, spec
        The threshold, when alerts open, and the window.
    """
    peaks = peaks_of(fitted, profile, spec)
    days = later.days(spec.hop * spec.cadence_ms)
    expected = days / profile.asked_days
    low, high = poisson_interval(expected)
    excess = max(profile.threshold - peaks.base, 0.0)
    fit_low, fit_high = peaks.posterior().count_interval(excess, days)
    opened = len(openings(later, profile.threshold, rules, spec))
    return Kept(days, expected, opened, low, high, fit_low, fit_high)


def openings(scores: QuietScores, threshold: float, rules: AlertRules, spec: WindowSpec) -> Int64:
    """Ends of the windows at which alerts open: the worker's own rule, `geofield.alert.follow`.

    Windows that are not there (gaps, disturbed hours) neither open an alert nor keep one open.
    """
    state, opened, nothing = AlertState(), [], KpHistory()
    for window in _windows(scores, threshold, max(rules.n, rules.clear), spec):
        state, versions = follow(state, window, _NO_MODEL, nothing, rules)
        opened += [window.end_ms for version in versions if version.change is Change.OPENED]
    return np.array(opened, dtype=np.int64)


def check_founded(scores: QuietScores, profile: StationProfile, spec: WindowSpec) -> None:
    """Refuse a promise that the data of the fit cannot bear.

    Raises
    ------
    PromiseUnfounded
        If the rate is rarer than a hundred times the record can tell, more frequent than its
        peaks, or if the highest peaks are not of one kind with the rest.
    """
    peaks = peaks_of(scores, profile, spec)
    if profile.beyond > FURTHEST:
        least = profile.asked_days / FURTHEST
        raise PromiseUnfounded(
            f"one false alert in {profile.asked_days:,.0f} days cannot be stated from "
            f"{profile.quiet_days:.1f} quiet days: take {least - profile.quiet_days:.1f} more, or "
            f"ask for at least {DAYS_PER_MONTH / (FURTHEST * profile.quiet_days):.2g} a month"
        )
    if profile.asked_days * peaks.per_day < 1.0:
        raise PromiseUnfounded(
            f"{profile.false_alarms_per_month:g} false alerts a month are more than the "
            f"{peaks.per_day * DAYS_PER_MONTH:.0f} independent peaks that these data have in one: "
            "ask for fewer"
        )
    if too_heavy(peaks.excess):
        raise PromiseUnfounded(
            f"the highest scores are not of one kind with the rest (the tail's shape is beyond "
            f"{LARGEST_SHAPE:g}), so no rate can be stated: look at "
            f"{_highest(peaks)} UTC and leave out what is no background"
        )


def lone_peak(peaks: Peaks) -> tuple[int, Peaks] | None:
    """The highest, if it exceeds the base three times as far as any other: its end, and the rest.

    Works beside the sensor can be all of a tail; whether they are is for an observer to say. In
    the heaviest tail that is believed a ninth of the records have such a peak of their own.
    """
    second, first = np.argsort(peaks.scores)[-2:]
    if peaks.excess[first] <= _LONE * peaks.excess[second]:
        return None
    others = np.delete(np.arange(len(peaks)), first)
    rest = Peaks(peaks.base, peaks.end_ms[others], peaks.scores[others], peaks.days)
    return int(peaks.end_ms[first]), rest


def peaks_of(scores: QuietScores, profile: StationProfile, spec: WindowSpec) -> Peaks:
    """The independent peaks that a profile's threshold rests on."""
    hop_ms, window_ms = spec.hop * spec.cadence_ms, spec.samples * spec.cadence_ms
    return alert_peaks(scores.end_ms, scores.rmse, hop_ms, window_ms, profile.basis)


def _highest(peaks: Peaks) -> str:
    ends_ms = peaks.end_ms[np.argsort(peaks.scores)[::-1][:_SHOWN]]
    return ", ".join(f"{np.datetime64(int(end_ms), 'ms').astype('M8[m]')}" for end_ms in ends_ms)


def _windows(
    scores: QuietScores, threshold: float, forgotten: int, spec: WindowSpec
) -> Iterator[WindowScore]:
    """Windows as the worker follows them; of a gap no more than leave any trace of what was."""
    hop_ms = spec.hop * spec.cadence_ms
    before_ms = int(scores.end_ms[0]) - hop_ms if len(scores) else 0
    for end_ms, rmse in zip(scores.end_ms.tolist(), scores.rmse.tolist(), strict=True):
        missing = (end_ms - before_ms) // hop_ms - 1
        for number in range(1, min(missing, forgotten) + 1):
            yield _window(before_ms + number * hop_ms, None, spec)
        yield _window(end_ms, Score(rmse, rmse, (rmse, rmse, rmse), threshold, 0.0), spec)
        before_ms = end_ms


def _window(end_ms: int, score: Score | None, spec: WindowSpec) -> WindowScore:
    return WindowScore(
        station="",
        start_ms=end_ms - spec.samples * spec.cadence_ms,
        end_ms=end_ms,
        decided_ms=end_ms + spec.decision_delay_ms,
        quality=Quality.OK if score else Quality.INSUFFICIENT,
        completeness=1.0 if score else 0.0,
        kp=KpKnown(None, complete=False),
        score=score,
    )
