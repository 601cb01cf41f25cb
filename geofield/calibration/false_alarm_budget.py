"""Compare the number of alerts that quiet data open with the requested false-alarm rate."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from geofield.alerts.alert import Alert, AlertRules, AlertState, Change, ModelRef
from geofield.alerts.life_cycle import follow
from geofield.calibration.fit import FittedProfile, QuietScores
from geofield.calibration.pareto import LARGEST_SHAPE, poisson_interval, too_heavy
from geofield.calibration.profile import StationProfile
from geofield.calibration.threshold import DAYS_PER_MONTH, FURTHEST, Peaks
from geofield.indices import IndexHistory, IndicesKnown
from geofield.scoring.score import Quality, Score, WindowScore
from geofield.series.windows import WindowSpec
from geofield.types import Int64

_NO_MODEL = ModelRef("calibrated", "0", "0" * 64, "not evaluated")
_SHOWN = 3
_LONE = 3.0
_TELLING = 1.0  # with fewer alerts expected, none at all is no surprise


class PromiseUnfounded(ValueError):
    """The data cannot support the requested rate; the message says which data or rate would do.

    Attributes
    ----------
    per_month
        The nearest supported rate, rounded so that it stays supported; None if there is none.
    """

    def __init__(self, message: str, per_month: float | None = None) -> None:
        super().__init__(message)
        self.per_month = per_month


@dataclass(frozen=True, slots=True)
class BudgetCheck:
    """Alerts that quiet data opened, compared with the number asked for.

    Attributes
    ----------
    days
        Amount of quiet data, in days.
    expected
        Number of alerts asked for in these days.
    opened
        Number of alerts that opened.
    low, high
        Central 95 % interval of a Poisson count with this expectation.
    fit_low, fit_high
        The same interval with the uncertainty of the fit included.
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
        """The comparison in words."""
        if self.opened < self.low:
            return "fewer than asked for"
        if self.opened <= self.high:
            too_few = self.expected < _TELLING
            return "kept, as far as so few days can tell" if too_few else "kept"
        if self.opened <= self.fit_high:
            return "more than asked for, within what a fit to so few data leaves open"
        return "not kept: these days are unlike those of the fit"


def judged(
    peaks: Peaks,
    later: QuietScores,
    profile: StationProfile,
    opened: int,
    spec: WindowSpec,
) -> BudgetCheck:
    """Compare the alerts that later quiet data opened with a profile's promise.

    Parameters
    ----------
    peaks
        Peaks that the profile rests on, see `FittedProfile`.
    later
        Quiet scores in units of the profile's scale.
    profile, spec
        The profile with its promise, and the window.
    opened
        Number of alerts that opened, see `openings` and `living.budget.lived`.
    """
    days = later.days(spec.hop_ms)
    expected = days / profile.asked_days
    low, high = poisson_interval(expected)
    excess = max(profile.threshold - peaks.base, 0.0)
    fit_low, fit_high = peaks.posterior.count_interval(excess, days)
    return BudgetCheck(days, expected, opened, low, high, fit_low, fit_high)


def openings(scores: QuietScores, threshold: float, rules: AlertRules, spec: WindowSpec) -> Int64:
    """Ends [k] of the windows at which alerts open, in ms since 1970 UTC.

    The alerts are those of `geofield.alerts.alert.follow`. Missing windows (gaps, disturbed hours)
    neither open an alert nor keep one open.
    """
    before_ms = int(scores.end_ms[0]) - spec.hop_ms if len(scores) else 0
    ends_ms = [
        window.end_ms
        for window, _, versions in followed(AlertState(), scores, threshold, rules, spec, before_ms)
        for version in versions
        if version.change is Change.OPENED
    ]
    return np.array(ends_ms, dtype=np.int64)


def followed(
    state: AlertState,
    scores: QuietScores,
    threshold: float,
    rules: AlertRules,
    spec: WindowSpec,
    before_ms: int,
) -> Iterator[tuple[WindowScore, AlertState, list[Alert]]]:
    """Iterate over windows with the state of the alerts after each, and the versions it causes.

    Parameters
    ----------
    state
        The state of the alerts before.
    before_ms
        End of the window before the first. Windows that are missing since come without a score, as
        many as the state depends on.
    """
    no_kp = IndexHistory()
    for window in _windows(scores, threshold, max(rules.n, rules.clear), spec, before_ms):
        state, versions = follow(state, window, _NO_MODEL, no_kp, rules)
        yield window, state, versions


def check_founded(fitted: FittedProfile) -> None:
    """Refuse a false-alarm rate that the data of the fit cannot support.

    Raises
    ------
    PromiseUnfounded
        If one alert is asked for in more than a hundred times the quiet days, if more alerts are
        asked for than the record has peaks, or if the highest peaks are of another kind than the
        rest.
    """
    profile, peaks = fitted.profile, fitted.peaks
    if profile.beyond > FURTHEST:
        least = profile.asked_days / FURTHEST
        rarest = rarest_per_month(FURTHEST * profile.quiet_days)
        raise PromiseUnfounded(
            f"one false alert in {profile.asked_days:,.0f} days cannot be stated from "
            f"{profile.quiet_days:.1f} quiet days: take {least - profile.quiet_days:.1f} more, or "
            f"ask for at least {rarest:g} a month",
            rarest,
        )
    if profile.asked_days * peaks.per_day < 1.0:
        most = peaks.per_day * DAYS_PER_MONTH
        raise PromiseUnfounded(
            f"{profile.false_alarms_per_month:g} false alerts a month are more than the "
            f"{most:.0f} independent peaks that these data have in one: ask for fewer",
            _rounded(most, math.floor),
        )
    if too_heavy(peaks.excess):
        raise PromiseUnfounded(
            f"the highest scores are not of one kind with the rest (the tail's shape is beyond "
            f"{LARGEST_SHAPE:g}), so no rate can be stated: look at "
            f"{_highest(peaks)} UTC and leave out what is no background"
        )


def rarest_per_month(days: float) -> float:
    """Lowest rate per month, of two digits, that asks for at least one alert in `days` days."""
    return _rounded(DAYS_PER_MONTH / days, math.ceil)


def lone_peak(peaks: Peaks) -> tuple[int, Peaks] | None:
    """The highest peak, if its excess over the base is three times that of any other peak.

    Works beside the sensor can make up the whole tail; only an observer can tell. With the heaviest
    tail of the prior, one record in nine has such a peak by chance.

    Returns
    -------
    End of the window of the highest peak in ms since 1970 UTC, and the other peaks; None if no peak
    stands out.
    """
    second, first = np.argsort(peaks.scores)[-2:]
    if peaks.excess[first] <= _LONE * peaks.excess[second]:
        return None
    others = np.delete(np.arange(len(peaks)), first)
    rest = Peaks(peaks.base, peaks.end_ms[others], peaks.scores[others], peaks.days)
    return int(peaks.end_ms[first]), rest


def _rounded(per_month: float, towards: Callable[[float], int]) -> float:
    """The rate rounded to two digits by `towards`, `math.floor` or `math.ceil`."""
    step = 10.0 ** (math.floor(math.log10(per_month)) - 1)
    return float(f"{towards(per_month / step) * step:.2g}")


def _highest(peaks: Peaks) -> str:
    ends_ms = peaks.end_ms[np.argsort(peaks.scores)[::-1][:_SHOWN]]
    return ", ".join(f"{np.datetime64(int(end_ms), 'ms').astype('M8[m]')}" for end_ms in ends_ms)


def _windows(
    scores: QuietScores, threshold: float, forgotten: int, spec: WindowSpec, before_ms: int
) -> Iterator[WindowScore]:
    """Windows as the worker follows them, with at most `forgotten` empty windows for a gap.

    After so many empty windows the alert state no longer depends on their number.
    """
    for end_ms, rmse in zip(scores.end_ms.tolist(), scores.rmse.tolist(), strict=True):
        missing = (end_ms - before_ms) // spec.hop_ms - 1
        for number in range(1, min(missing, forgotten) + 1):
            yield _window(before_ms + number * spec.hop_ms, None, spec)
        yield _window(end_ms, Score(rmse, rmse, (rmse, rmse, rmse), threshold, 0.0), spec)
        before_ms = end_ms


def _window(end_ms: int, score: Score | None, spec: WindowSpec) -> WindowScore:
    return WindowScore(
        station="",
        start_ms=end_ms - spec.length_ms,
        end_ms=end_ms,
        decided_ms=end_ms + spec.decision_delay_ms,
        quality=Quality.OK if score else Quality.INSUFFICIENT,
        completeness=1.0 if score else 0.0,
        kp=IndicesKnown(None, complete=False),
        score=score,
    )
