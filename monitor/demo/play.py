"""Steps of the demo: calibrate, stream, judge, write the results."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.console import Console

from archive.model import Model
from archive.outputs import write_file
from archive.profile import save_profile
from archive.recording import Recording
from geofield.calibration.profile import StationProfile
from geofield.calibration.threshold import DAYS_PER_MONTH
from monitor.assembly import alert_rules, assemble, load_models, window_spec
from monitor.demo.collect import Collected, collect
from monitor.demo.figures import draw_close_up, draw_day
from monitor.demo.judgement import by_quality, expected_windows, final_versions, judge
from monitor.demo.report import DemoRun, show, summarize
from monitor.demo.scenario import (
    CALIBRATION_DAY_MS,
    QUIET,
    InjectedTransient,
    drawn_injections,
    quiet_day,
    storm,
    with_injections,
)
from monitor.demo.system import System
from monitor.kafka.sending import producing
from monitor.offline.calibration.calibrate import CalibrationPlan, calibrated, lent
from monitor.offline.calibration.compact_recording import compact
from monitor.offline.pacing import interleaved
from monitor.offline.replay import Sent, flush, send, send_kp
from monitor.offline.score import kp_history
from monitor.offline.score_files import ScoreFormat, write_scores
from monitor.settings import load_settings
from support.progress import progress_bar

RECORD_S = 60


# One day of calibration supports one false alert a day; anything rarer would be extrapolated.
FALSE_ALARMS_PER_MONTH = DAYS_PER_MONTH


@dataclass(frozen=True, slots=True)
class Scenario:
    """Model, profile and data of the demo."""

    model: Model
    profile: StationProfile
    recordings: list[Recording]
    injections: list[InjectedTransient]


def prepare(seed: int, profiles: Path) -> Scenario:
    """Read the days, calibrate on the first, add the transients, and write both profiles."""
    model = load_models(load_settings())[0].model
    stormy, quiet = storm(), quiet_day()
    day = stormy.between(*CALIBRATION_DAY_MS)
    profile = calibrated_on(day, model)
    save_profile(profile, profiles)
    save_profile(lent(profile, QUIET), profiles)
    injections = drawn_injections(quiet.start_ms, seed)
    disturbed = with_injections(quiet, injections, profile.scale_nt)
    return Scenario(model, profile, [stormy, disturbed], injections)


def calibrated_on(day: Recording, model: Model) -> StationProfile:
    """Profile from the quiet windows of one day."""
    settings = load_settings()
    window = window_spec(settings, model.manifest)
    plan = CalibrationPlan(window, alert_rules(settings), FALSE_ALARMS_PER_MONTH)
    return calibrated([compact(day)], model, plan).profile


def play(system: System, scenario: Scenario) -> tuple[Collected, DemoRun]:
    """Stream the recordings at full speed and collect the published records."""
    spec = assemble(system.settings).rules.window
    spans = [(recording.start_ms, recording.end_ms) for recording in scenario.recordings]
    windows = sum(expected_windows(*span, spec) for span in spans)
    began_s = time.monotonic()
    with progress_bar("windows") as bar, producing(system.settings) as producer:
        task = bar.add_task("streaming", total=windows)
        send_kp(producer, system.settings, scenario.recordings)
        sent = Sent()
        records = interleaved(scenario.recordings, RECORD_S)
        send(producer, system.settings, records, sent, lambda _: None)
        flush(producer, system.settings, sent)
        collected = collect(system, windows, lambda n: bar.advance(task, n))
    seconds = time.monotonic() - began_s
    counts = by_quality(collected.scores)
    return collected, DemoRun(
        samples_in=round(system.metric("magwatch_samples_total", outcome="accepted")),
        samples_missing=round(system.metric("magwatch_samples_total", outcome="missing")),
        windows_expected=windows,
        windows_scored=counts["ok"],
        windows_insufficient=counts["insufficient"],
        seconds=seconds,
    )


def write_results(
    output: Path, scenario: Scenario, collected: Collected, run: DemoRun, console: Console
) -> None:
    """Write every file of the demo and print the summary."""
    history = kp_history(scenario.recordings)
    about, window = scenario.model.ref, scenario.model.manifest.window
    judgement = judge(
        collected.alerts, scenario.injections, history, window.samples * window.cadence_ms
    )
    summary = summarize(
        run, judgement, scenario.profile, f"{about.name} {about.version}", about.skill
    )
    encoded = msgspec.json.format(msgspec.json.encode(summary), indent=2)
    write_file(output / "summary.json", encoded + b"\n")
    write_file(output / "alerts.jsonl", b"".join(v + b"\n" for v in collected.alert_values))
    write_scores(collected.scores, output / "scores.parquet", ScoreFormat.PARQUET)
    _draw(output, scenario, collected)
    show(summary, console)
    console.print(f"figures and data: {output.resolve()}")


def _draw(output: Path, scenario: Scenario, collected: Collected) -> None:
    stormy, quiet = scenario.recordings
    alerts = final_versions(collected.alerts)
    for recording, name, title, injections, history in (
        (stormy, "storm.png", "WIC, 9-12 May 2024: the G5 storm", [], kp_history([stormy])),
        (
            quiet,
            "quiet-day.png",
            "WIC, 29 August 2018: a quiet day with three synthetic transients",
            scenario.injections,
            None,
        ),
    ):
        scores = [score for score in collected.scores if score.station == recording.station]
        shown = [alert for alert in alerts if alert.station == recording.station]
        draw_day(output / name, title, recording, scores, shown, injections, history)
    draw_close_up(
        output / "transient.png", quiet, scenario.injections[0], scenario.model, scenario.profile
    )
