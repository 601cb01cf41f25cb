"""`magwatch demo`."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec
from rich.console import Console

from archive.model import Model, default_model_path, load_model
from archive.profile import save_profile
from archive.recording import Recording
from geofield.profile import StationProfile
from geofield.threshold import DAYS_PER_MONTH
from monitor.assembly import alert_rules, assemble, window_spec
from monitor.calibrate import Plan, calibrated, lent
from monitor.demo.collect import Collected, collect
from monitor.demo.figures import draw_close_up, draw_day
from monitor.demo.judgement import by_quality, expected_windows, final_versions, judge
from monitor.demo.report import Run, show, summarize
from monitor.demo.scenario import (
    CALIBRATION_DAY_MS,
    QUIET,
    Injection,
    drawn_injections,
    quiet_day,
    station_positions,
    storm,
    with_injections,
)
from monitor.demo.system import System, running_page, running_system
from monitor.held import held
from monitor.offline import kp_history
from monitor.progress import progress_bar
from monitor.replay import Sent, flush, interleaved, open_producer, send, send_kp
from monitor.settings import load_settings
from monitor.tables import Format, write_scores

RECORD_S = 60
HOUR_MS = 3_600_000
# One day of calibration supports one false alert a day; anything rarer would be extrapolated.
FALSE_ALARMS_PER_MONTH = DAYS_PER_MONTH


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that is played."""

    model: Model
    profile: StationProfile
    recordings: list[Recording]
    injections: list[Injection]


@click.command()
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, file_okay=False),
    default="demo-output",
    show_default=True,
)
@click.option("--seed", default=2024, show_default=True, help="Draws the synthetic transients.")
@click.option("--keep", is_flag=True, help="Serve the live page until Ctrl-C.")
def demo(output: Path, seed: int, keep: bool) -> None:
    """Play a real storm and a real quiet day through the whole system and judge the alerts.

    Embedded broker, a worker, metrics; four days of the G5 storm of May 2024 and a quiet day with
    three synthetic transients, all at one sample a second, from the Conrad Observatory. Writes
    summary.json, alerts.jsonl, scores.parquet and figures. Needs no network.

    \b
    Example:
      magwatch demo --output demo-output --keep
    """
    # The worker must not outlive a demo that is told to stop.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    console = Console(stderr=True)
    shutil.rmtree(output, ignore_errors=True)
    profiles = output / "profiles"
    profiles.mkdir(parents=True)
    console.print("[bold]1/4[/bold] reading five real days, calibrating WIC on 9 May 2024")
    scenario = prepare(seed, profiles)
    console.print(f"      {scenario.profile.promise}")
    console.print("[bold]2/4[/bold] starting broker and worker")
    with running_system(output, profiles) as system:
        console.print("[bold]3/4[/bold] streaming")
        found, run = play(system, scenario)
        console.print("[bold]4/4[/bold] judging and drawing")
        write_results(output, scenario, found, run, console)
        if keep:
            _stay(system, scenario, output, console)


def prepare(seed: int, profiles: Path) -> Scenario:
    """Read the days, calibrate on the first, add the transients, and write both profiles."""
    model = load_model(load_settings().model or default_model_path())
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
    plan = Plan(window, alert_rules(settings), FALSE_ALARMS_PER_MONTH)
    return calibrated([held(day)], model, plan).profile


def play(system: System, scenario: Scenario) -> tuple[Collected, Run]:
    """Stream the recordings, as fast as they go, and read back what comes of them."""
    spec = assemble(system.settings).rules.window
    spans = [(recording.start_ms, recording.end_ms) for recording in scenario.recordings]
    windows = sum(expected_windows(*span, spec) for span in spans)
    began_s = time.monotonic()
    with progress_bar("windows") as bar, closing(open_producer(system.settings)) as producer:
        task = bar.add_task("streaming", total=windows)
        send_kp(producer, system.settings, scenario.recordings)
        sent = Sent()
        records = interleaved(scenario.recordings, RECORD_S)
        send(producer, system.settings, records, sent, lambda _: None)
        flush(producer, system.settings, sent)
        found = collect(system, windows, lambda n: bar.advance(task, n))
    seconds = time.monotonic() - began_s
    counts = by_quality(found.scores)
    return found, Run(
        samples_in=round(system.metric("magwatch_samples_total", outcome="accepted")),
        samples_missing=round(system.metric("magwatch_samples_total", outcome="missing")),
        windows_expected=windows,
        windows_scored=counts["ok"],
        windows_insufficient=counts["insufficient"],
        seconds=seconds,
    )


def write_results(
    output: Path, scenario: Scenario, found: Collected, run: Run, console: Console
) -> None:
    """Write every file of the demo and print the summary."""
    history = kp_history(scenario.recordings)
    about, window = scenario.model.ref, scenario.model.manifest.window
    window_ms = window.samples * window.cadence_ms
    judgement = judge(found.alerts, scenario.injections, history, window_ms)
    summary = summarize(
        run, judgement, scenario.profile, f"{about.name} {about.version}", about.skill
    )
    encoded = msgspec.json.format(msgspec.json.encode(summary), indent=2)
    (output / "summary.json").write_bytes(encoded + b"\n")
    (output / "alerts.jsonl").write_bytes(b"".join(v + b"\n" for v in found.alert_values))
    write_scores(found.scores, output / "scores.parquet", Format.PARQUET)
    _draw(output, scenario, found)
    show(summary, console)
    console.print(f"figures and data: {output.resolve()}")


def _draw(output: Path, scenario: Scenario, found: Collected) -> None:
    stormy, quiet = scenario.recordings
    alerts = final_versions(found.alerts)
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
        scores = [score for score in found.scores if score.station == recording.station]
        own = [alert for alert in alerts if alert.station == recording.station]
        draw_day(output / name, title, recording, scores, own, injections, history)
    draw_close_up(
        output / "transient.png", quiet, scenario.injections[0], scenario.model, scenario.profile
    )


def _stay(system: System, scenario: Scenario, output: Path, console: Console) -> None:
    stations = output / "stations.csv"
    stations.write_text(station_positions(scenario.recordings))
    longest_ms = max(one.end_ms - one.start_ms for one in scenario.recordings)
    with running_page(system, stations, hours=longest_ms / HOUR_MS) as page:
        console.print(
            f"\n[bold]page     {page}[/bold]"
            f"\nbroker   {system.settings.broker}   (MAGWATCH_BROKER={system.settings.broker} "
            f"magwatch alerts --from-beginning)\nmetrics  {system.metrics_url}/metrics\n"
            f"Ctrl-C stops all of it."
        )
        try:
            while True:
                system.check_alive()
                time.sleep(1)
        except KeyboardInterrupt:
            console.print("stopped")
