"""Living profiles within the step: refits before windows, additions after them."""

from collections.abc import MutableMapping, Sequence
from typing import TypeAlias

from geofield.alerts.alert import Alert, Change, Classification
from geofield.calibration.living.life import Life, OwnAlert, begun, observed, reviewed, root_of
from geofield.calibration.living.rules import LivingSetting
from geofield.calibration.profile import StationProfile
from geofield.indices import IndexHistory
from geofield.scoring.score import MeasuredWindow
from geofield.types import Bool

MeasuredGroup: TypeAlias = tuple[str, StationProfile | None, Sequence[MeasuredWindow]]
"""A station, the profile that judges its windows, and the windows in order of time."""
Span: TypeAlias = tuple[int, int]


def until_refit(
    groups: Sequence[MeasuredGroup],
    lives: MutableMapping[str, Life],
    setting: LivingSetting,
    history: IndexHistory,
) -> tuple[list[MeasuredGroup], list[MeasuredGroup]]:
    """Do the refits that are due before these windows, and let them count.

    Parameters
    ----------
    groups
        Windows of any stations, each with the profile that a life begins with.
    lives
        Lives by station; changed in place. The life of another profile ends.
    setting
        Rules of living profiles.
    history
        Kp values so far.

    Returns
    -------
    The windows up to each station's next refit, with the profiles in use, and the windows after it.
    """
    now: list[MeasuredGroup] = []
    later: list[MeasuredGroup] = []
    waiting: set[str] = set()
    for station, profile, windows in groups:
        if station in waiting:
            later.append((station, profile, windows))
            continue
        if profile is None:
            now.append((station, profile, windows))
            continue
        waiting.add(station)
        life, first_ms = lives.get(station), windows[0].end_ms
        if life is None or life.root != root_of(profile):
            life = begun(profile, station, first_ms, setting)
        life = lives[station] = reviewed(life, station, first_ms, setting, history)
        early = len(windows)
        while windows[early - 1].end_ms > life.review_ms:
            early -= 1
        now.append((station, life.profile, windows[:early]))
        if early < len(windows):
            later.append((station, profile, windows[early:]))
    return now, later


def live(
    lives: MutableMapping[str, Life],
    groups: Sequence[MeasuredGroup],
    alerts: Sequence[Alert],
    alarmed_windows: Bool,
    setting: LivingSetting,
) -> None:
    """Add windows to the lives, which are replaced in `lives`.

    Parameters
    ----------
    groups
        Windows, from `until_refit`.
    alerts
        Alert versions that the windows caused.
    alarmed_windows
        Shape [windows of all groups]: whether each window lies in an alert or soon after one.
    setting
        Rules of living profiles.
    """
    opened = own_alerts(alerts, setting) if alerts else {}
    position = 0
    for station, profile, windows in groups:
        near = alarmed_windows[position : position + len(windows)].tolist()
        position += len(windows)
        if profile is None:
            continue
        fresh = [
            (window.end_ms, window.errors.rmse)
            for window, in_alarm in zip(windows, near, strict=True)
            if window.errors is not None and not in_alarm and not window.faults
        ]
        passed, spans = opened.get(station, ((), ()))
        lives[station] = observed(lives[station], fresh, sum(near), passed, spans, setting)


def own_alerts(
    alerts: Sequence[Alert], setting: LivingSetting
) -> dict[str, tuple[list[OwnAlert], list[Span]]]:
    """The alerts that opened, by station, and for each the window ends before it that go with it.

    An alert that is man-made or the instrument's from the start is none of the field's.
    """
    found: dict[str, tuple[list[OwnAlert], list[Span]]] = {}
    for alert in alerts:
        if alert.change is not Change.OPENED:
            continue
        opened_ms = alert.decided_ms - setting.window.decision_delay_ms
        passed, spans = found.setdefault(alert.station, ([], []))
        spans.append((alert.start_ms - setting.living.guard_ms, opened_ms))
        if alert.classification is not Classification.DATA_QUALITY:
            passed.append(OwnAlert(opened_ms, alert.score.threshold, alert.id))
    return found
