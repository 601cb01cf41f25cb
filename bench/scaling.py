"""How much more several workers of one group do, on as many partitions as the topic has.

The topic is filled first; the workers start at the same time. What is measured begins when the last
of them has its share of the partitions and every station has a score since, and ends with the last
score of all: neither start-up nor rebalances are in the figures.
"""

from __future__ import annotations

import math
import re
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from pathlib import Path

import click
import numpy as np
from kafka import KafkaConsumer

from archive.model import default_model_path, load_manifest
from bench.contest import Published, expected_scores, published
from bench.feed import Feed, fill
from bench.report import Row, publish, spread
from bench.running import afresh, kafka, prepared, topic_size, worker
from bench.usage import usage
from geofield.series.windows import WindowSpec
from monitor.demo.system import System
from monitor.errors import Refused
from monitor.settings import Settings
from support.progress import progress_bar

WORKERS = (1, 2, 4)
RECORD = 60
LOOK_EVERY_S = 0.1
QUIET_S = 3.0
STALLED_S = 60.0
NOTE = (
    "from the moment when all workers have their partitions and every station has a score since, "
    "to the last score, by the broker's clock; the broker shares the machine's cores with them"
)


@dataclass(frozen=True, slots=True)
class Shared:
    """What workers did together: CPU seconds of each in `seconds`."""

    windows: int
    seconds: float
    cpu_s: tuple[float, ...]


def together(settings: Settings, folder: Path, count: int, wanted: int) -> Shared:
    """So many workers on a topic whose samples make `wanted` windows due."""
    topic = settings.topic("scores")
    with ExitStack() as stack, closing(KafkaConsumer(bootstrap_servers=settings.broker)) as scores:
        contexts = [worker(settings, folder) for _ in range(count)]
        with ThreadPoolExecutor(count) as pool:
            systems = list(pool.map(stack.enter_context, contexts))
        looks = [(time.time(), _cpu_s(systems))]
        reached, changed_s = 0, time.monotonic()
        # what was scored twice in a rebalance counts twice, so that reaching `wanted` is no end
        while (now := topic_size(scores, topic)) < wanted or time.monotonic() - changed_s < QUIET_S:
            if now > reached:
                reached, changed_s = now, time.monotonic()
            if time.monotonic() - changed_s > STALLED_S:
                raise Refused(f"{now:,} of {wanted:,} scores, and no more for {STALLED_S:.0f} s")
            looks.append((time.time(), _cpu_s(systems)))
            time.sleep(LOOK_EVERY_S)
        since_s = max(_shared_at_s(system, count) for system in systems)
        return shared(published(scores, topic), looks, since_s)


def shared(
    found: Sequence[Published], looks: Sequence[tuple[float, list[float]]], since_s: float
) -> Shared:
    """What was done from the moment when every station has a score since `since_s`.

    Raises
    ------
    Refused
        If that was nothing.
    """
    scores = [one for one in found if one.at_s > since_s]
    firsts: dict[str, float] = {}
    for one in scores:
        firsts.setdefault(one.station, one.at_s)
    begin_s = max(firsts.values(), default=math.inf)
    windows = sum(one.at_s > begin_s for one in scores)
    if not windows:
        raise Refused("too few samples: all were scored before the workers had shared them out")
    end_s, times_s = scores[-1].at_s, [at_s for at_s, _ in looks]
    used = zip(*(cpu_s for _, cpu_s in looks), strict=True)
    spent_s = [float(np.diff(np.interp([begin_s, end_s], times_s, one))[0]) for one in used]
    return Shared(windows, end_s - begin_s, tuple(spent_s))


def _shared_at_s(system: System, workers: int) -> float:
    """When a worker got the partitions that it had in the end, by its log.

    Raises
    ------
    Refused
        If they are not its share.
    """
    system.check_alive()
    found = re.findall(
        r"(\S+Z) .*partitions assigned .*partitions=\[([\d, ]+)\]", system.log.read_text()
    )
    share = system.settings.partitions // workers
    if not found or len(found[-1][1].split(",")) != share:
        raise Refused(f"a worker did not get {share} partitions: {found}")
    return datetime.fromisoformat(found[-1][0]).timestamp()


def _cpu_s(systems: Sequence[System]) -> list[float]:
    return [usage(system.process.pid).cpu_s for system in systems]


def rows(found: dict[int, list[Shared]], spec: WindowSpec) -> list[Row]:
    """One for each number of workers."""
    rates = {
        count: spread([run.windows * spec.hop / run.seconds for run in runs])
        for count, runs in found.items()
    }
    one = rates[min(rates)].median
    return [
        {
            "workers": count,
            "samples/s": rates[count],
            "windows/s": rates[count].median / spec.hop,
            "x one worker": rates[count].median / one,
            "CPU of each, cores": spread(
                [cpu_s / run.seconds for run in runs for cpu_s in run.cpu_s]
            ),
            "CPU, us/window": spread([1e6 * sum(run.cpu_s) / run.windows for run in runs]).median,
            "measured, s": spread([run.seconds for run in runs]).median,
        }
        for count, runs in found.items()
    ]


@click.command()
@click.option("--stations", type=click.IntRange(1), default=120, show_default=True)
@click.option("--samples", type=int, default=60_000, show_default=True, help="Of each station.")
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True)
@click.option("--quick", is_flag=True, help="20,000 samples, once, 1 and 2 workers.")
def main(stations: int, samples: int, repeats: int, quick: bool) -> None:
    """Measure 1, 2 and 4 workers on the same samples, print a table and write JSON.

    \b
    Example:
      python -m bench.scaling --samples 120000
    """
    counts, samples, repeats = (WORKERS[:2], 20_000, 1) if quick else (WORKERS, samples, repeats)
    spec = load_manifest(default_model_path().with_suffix(".json")).window.spec()
    feed = Feed.of(stations)
    wanted = expected_scores(feed, samples, spec)
    found: dict[int, list[Shared]] = {count: [] for count in counts}
    try:
        with kafka() as (address, folder), progress_bar("runs") as bar:
            settings = prepared(address, folder, feed.codes)
            fill(settings, feed, samples, RECORD)
            for _, count in bar.track(list(product(range(repeats), counts)), description="workers"):
                found[count].append(together(afresh(settings), folder, count, wanted))
    except Refused as reason:
        sys.exit(str(reason))
    asked = {"stations": stations, "samples": samples, "record": RECORD, "repeats": repeats}
    publish("scaling", rows(found, spec), asked, NOTE)


if __name__ == "__main__":
    main()
