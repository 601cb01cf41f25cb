"""From a full topic of samples to published scores: the worker, and what it may be compared with.

Run it with ``python -m bench.pipeline`` (part of `make bench`). Beside the worker run, in turns and
in alternating order, the same job in Quix Streams (`bench.peers.quix`), onnxruntime alone on the
same windows, and clients that only read the same records.
"""

from __future__ import annotations

import math
import sys
from itertools import product
from pathlib import Path
from typing import NamedTuple

import click

from archive.model import default_model_path, load_manifest
from bench.contest import check_same, expected_scores
from bench.feed import Feed, fill
from bench.inference import windows_nt
from bench.report import Row, publish, spread
from bench.running import kafka, prepared
from bench.systems import (
    ONE_THREAD,
    PEERS,
    QUIX,
    WORKER,
    Course,
    Measured,
    peer_versions,
    run_consumer,
    systems,
)
from geofield.series.windows import WindowSpec
from monitor.errors import Refused
from monitor.offline.replay import ENCODERS
from support.progress import progress_bar

LENGTHS = (1, 10, 60, 600)
JSON, BINARY = ENCODERS
STATIONS = (1, 40, 120, 1000)
USUAL_LENGTH, USUAL_STATIONS = 60, 40
# Samples a second that a worker may reach, by the length of a record: how much to prepare.
GUESS = {1: 60_000, 10: 300_000, 60: 600_000, 600: 800_000}
LEAST_HOPS = 4
NOTE = """\
Measured from the moment when the last station has its first score until 98 of 100 scores are there,
by the broker's clock: start-up, joining the group and filling the windows are left out; samples are
windows times the hop. Median of the repetitions (lowest-highest). CPU is that of the process alone;
the broker shares the machine. `of onnxruntime` is the share of one thread's windows a second. Quix
Streams does less: no checkpoints of windows, no alerts, no search for instrument trouble; it reads
JSON only. The clients alone decode nothing."""


class Setting(NamedTuple):
    """Samples in a record, stations, and how records are written."""

    length: int
    stations: int
    encoding: str = JSON


class SettingType(click.ParamType):
    """``60:40``: records of 60 samples from 40 stations; ``60:40:binary``: not written as JSON."""

    name = "record:stations[:encoding]"

    def convert(
        self, value: str | Setting, param: click.Parameter | None, ctx: click.Context | None
    ) -> Setting:
        """The setting, if it is one."""
        if isinstance(value, Setting):
            return value
        length, _, rest = value.partition(":")
        stations, _, encoding = rest.partition(":")
        numbers = length.isdigit() and stations.isdigit() and int(length) and int(stations)
        if not numbers or (encoding or JSON) not in ENCODERS:
            self.fail(f"{value!r} is not like 60:40 or 60:40:{BINARY}", param, ctx)
        return Setting(int(length), int(stations), encoding or JSON)


def usual_settings() -> list[Setting]:
    """Every length with the usual stations, every number of stations with the usual length.

    The usual of both also in the other encoding.
    """
    lengths = [Setting(length, USUAL_STATIONS) for length in LENGTHS]
    others = [Setting(USUAL_LENGTH, n) for n in STATIONS if n != USUAL_STATIONS]
    return [*lengths, *others, Setting(USUAL_LENGTH, USUAL_STATIONS, BINARY)]


def samples_for(length: int, stations: int, seconds: float, spec: WindowSpec) -> int:
    """Samples of each station for a run that goes on for so long after its windows are full."""
    known = max((one for one in GUESS if one <= length), default=1)
    wanted = max(round(GUESS[known] * seconds / stations), LEAST_HOPS * spec.hop)
    whole = math.lcm(length, spec.hop) if length <= spec.hop else length
    filling = spec.span + spec.lateness + spec.hop
    return -(-(filling + wanted) // whole) * whole


def measure(course: Course, repeats: int) -> dict[str, list[Measured]]:
    """Every system so many times, one round forwards and the next backwards."""
    run_consumer(course, sys.executable, "bench.consume")  # warms the broker up
    entered = systems()
    if course.encoding != JSON:
        entered.pop(QUIX, None)
    found: dict[str, list[Measured]] = {name: [] for name in entered}
    with progress_bar("runs") as bar:
        task = bar.add_task(f"{course.length}:{len(course.feed.codes)}", total=repeats * len(found))
        for number in range(repeats):
            for name in list(entered)[:: -1 if number % 2 else 1]:
                found[name].append(entered[name](course))
                bar.advance(task)
    return found


def differences(found: dict[str, list[Measured]]) -> float | None:
    """The largest difference between the worker's scores and the peer's; they must be as many."""
    if QUIX not in found:
        return None
    return max(
        check_same(ours.scores, theirs.scores)
        for ours, theirs in zip(found[WORKER], found[QUIX], strict=True)
    )


def rows(setting: Setting, found: dict[str, list[Measured]]) -> list[Row]:
    """One row for each system."""
    rates = {name: spread([run.samples_per_s for run in runs]) for name, runs in found.items()}
    quix = rates[QUIX].median if QUIX in rates else None
    return [
        _row(setting, name, runs, quix, rates[ONE_THREAD].median) for name, runs in found.items()
    ]


def _row(setting: Setting, name: str, runs: list[Measured], quix: float | None, bare: float) -> Row:
    rate = spread([run.samples_per_s for run in runs])
    windows = [run.windows_per_s for run in runs if run.windows_per_s is not None]
    peaks_mb = [run.peak_mb for run in runs if run.peak_mb is not None]
    return {
        "record, samples": setting.length,
        "stations": setting.stations,
        "encoding": setting.encoding,
        "system": name,
        "samples/s": rate,
        "records/s": rate.median / setting.length,
        "windows/s": spread(windows).median if windows else None,
        "x Quix": rate.median / quix if quix and windows else None,
        "of onnxruntime": rate.median / bare if windows else None,
        "CPU, cores": spread([run.cores for run in runs]).median,
        "samples/CPU s": spread([run.samples_per_s / run.cores for run in runs]).median,
        "peak, MB": max(peaks_mb) if peaks_mb else None,
        "measured, s": spread([run.seconds for run in runs]).median,
    }


def course_over(
    address: str, folder: Path, setting: Setting, seconds: float, spec: WindowSpec
) -> Course:
    """Fill a topic."""
    length, stations, encoding = setting
    feed = Feed.of(stations)
    settings = prepared(address, folder, feed.codes)
    samples = samples_for(length, stations, seconds, spec)
    click.echo(
        f"filling: {stations} x {samples:,} samples in {encoding} records of {length}", err=True
    )
    filled = fill(settings, feed, samples, length, encoding)
    expected = expected_scores(feed, samples, spec)
    field_nt = windows_nt(feed)
    return Course(settings, folder, feed, length, encoding, filled, expected, spec, field_nt)


@click.command()
@click.option("--setting", "settings", type=SettingType(), multiple=True, help="Only these.")
@click.option("--full", is_flag=True, help="Every length, number and encoding.")
@click.option("--quick", is_flag=True, help="A try: two settings, two seconds, once.")
@click.option("--seconds", type=float, default=10.0, show_default=True, help="Of a worker's run.")
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True)
def main(
    settings: tuple[Setting, ...], full: bool, quick: bool, seconds: float, repeats: int
) -> None:
    """Measure the pipeline from a full topic to published scores, print a table and write JSON.

    \b
    Example:
      python -m bench.pipeline --setting 60:40 --setting 1:1000 --repeats 5
    """
    chosen = list(settings) or usual_settings()
    if full:
        chosen = [Setting(*one) for one in product(LENGTHS, STATIONS, ENCODERS)]
    if quick:
        chosen, seconds, repeats = list(settings) or [Setting(60, 40), Setting(1, 40)], 2.0, 1
    if not PEERS.exists():
        click.echo("no .venv-peers, so nothing to compare with: `make bench` makes it", err=True)
    spec = load_manifest(default_model_path().with_suffix(".json")).window.spec()
    table: list[Row] = []
    largest: list[float] = []
    failure = None
    try:
        with kafka() as (address, folder):
            for setting in chosen:
                found = measure(course_over(address, folder, setting, seconds, spec), repeats)
                largest += [one for one in [differences(found)] if one is not None]
                table += rows(setting, found)
    except Refused as reason:
        failure = str(reason)
    if table:
        same = ""
        if largest:
            same = f"\nBoth scored the same windows; an rmse differs by {max(largest):.2g} at most."
        asked = {"settings": chosen, "seconds": seconds, "repeats": repeats}
        publish("pipeline", table, {**asked, "peers": peer_versions()}, NOTE + same)
    sys.exit(failure)


if __name__ == "__main__":
    main()
