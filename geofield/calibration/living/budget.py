"""Count the alerts that quiet data open while the profile lives on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from geofield.alerts.alert import Alert, AlertState
from geofield.calibration.false_alarm_budget import followed
from geofield.calibration.fit import QuietScores
from geofield.calibration.living.life import Life, begun, observed, reviewed
from geofield.calibration.living.rules import LivingSetting
from geofield.calibration.living.update import own_alerts
from geofield.calibration.online.state import alarmed
from geofield.calibration.profile import StationProfile
from geofield.indices import IndexHistory
from geofield.types import Bool, Float64, Int64

_NO_KP = IndexHistory()


@dataclass(frozen=True, slots=True, eq=False)
class Lived:
    """What became of a profile in quiet data.

    Attributes
    ----------
    opened_ms
        Shape [k]: ends of the windows at which alerts opened, ms since 1970 UTC.
    threshold
        Shape [n]: threshold of each window.
    profile
        The profile at the end.
    """

    opened_ms: Int64
    threshold: Float64
    profile: StationProfile


def lived(profile: StationProfile, scores: QuietScores, setting: LivingSetting) -> Lived:
    """Follow the alerts in quiet data as a worker would, while the profile lives on.

    Parameters
    ----------
    profile
        The profile that the data begin with.
    scores
        Scores of quiet windows after the profile's own data, in units of its scale.
    setting
        Rules of living profiles, and the window and alert rules.
    """
    return lived_in_parts(profile, scores, setting, [0, len(scores)])


def lived_in_parts(
    profile: StationProfile, scores: QuietScores, setting: LivingSetting, bounds: Sequence[int]
) -> Lived:
    """`lived` with the windows added in parts, whose bounds in `scores` change no result."""
    # all these windows are known to be quiet: none waits for its Kp
    setting = replace(setting, alert=replace(setting.alert, settle_ms=0))
    end_ms, hop_ms = scores.end_ms, setting.hop_ms
    threshold = np.empty(len(scores))
    opened_ms: list[int] = []
    if not len(scores):
        return Lived(np.array(opened_ms, np.int64), threshold, profile)
    before_ms = int(end_ms[0]) - hop_ms
    life = begun(profile, profile.station, int(end_ms[0]), setting)
    state = AlertState()
    begin = 0
    for end in bounds[1:]:
        while begin < end:
            life = reviewed(life, profile.station, int(end_ms[begin]), setting, _NO_KP)
            stop = min(int(np.searchsorted(end_ms, life.review_ms, side="right")), end)
            part = QuietScores(end_ms[begin:stop], scores.rmse[begin:stop])
            threshold[begin:stop] = life.profile.threshold
            state, life, new_ms = _through(part, state, life, setting, before_ms)
            opened_ms += new_ms
            begin, before_ms = stop, int(end_ms[stop - 1])
    return Lived(np.array(opened_ms, np.int64), threshold, life.profile)


def _through(
    part: QuietScores, state: AlertState, life: Life, setting: LivingSetting, before_ms: int
) -> tuple[AlertState, Life, list[int]]:
    """Alerts and life after windows that lie between two refits, and the ends of the openings."""
    near: list[bool] = []
    alerts: list[Alert] = []
    rules, spec = setting.alert, setting.window
    for window, after, versions in followed(
        state, part, life.profile.threshold, rules, spec, before_ms
    ):
        state = after
        alerts += versions
        if window.score is not None:
            near.append(alarmed(state, window.end_ms, setting.living.guard_ms))
    in_alarm: Bool = np.array(near, dtype=bool)
    opened, spans = own_alerts(alerts, setting).get("", ([], []))
    kept = part.where(~in_alarm)
    fresh = list(zip(kept.end_ms.tolist(), kept.rmse.tolist(), strict=True))
    life = observed(life, fresh, int(in_alarm.sum()), opened, spans, setting)
    return state, life, [alert.end_ms for alert in opened]
