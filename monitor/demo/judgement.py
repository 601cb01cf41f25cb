"""Judgement of the demo's alerts: found transients, false alerts, and classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from geofield.indices import IndexHistory
from geofield.series.windows import WindowSpec
from geofield.utc import time_ms
from monitor.demo.scenario import CALIBRATION_DAY_MS, QUIET, InjectedTransient
from monitor.records.scores_and_alerts import AlertData, ScoreRecord

STORM_KP = 6.0
ALL_KNOWN_MS = 2**62


@dataclass(frozen=True, slots=True)
class TransientFinding:
    """A transient and the alert that coincides with it, if any."""

    injection: InjectedTransient
    opened: AlertData | None  # first version of the alert
    alert: AlertData | None  # last version

    @property
    def found(self) -> bool:
        """Whether there is an alert with the final class `local`."""
        return self.alert is not None and self.alert.classification == "local"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The demo in figures.

    Attributes
    ----------
    findings
        One for each transient.
    false_alerts
        Last versions of the alerts of the quiet day that coincide with no transient.
    calibration_alerts, storm_alerts
        Last versions of the alerts of the storm station: on the quiet day that calibrates it, and
        on the days after.
    local_alerts_kp6
        Number of alert versions with the class `local` during which Kp reached 6.
    """

    findings: list[TransientFinding]
    false_alerts: list[AlertData]
    calibration_alerts: list[AlertData]
    storm_alerts: list[AlertData]
    local_alerts_kp6: int


def judge(
    versions: Sequence[AlertData],
    injections: Sequence[InjectedTransient],
    history: IndexHistory,
    window_ms: int,
) -> Judgement:
    """Compare alert versions with the injections; `window_ms` is the length of a window."""
    last = final_versions(versions)
    quiet = [alert for alert in last if alert.station == QUIET]
    stormy = [alert for alert in last if alert.station != QUIET]
    met = {injection: _meeting(quiet, injection, window_ms) for injection in injections}
    explained = {alert.alert_id for alerts in met.values() for alert in alerts}
    first = {version.alert_id: version for version in versions if version.version == 1}
    return Judgement(
        findings=[_finding(injection, _best(met[injection]), first) for injection in injections],
        false_alerts=[alert for alert in quiet if alert.alert_id not in explained],
        calibration_alerts=[alert for alert in stormy if _calibrates(alert)],
        storm_alerts=[alert for alert in stormy if not _calibrates(alert)],
        local_alerts_kp6=sum(_local_in_storm(version, history) for version in versions),
    )


def final_versions(versions: Iterable[AlertData]) -> list[AlertData]:
    """The newest version of each alert, in the order in which they opened."""
    newest: dict[str, AlertData] = {}
    for version in sorted(versions, key=lambda alert: (alert.start, alert.version)):
        newest[version.alert_id] = version
    return list(newest.values())


def expected_windows(start_ms: int, end_ms: int, spec: WindowSpec) -> int:
    """Number of windows that a gapless span of samples makes due."""
    first, after = start_ms // spec.cadence_ms, end_ms // spec.cadence_ms
    return len(spec.due_ends(spec.first_end(first), after))


def by_quality(scores: Iterable[ScoreRecord]) -> Mapping[str, int]:
    """Number of windows by quality."""
    counts: dict[str, int] = {"ok": 0, "insufficient": 0, "calibrating": 0}
    for score in scores:
        counts[score.quality] += 1
    return counts


def _meeting(
    alerts: Iterable[AlertData], injection: InjectedTransient, window_ms: int
) -> list[AlertData]:
    """Alerts with windows that overlap the transient; an alert starts with its first window."""
    return [
        alert
        for alert in alerts
        if time_ms(alert.start) < injection.end_ms + window_ms
        and time_ms(alert.end) > injection.start_ms
    ]


def _calibrates(alert: AlertData) -> bool:
    return time_ms(alert.start) < CALIBRATION_DAY_MS[1]


def _finding(
    injection: InjectedTransient, alert: AlertData | None, first: Mapping[str, AlertData]
) -> TransientFinding:
    return TransientFinding(injection, first.get(alert.alert_id) if alert else None, alert)


def _best(alerts: list[AlertData]) -> AlertData | None:
    local = [alert for alert in alerts if alert.classification == "local"]
    return next(iter(local or alerts), None)


def _local_in_storm(version: AlertData, history: IndexHistory) -> bool:
    kp = history.between(time_ms(version.start), time_ms(version.end), ALL_KNOWN_MS)
    return version.classification == "local" and (kp.highest or 0.0) >= STORM_KP
