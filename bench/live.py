"""How soon scores follow samples: thousands of stations, each sample a record, at life's pace.

Run it with ``python -m bench.live`` (part of `make bench`). History is sent first, in long records,
until every station has scores. Then another process sends samples at the pace of life. What is
measured is the time from sending the sample that makes a window due until the broker has its score.

Windows end at multiples of the hop since 1970, so those of all stations come due within the same
second: ``together``. Where stations report with delays of up to a hop they do not: ``spread``.
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec
import numpy as np
from kafka import KafkaConsumer

from archive.model import default_model_path, load_manifest
from bench.contest import LONGEST_S, published
from bench.feed import MOST_STATIONS
from bench.paced import Plan, delays_s, expected_windows, late_s, plan, send_history
from bench.report import Row, publish
from bench.running import afresh, check_alive, kafka, prepared, program, topic_size, worker
from bench.sender import Order
from bench.usage import Usage, usage
from geofield.types import Float64, Int64
from monitor.demo.system import System
from monitor.errors import Refused
from support.progress import progress_bar

STATIONS = "500,1000,2000,5000"
TOGETHER, SPREAD = "together", "spread"
LEAD_S = 5.0  # for the sender to start
LOOK_EVERY_S = 5.0
DRAIN_S = 120.0
NOTE = """\
Seconds from sending the sample that makes a window due until the broker has its score, over
windows; the sender waits up to 5 ms for a batch to fill, the worker up to 0.1 s. `together`: all
stations in the same second; `spread`: with delays of up to a hop. kB/station is what the worker has
grown by since it was ready. Lag is of records sent and not yet taken, every 5 s and when the last
is sent. `sender late`: how much later than planned a sample was sent at most; if that is much, the
machine was too small for the load that was to be put on the worker."""


@dataclass(frozen=True, slots=True, eq=False)
class Lived:
    """The live part: looks at the worker, when each sample was sent, how late at most."""

    looks: list[Look]
    sent_ms: Int64
    late_s: float


@dataclass(frozen=True, slots=True)
class Look:
    """The worker at one moment of the live part."""

    at_s: float
    used: Usage
    lag: int


def wait_until(reached: Callable[[], bool], seconds: float, complaint: str) -> None:
    """Look twice a second.

    Raises
    ------
    Refused
        With the complaint, if it takes longer.
    """
    deadline_s = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline_s:
            raise Refused(complaint)
        time.sleep(0.5)


def live(system: System, own: Plan, folder: Path) -> Lived:
    """Let another process send and look at the worker meanwhile."""
    settings, out, log = system.settings, folder / "sent.npy", folder / "sender.log"
    begin_s = math.ceil(time.time() + LEAD_S)
    order = Order(
        broker=settings.broker,
        topic=settings.topic("samples"),
        stations=len(own.feed.codes),
        seconds=own.seconds,
        start_ms=own.feed.start_ms,
        first=own.history,
        delays=own.delays,
        begin_s=begin_s,
        out=str(out),
    )
    command = [sys.executable, "-m", "bench.sender", msgspec.json.encode(order).decode()]
    looks: list[Look] = []
    with (
        closing(KafkaConsumer(bootstrap_servers=settings.broker)) as consumer,
        program(command, log) as sender,
        progress_bar("s") as bar,
    ):
        task = bar.add_task("live", total=own.seconds)
        time.sleep(max(begin_s - time.time(), 0))
        while sender.poll() is None:
            looks.append(look(system, consumer))
            bar.update(task, completed=time.time() - begin_s)
            with suppress(subprocess.TimeoutExpired):
                sender.wait(LOOK_EVERY_S)
        if sender.returncode:
            check_alive(sender, log)
        looks.append(look(system, consumer))
    sent_ms = np.load(out)
    return Lived(looks, sent_ms, late_s(sent_ms, begin_s))


def look(system: System, consumer: KafkaConsumer) -> Look:
    """Processor, memory, and records sent but not yet taken and published."""
    system.check_alive()
    sent = topic_size(consumer, system.settings.topic("samples"))
    taken = round(system.metric("magwatch_records_total"))
    return Look(time.time(), usage(system.process.pid), max(sent - taken, 0))


def measure(address: str, folder: Path, stations: int, due: str, seconds: int) -> Row:
    """One setting, from its topics to its row of the table."""
    spec = load_manifest(default_model_path().with_suffix(".json")).window.spec()
    delays = spec.hop if due == SPREAD else 1
    own = plan(stations, delays, seconds, spec, time.time())
    settings = afresh(prepared(address, folder, own.feed.codes))
    with (
        worker(settings, folder) as system,
        closing(KafkaConsumer(bootstrap_servers=address)) as consumer,
    ):
        base_mb = usage(system.process.pid).rss_mb
        click.echo(f"{stations} stations, {due}: history, then {seconds} s of life", err=True)
        history = send_history(settings, own)
        wait_until(lambda: _taken(system) >= history, LONGEST_S, "the history was not taken")
        before = topic_size(consumer, settings.topic("scores"))
        lived = live(system, own, folder)
        expected = expected_windows(own, spec)
        with suppress(Refused):  # what is missing is said in the table
            wait_until(
                lambda: topic_size(consumer, settings.topic("scores")) - before >= expected,
                DRAIN_S,
                "scores are missing",
            )
        found_s = delays_s(published(consumer, settings.topic("scores")), own, lived.sent_ms, spec)
    return {"stations": stations, "due": due, **figures(lived, found_s, expected, base_mb)}


def _taken(system: System) -> int:
    system.check_alive()
    return round(system.metric("magwatch_records_total"))


def figures(lived: Lived, found_s: Float64, expected: int, base_mb: float) -> Row:
    """What the live part came to: percentiles over windows, not over batches."""
    first, last = lived.looks[0], lived.looks[-1]
    stations = lived.sent_ms.shape[1]
    half_s, rare_s, longest_s = np.percentile(found_s, (50, 99, 100)).tolist()
    return {
        "windows": len(found_s),
        "missing": expected - len(found_s),
        "p50, s": half_s,
        "p99, s": rare_s,
        "longest, s": longest_s,
        "CPU, cores": (last.used.cpu_s - first.used.cpu_s) / (last.at_s - first.at_s),
        "memory, MB": last.used.rss_mb,
        "kB/station": (last.used.rss_mb - base_mb) * 1024 / stations,
        "lag at most, records": max(one.lag for one in lived.looks),
        "lag at end, records": last.lag,
        "sender late, s": lived.late_s,
    }


@click.command()
@click.option("--stations", default=STATIONS, show_default=True, help="How many, with commas.")
@click.option(
    "--due",
    type=click.Choice([TOGETHER, SPREAD, "both"]),
    default="both",
    show_default=True,
    help="When windows of different stations come due.",
)
@click.option(
    "--seconds",
    type=click.IntRange(64),
    default=140,
    show_default=True,
    help="Of life; a hop is 64 s.",
)
@click.option("--quick", is_flag=True, help="A try: 100 stations, 70 s, together.")
def main(stations: str, due: str, seconds: int, quick: bool) -> None:
    """Measure how soon scores follow samples, print a table and write JSON.

    \b
    Example:
      python -m bench.live --stations 500,2000 --seconds 200 --due together
    """
    if not all(one.isdigit() and 0 < int(one) <= MOST_STATIONS for one in stations.split(",")):
        raise click.BadParameter(f"not numbers up to {MOST_STATIONS} with commas: {stations}")
    counts = [int(one) for one in stations.split(",")]
    modes = [TOGETHER, SPREAD] if due == "both" else [due]
    if quick:
        counts, modes, seconds = [100], [TOGETHER], 70
    table: list[Row] = []
    failure = None
    try:
        with kafka() as (address, folder):
            for count in counts:
                table += [measure(address, folder, count, mode, seconds) for mode in modes]
    except Refused as reason:
        failure = str(reason)
    if table:  # what was measured before something failed, too
        publish("live", table, {"stations": counts, "due": modes, "seconds": seconds}, NOTE)
    sys.exit(failure)


if __name__ == "__main__":
    main()
