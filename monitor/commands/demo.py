"""`magwatch demo`."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from pathlib import Path

import click
from rich.console import Console

from archive.outputs import check_output_folder, output_folder, write_file
from geofield.utc import HOUR_MS
from monitor.demo.play import Scenario, play, prepare, write_results
from monitor.demo.scenario import (
    station_list,
)
from monitor.demo.system import System, running_page, running_system
from monitor.errors import Refused
from monitor.settings import forget_settings

WRITTEN = {
    "alerts.jsonl",
    "dashboard.log",
    "profiles",
    "quiet-day.png",
    "scores.parquet",
    "stations.csv",
    "storm.png",
    "summary.json",
    "transient.png",
    "worker.log",
}


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
    forget_settings()  # the demo must not use the user's broker or profiles
    # The worker must not outlive a stopped demo.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    console = Console(stderr=True)
    profiles = output_folder(cleared(output) / "profiles")
    console.print("[bold]1/4[/bold] reading five real days, calibrating WIC on 9 May 2024")
    scenario = prepare(seed, profiles)
    console.print(f"      {scenario.profile.promise}")
    console.print("[bold]2/4[/bold] starting broker and worker")
    with running_system(output, profiles) as system:
        console.print("[bold]3/4[/bold] streaming")
        collected, run = play(system, scenario)
        console.print("[bold]4/4[/bold] judging and drawing")
        write_results(output, scenario, collected, run, console)
        if keep:
            _stay(system, scenario, output, console)


def cleared(output: Path) -> Path:
    """Remove the files of an earlier demo and return the folder.

    Raises
    ------
    Refused
        If the folder contains anything else.
    """
    check_output_folder(output)
    if output.is_dir():
        others = {entry.name for entry in output.iterdir()} - WRITTEN
        if others:
            raise Refused(
                f"{output} holds {min(others)}, which no demo wrote, and would be deleted: choose "
                "another --output"
            )
        shutil.rmtree(output)
    return output


def _stay(system: System, scenario: Scenario, output: Path, console: Console) -> None:
    stations = output / "stations.csv"
    write_file(stations, station_list(scenario.recordings).encode())
    longest_ms = max(recording.end_ms - recording.start_ms for recording in scenario.recordings)
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
