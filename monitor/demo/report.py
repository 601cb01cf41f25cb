"""Results of the demo: `summary.json`, and the same as text on the terminal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from geofield.alerts.alert import Severity
from geofield.calibration.profile import StationProfile
from geofield.utc import utc
from monitor.demo.judgement import Judgement, TransientFinding
from monitor.demo.scenario import QUIET, STORM
from monitor.demo.transients import Family


class FoundTransient(msgspec.Struct, frozen=True):
    """A synthetic transient and the alert on it."""

    family: str
    frequency_hz: float
    start: str
    end: str
    found: bool
    alert_id: str | None
    first_window: str | None
    opened: str | None
    classification: str | None


class Summary(msgspec.Struct, frozen=True):
    """Contents of `summary.json`."""

    samples_in: int
    samples_missing: int
    windows_expected: int
    windows_scored: int
    windows_insufficient: int
    transients_injected: int
    transients_found: int
    false_local_alerts: int
    false_alerts: int
    local_alerts_kp6: int
    calibration_day_alerts: int
    storm_alerts_by_class: dict[str, int]
    storm_alerts_by_severity: dict[str, int]
    samples_per_second: float
    seconds: float
    transients: list[FoundTransient]
    calibration: str
    model: str
    skill: str


@dataclass(frozen=True, slots=True)
class DemoRun:
    """Counts and duration of a run of the system."""

    samples_in: int
    samples_missing: int
    windows_expected: int
    windows_scored: int
    windows_insufficient: int
    seconds: float


def summarize(
    run: DemoRun, judgement: Judgement, profile: StationProfile, model: str, skill: str
) -> Summary:
    """The summary of a run."""
    transients = [_described(finding) for finding in judgement.findings]
    local = [alert for alert in judgement.false_alerts if alert.classification == "local"]
    classes = Counter(alert.classification for alert in judgement.storm_alerts)
    severities = Counter(alert.severity for alert in judgement.storm_alerts)
    return Summary(
        samples_in=run.samples_in,
        samples_missing=run.samples_missing,
        windows_expected=run.windows_expected,
        windows_scored=run.windows_scored,
        windows_insufficient=run.windows_insufficient,
        transients_injected=len(transients),
        transients_found=sum(transient.found for transient in transients),
        false_local_alerts=len(local),
        false_alerts=len(judgement.false_alerts),
        local_alerts_kp6=judgement.local_alerts_kp6,
        calibration_day_alerts=len(judgement.calibration_alerts),
        storm_alerts_by_class=dict(sorted(classes.items())),
        storm_alerts_by_severity={level.value: severities[level.value] for level in Severity},
        samples_per_second=round(run.samples_in / run.seconds, 1),
        seconds=round(run.seconds, 2),
        transients=transients,
        calibration=profile.promise,
        model=model,
        skill=skill,
    )


def show(summary: Summary, console: Console) -> None:
    """Print the summary as a stranger would want to read it."""
    console.print(
        f"\n[bold]{summary.samples_in:,}[/bold] samples in "
        f"({summary.samples_missing:,} missing), "
        f"[bold]{summary.windows_scored:,}[/bold] windows scored and "
        f"{summary.windows_insufficient:,} insufficient of {summary.windows_expected:,} expected, "
        f"{summary.samples_per_second:,.0f} samples/s through broker, worker and alerts\n"
    )
    console.print(_transient_table(summary))
    classes, severities = (
        ", ".join(f"{n} {name}" for name, n in counts.items())
        for counts in (summary.storm_alerts_by_class, summary.storm_alerts_by_severity)
    )
    console.print(
        f"\n[bold]Quiet day[/bold] ({QUIET}): {summary.false_local_alerts} false `local` alerts, "
        f"{summary.false_alerts} false alerts of any class."
        f"\n[bold]9 May 2024[/bold], the quiet day that calibrated: "
        f"{summary.calibration_day_alerts} alerts."
        f"\n[bold]Storm of 10-12 May 2024[/bold] ({STORM}): alerts {classes or 'none'} "
        f"({severities}); "
        f"{summary.local_alerts_kp6} versions said `local` while Kp was 6 or more."
        f"\n[bold]What one day of calibration can promise[/bold]: {summary.calibration}. "
        "Background differs by season, hour and year: calibrate on a month or more before you "
        "rely on a rate."
        f"\n[bold]Model[/bold] {summary.model}: {summary.skill}\n"
    )


def _transient_table(summary: Summary) -> Table:
    table = Table(
        title=f"Three synthetic transients added to the real quiet day 2018-08-29 ({QUIET})",
        caption="UTC; over: first window over the threshold begins; opened: the alert does",
        box=SIMPLE_HEAD,
    )
    for heading in ("transient", "from", "to", "found", "over", "opened", "class"):
        table.add_column(heading, no_wrap=True)
    for row in summary.transients:
        pitch = f" {row.frequency_hz:.3f} Hz" if row.family == Family.OSCILLATION.value else ""
        table.add_row(
            row.family + pitch,
            row.start[11:16],
            row.end[11:16],
            "[green]yes[/green]" if row.found else "[red]no[/red]",
            (row.first_window or "-")[11:16],
            (row.opened or "-")[11:16],
            row.classification or "-",
        )
    return table


def _described(finding: TransientFinding) -> FoundTransient:
    transient, alert = finding.injection.transient, finding.alert
    return FoundTransient(
        family=transient.family.value,
        frequency_hz=round(transient.frequency_hz, 4),
        start=utc(finding.injection.start_ms),
        end=utc(finding.injection.end_ms),
        found=finding.found,
        alert_id=alert.alert_id if alert else None,
        first_window=alert.start if alert else None,
        opened=finding.opened.decided if finding.opened else None,
        classification=alert.classification if alert else None,
    )
