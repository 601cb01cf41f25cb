"""Calibration of a station while it is watched, without an archive.

Three stages, one after the other: the scale of the background from a first stretch of quiet
windows, then scores in units of this scale, then a profile fitted to them by the same functions
as `magwatch calibrate`. Fits on twice as many windows follow, up to a limit; after the last one
nothing is learned any more.

A station's calibration is looked at once in every review interval of event time, at an instant of
its own, and what comes of it holds for the windows that end later. So which profile scores a
window depends on the station's samples and on Kp as known then, and on nothing else.

Windows in one of the station's own alerts, or within a guard time of it, are never learned from,
and no later fit may raise the threshold far above that of the first: a slow rise of the background
ends in alerts and in a refusal that is told, not in silence.
"""

import hashlib
from dataclasses import dataclass, field, replace

import numpy as np

from geofield.alert import AlertState
from geofield.calibration import Calibration, QuietScores, profile_of
from geofield.indices import KpHistory
from geofield.online_rules import Setting
from geofield.profile import StationProfile, robust_scale_nt
from geofield.promise import check_founded
from geofield.stretch import Stretch
from geofield.types import Float32, Float64, Int64

_GROWTH = 1.25  # after a refused fit
_MOST_RISE = 1.5  # of the threshold, over that of the first profile
_SPARSE = 4  # quiet windows are looked for in at most so many times their number


@dataclass(frozen=True, slots=True)
class Learning:
    """Where a station's calibration stands.

    Attributes
    ----------
    review_ms
        Event time of the next look; None before the first window.
    scale_nt
        Background of H, E, Z in nT once it is known.
    stretch
        Filtered samples while the scale is looked for, then scores.
    wanted
        Quiet windows at which the next step is tried; 0 when nothing more is learned.
    profile
        The last one fitted.
    ceiling
        Highest threshold that a further fit may have; None before the first.
    """

    review_ms: int | None = None
    scale_nt: tuple[float, float, float] | None = None
    stretch: Stretch = field(default_factory=Stretch)
    wanted: int = 1
    profile: StationProfile | None = None
    ceiling: float | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more is learned."""
        return self.wanted == 0


@dataclass(frozen=True, slots=True)
class Fit:
    """What became of an attempt: a profile, or why there is none.

    `before` is the threshold until then, `at_ms` the event time of the attempt.
    """

    station: str
    at_ms: int
    profile: StationProfile | None
    refusal: str | None = None
    before: float | None = None


def resumed(profile: StationProfile, setting: Setting) -> Learning:
    """Go on from a profile fitted earlier, whose scores are gone: in its units, towards more."""
    return Learning(
        scale_nt=profile.scale_nt,
        wanted=_next(profile.windows, setting),
        profile=profile,
        ceiling=_MOST_RISE * profile.threshold,
    )


def reviewed(
    learning: Learning, station: str, end_ms: int, setting: Setting, history: KpHistory
) -> tuple[Learning, Fit | None]:
    """Before a station's window that ends at `end_ms`: take the look that is due by then.

    Returns
    -------
    The calibration that holds for this window, and the attempt at a profile if there was one.
    """
    due_ms = learning.review_ms
    if learning.over or (due_ms is not None and end_ms <= due_ms):
        return learning, None
    learning = replace(learning, review_ms=_review_from(station, end_ms, setting))
    if due_ms is None:
        return learning, None
    stretch = learning.stretch.judge(history, due_ms, setting.hop_ms, setting.quiet)
    learning = replace(learning, stretch=stretch)
    if learning.scale_nt is None:
        return _scaled(learning, station, due_ms, setting)
    if np.count_nonzero(stretch.kept()) < learning.wanted:
        return learning, None
    return _fitted(learning, learning.scale_nt, station, due_ms, setting)


def observed(
    learning: Learning,
    end_ms: Int64,
    values: Float32,
    alarms: list[tuple[int, int]],
    setting: Setting,
) -> Learning:
    """Take in windows: their ends [k], what is kept of each [k, c], and spans not to learn from.

    A span is given by two window ends, the first exclusive and the second inclusive.
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
    """How far a station is on its way to its first profile, 0 to 1; half of it is the scale."""
    if learning is None:
        return 0.0
    if learning.profile is not None:
        return 1.0
    kept = np.count_nonzero(learning.stretch.kept())
    if learning.scale_nt is None:
        return 0.5 * min(kept / setting.windows(setting.online.scale_days), 1.0)
    return 0.5 + 0.5 * min(kept / learning.wanted, 1.0)


def _scaled(
    learning: Learning, station: str, at_ms: int, setting: Setting
) -> tuple[Learning, Fit | None]:
    """Measure the scale once there is enough; a dead component makes it begin again."""
    kept = learning.stretch.kept()
    if np.count_nonzero(kept) < setting.windows(setting.online.scale_days):
        return learning, None
    values: Float64 = learning.stretch.values[kept].astype(np.float64)
    nothing = Stretch(kp_known=learning.stretch.kp_known)
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
    stretch = learning.stretch if wanted else Stretch()
    ceiling = learning.ceiling or _MOST_RISE * profile.threshold
    learned = replace(learning, stretch=stretch, wanted=wanted, profile=profile, ceiling=ceiling)
    return learned, Fit(station, at_ms, profile, None, before)


def _profile(
    stretch: Stretch, scale_nt: tuple[float, float, float], station: str, setting: Setting
) -> StationProfile:
    kept = stretch.kept()
    rmse: Float64 = stretch.values[kept, 0].astype(np.float64)
    scores = QuietScores(stretch.end_ms(setting.hop_ms)[kept], rmse)
    asked = Calibration(
        station=station,
        model_sha256=setting.model_sha256,
        declination_deg=0.0,  # without a profile samples are not turned by any other
        k=setting.alert.k,
        n=setting.alert.n,
        false_alarms_per_month=setting.online.false_alarms_per_month,
    )
    profile = profile_of(scores, scale_nt, setting.window, asked)
    check_founded(scores, profile, setting.window)
    return replace(profile, kp_known=stretch.kp_known)


def _check_rise(profile: StationProfile, ceiling: float | None) -> None:
    if ceiling is not None and profile.threshold > ceiling:
        raise ValueError(
            f"the threshold would rise to {profile.threshold:.3g}, more than {_MOST_RISE:g} times "
            "that of the first profile: these days are unlike the first ones. If they are what is "
            "normal, calibrate from an archive"
        )


def _refused(learning: Learning, setting: Setting) -> Learning:
    """Try again with more; at the limit with newer ones."""
    if learning.wanted < setting.most_windows:
        more = min(int(learning.wanted * _GROWTH) + 1, setting.most_windows)
        return replace(learning, wanted=more)
    half = len(learning.stretch.values) // 2
    return replace(learning, stretch=learning.stretch.without_oldest(half, setting.hop_ms))


def _next(windows: int, setting: Setting) -> int:
    """Windows of the fit after one with so many; 0 after the last."""
    return min(2 * windows, setting.most_windows) if windows < setting.most_windows else 0


def _review_from(station: str, end_ms: int, setting: Setting) -> int:
    """The first of a station's instants at or after a time; stations are spread over them."""
    hop_ms, review_ms = setting.hop_ms, setting.online.review_ms
    digest = hashlib.sha256(station.encode()).digest()
    offset_ms = int.from_bytes(digest[:8], "big") % max(review_ms // hop_ms, 1) * hop_ms
    return end_ms + (offset_ms - end_ms) % review_ms
