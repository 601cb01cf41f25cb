"""Online calibration of a station: from its live samples, without an archive.

It has three stages: the scale of the background from the first quiet windows, then scores in units
of this scale, then a profile fitted to the scores by the same functions as `magwatch calibrate`.
Further fits follow, each on twice as many windows, up to a limit. The last fit ends the
calibration.

Each station's calibration is reviewed once per review interval of event time, at an instant of its
own. The result holds for windows that end later. So the profile of a window depends only on the
station's samples and on Kp as known then.

Windows in an alert of the station, or within a guard time of it, never count. No later fit may
raise the threshold far above that of the first fit. So a slow rise of the background causes alerts
and a reported refusal; it is not absorbed in silence.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from geofield.alerts.alert import AlertState
from geofield.calibration.false_alarm_budget import check_founded
from geofield.calibration.fit import Calibration, QuietScores, fit_profile
from geofield.calibration.online.rules import Setting
from geofield.calibration.online.segments import CandidateSegment
from geofield.calibration.profile import StationProfile, robust_scale_nt
from geofield.calibration.reviews import review_from
from geofield.indices import IndexHistory
from geofield.types import Float32, Float64, Int64

_GROWTH = 1.25  # after a refused fit
_MOST_RISE = 1.5  # largest threshold of a later profile, relative to that of the first profile
_SPARSE = 4  # a segment keeps at most this many times the wanted number of quiet windows


@dataclass(frozen=True, slots=True)
class Learning:
    """State of a station's calibration.

    Attributes
    ----------
    review_ms
        Event time of the next review; None before the first window.
    scale_nt
        Background of H, E, Z in nT; None until it is known.
    stretch
        Candidate windows: filtered samples until the scale is known, then scores.
    wanted
        Number of quiet windows for the next fit; 0 when calibration is complete.
    profile
        The last fitted profile.
    ceiling
        Highest threshold that a later fit may have; None before the first fit.
    """

    review_ms: int | None = None
    scale_nt: tuple[float, float, float] | None = None
    stretch: CandidateSegment = field(default_factory=CandidateSegment)
    wanted: int = 1
    profile: StationProfile | None = None
    ceiling: float | None = None

    @property
    def over(self) -> bool:
        """Whether calibration is complete."""
        return self.wanted == 0


@dataclass(frozen=True, slots=True)
class Fit:
    """Result of an attempted fit: a profile, or the reason for its refusal.

    `at_ms` is the event time of the attempt, `before` the threshold before it.
    """

    station: str
    at_ms: int
    profile: StationProfile | None
    refusal: str | None = None
    before: float | None = None


def resumed(profile: StationProfile, setting: Setting) -> Learning:
    """State that continues from an earlier profile, whose scores are lost.

    New scores are in units of the profile's scale; the next fit needs more windows than it had.
    """
    return Learning(
        scale_nt=profile.scale_nt,
        wanted=_next(profile.windows, setting),
        profile=profile,
        ceiling=_MOST_RISE * profile.threshold,
    )


def reviewed(
    learning: Learning, station: str, end_ms: int, setting: Setting, history: IndexHistory
) -> tuple[Learning, Fit | None]:
    """Do the review that is due before the window that ends at `end_ms`, if one is.

    Returns
    -------
    The calibration that holds for this window, and the attempted fit if there was one.
    """
    due_ms = learning.review_ms
    if learning.over or (due_ms is not None and end_ms <= due_ms):
        return learning, None
    learning = replace(learning, review_ms=_review(station, end_ms, setting))
    if due_ms is None:
        return learning, None
    stretch = learning.stretch.judge(history, due_ms, setting.hop_ms, setting.quiet)
    learning = replace(learning, stretch=stretch)
    if learning.scale_nt is None:
        return _scaled(learning, station, due_ms, setting)
    if np.count_nonzero(stretch.usable()) < learning.wanted:
        return learning, None
    return _fitted(learning, learning.scale_nt, station, due_ms, setting)


def observed(
    learning: Learning,
    end_ms: Int64,
    values: Float32,
    alarms: list[tuple[int, int]],
    setting: Setting,
) -> Learning:
    """Add windows to the calibration, and remove those in alarms.

    Parameters
    ----------
    learning
        The calibration before.
    end_ms
        Shape [k]: window ends.
    values
        Shape [k, c]: values of each window, see `candidates.values`.
    alarms
        Spans of window ends to remove: begin (exclusive) and end (inclusive).
    setting
        Settings of online calibration.
    """
    most = _SPARSE * max(setting.most_windows, setting.windows(setting.online.scale_days))
    stretch = learning.stretch.with_windows(end_ms, values, setting.hop_ms, most)
    for after_ms, until_ms in alarms:
        stretch = stretch.without(after_ms, until_ms, setting.hop_ms)
    return replace(learning, stretch=stretch)


def alarmed(alerts: AlertState, end_ms: int, guard_ms: int) -> bool:
    """Whether the window that ended at `end_ms` lies in an alert or soon after one."""
    if alerts.current is not None:
        return True
    return alerts.resolved_ms is not None and end_ms - alerts.resolved_ms < guard_ms


def progress(learning: Learning | None, setting: Setting) -> float:
    """Progress towards the first profile, 0 to 1; the first half is the scale."""
    if learning is None:
        return 0.0
    if learning.profile is not None:
        return 1.0
    usable = np.count_nonzero(learning.stretch.usable())
    if learning.scale_nt is None:
        return 0.5 * min(usable / setting.windows(setting.online.scale_days), 1.0)
    return 0.5 + 0.5 * min(usable / learning.wanted, 1.0)


def _scaled(
    learning: Learning, station: str, at_ms: int, setting: Setting
) -> tuple[Learning, Fit | None]:
    """Measure the scale once there are enough windows; a dead component restarts the collection."""
    usable = learning.stretch.usable()
    if np.count_nonzero(usable) < setting.windows(setting.online.scale_days):
        return learning, None
    values: Float64 = learning.stretch.values[usable].astype(np.float64)
    nothing = CandidateSegment(kp_known=learning.stretch.kp_known)
    try:
        scale_nt = robust_scale_nt(values.reshape(-1, 3))
    except ValueError as error:
        return replace(learning, stretch=nothing), Fit(station, at_ms, None, str(error))
    wanted = setting.windows(setting.online.first_days)
    return replace(learning, scale_nt=scale_nt, stretch=nothing, wanted=wanted), None


def _fitted(
    learning: Learning,
    scale_nt: tuple[float, float, float],
    station: str,
    at_ms: int,
    setting: Setting,
) -> tuple[Learning, Fit]:
    before = learning.profile.threshold if learning.profile else None
    try:
        profile = _profile(learning.stretch, scale_nt, station, setting)
        _check_rise(profile, learning.ceiling)
    except ValueError as error:
        return _refused(learning, setting), Fit(station, at_ms, None, str(error), before)
    profile = replace(profile, effective_ms=at_ms)
    wanted = _next(profile.windows, setting)
    stretch = learning.stretch if wanted else CandidateSegment()
    ceiling = learning.ceiling or _MOST_RISE * profile.threshold
    learned = replace(learning, stretch=stretch, wanted=wanted, profile=profile, ceiling=ceiling)
    return learned, Fit(station, at_ms, profile, None, before)


def _profile(
    stretch: CandidateSegment, scale_nt: tuple[float, float, float], station: str, setting: Setting
) -> StationProfile:
    usable = stretch.usable()
    rmse: Float64 = stretch.values[usable, 0].astype(np.float64)
    scores = QuietScores(stretch.end_ms(setting.hop_ms)[usable], rmse)
    asked = Calibration(
        station=station,
        model_sha256=setting.model_sha256,
        declination_deg=0.0,  # samples of a station without a profile are not turned
        alert=setting.alert,
        false_alarms_per_month=setting.online.false_alarms_per_month,
    )
    fitted = fit_profile(scores, scale_nt, setting.window, asked)
    check_founded(fitted)
    return replace(fitted.profile, kp_known=stretch.kp_known)


def _check_rise(profile: StationProfile, ceiling: float | None) -> None:
    if ceiling is not None and profile.threshold > ceiling:
        raise ValueError(
            f"the threshold would rise to {profile.threshold:.3g}, more than {_MOST_RISE:g} times "
            "that of the first profile: these days are unlike the first ones. If they are what is "
            "normal, calibrate from an archive"
        )


def _refused(learning: Learning, setting: Setting) -> Learning:
    """State after a refused fit: wait for more windows or, at the limit, drop the older half."""
    if learning.wanted < setting.most_windows:
        more = min(int(learning.wanted * _GROWTH) + 1, setting.most_windows)
        return replace(learning, wanted=more)
    half = len(learning.stretch.values) // 2
    return replace(learning, stretch=learning.stretch.without_oldest(half, setting.hop_ms))


def _next(windows: int, setting: Setting) -> int:
    """Number of windows of the fit after one with `windows` windows; 0 after the last fit."""
    if setting.lives:
        return 0
    return min(2 * windows, setting.most_windows) if windows < setting.most_windows else 0


def _review(station: str, end_ms: int, setting: Setting) -> int:
    """Time of the station's first review at or after `end_ms`."""
    return review_from(station, end_ms, setting.hop_ms, setting.online.review_ms)
