"""What the demo's alerts are worth: found transients, false alerts, and what class they got."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from geofield.indices import KpHistory
from geofield.windows import WindowSpec
from monitor.demo.scenario import QUIET, Injection
from monitor.records import AlertData, ScoreRecord, time_ms

STORM_KP = 6.0
ALL_KNOWN_MS = 2**62


@dataclass(frozen=True, slots=True)
class Finding:
    """A transient and the alert that met it, if one did: its first version and its last."""

    injection: Injection
    opened: AlertData | None
    alert: AlertData | None

    @property
    def found(self) -> bool:
        """Whether there is an alert and it ended as `local`."""
        return self.alert is not None and self.alert.classification == "local"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The demo in figures.

    Attributes
    ----------
    findings
        One for each transient.
    false_alerts
        Alerts of the quiet day, by their last version, that meet no transient.
    storm_alerts
        Alerts of the storm station, by their last version.
    local_alerts_kp6
        Alert versions that said `local` although Kp reached 6 during them.
    """

    findings: list[Finding]
    false_alerts: list[AlertData]
    storm_alerts: list[AlertData]
    local_alerts_kp6: int


def judge(
    versions: Sequence[AlertData],
    injections: Sequence[Injection],
    history: KpHistory,
    window_ms: int,
) -> Judgement:
    """Compare alert versions with the truth; `window_ms` is how far a window reaches back."""
    last = final_versions(versions)
    quiet = [alert for alert in last if alert.station == QUIET]
    met = {injection: _meeting(quiet, injection, window_ms) for injection in injections}
    explained = {alert.alert_id for alerts in met.values() for alert in alerts}
    first = {version.alert_id: version for version in versions if version.version == 1}
    return Judgement(
        findings=[_finding(injection, _best(met[injection]), first) for injection in injections],
        false_alerts=[alert for alert in quiet if alert.alert_id not in explained],
        storm_alerts=[alert for alert in last if alert.station != QUIET],
        local_alerts_kp6=sum(_local_in_storm(version, history) for version in versions),
    )


def final_versions(versions: Iterable[AlertData]) -> list[AlertData]:
    """The newest version of each alert, in the order in which they opened."""
    newest: dict[str, AlertData] = {}
    for version in sorted(versions, key=lambda alert: (alert.start, alert.version)):
        newest[version.alert_id] = version
    return list(newest.values())


def expected_windows(start_ms: int, end_ms: int, spec: WindowSpec) -> int:
    """How many windows a gapless span of samples makes due."""
    first, after = start_ms // spec.cadence_ms, end_ms // spec.cadence_ms
    return len(spec.due_ends(spec.first_end(first), after))


def by_quality(scores: Iterable[ScoreRecord]) -> Mapping[str, int]:
    """How many windows have a score, and how many have none and why."""
    counts: dict[str, int] = {"ok": 0, "insufficient": 0, "calibrating": 0}
    for score in scores:
        counts[score.quality] += 1
    return counts


def _meeting(alerts: Iterable[AlertData], injection: Injection, window_ms: int) -> list[AlertData]:
    """Alerts whose windows touch the transient. An alert's start is that of its first window."""
    return [
        alert
        for alert in alerts
        if time_ms(alert.start) < injection.end_ms + window_ms
        and time_ms(alert.end) > injection.start_ms
    ]


def _finding(
    injection: Injection, alert: AlertData | None, first: Mapping[str, AlertData]
) -> Finding:
    return Finding(injection, first.get(alert.alert_id) if alert else None, alert)


def _best(alerts: list[AlertData]) -> AlertData | None:
    local = [alert for alert in alerts if alert.classification == "local"]
    return next(iter(local or alerts), None)


def _local_in_storm(version: AlertData, history: KpHistory) -> bool:
    kp = history.between(time_ms(version.start), time_ms(version.end), ALL_KNOWN_MS)
    return version.classification == "local" and (kp.highest or 0.0) >= STORM_KP
