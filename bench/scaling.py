"""How much more several workers of one group do, on as many partitions as the topic has.

The workers run and have their partitions before the samples are sent, all at once and encoded
beforehand: no rebalance and no start-up is in the figures. What is measured begins when everything
is sent and every station has a score, and ends with the last score of all.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import click
import numpy as np
from kafka import KafkaConsumer

from archive.model import default_model_path, load_manifest
from bench.contest import expected_scores, published
from bench.feed import Feed, send
from bench.report import Row, publish, spread
from bench.running import afresh, kafka, prepared, topic_size, worker
from bench.usage import usage
from geofield.windows import WindowSpec
from monitor.demo.system import System
from monitor.errors import Refused
from monitor.progress import progress_bar
from monitor.settings import Settings

WORKERS = (1, 2, 4)
RECORD = 60
LOOK_EVERY_S = 0.1
SHARED_S = 60.0
LONGEST_S = 600.0
NOTE = (
    "from the moment when all is sent and every station has a score to the last score, by the "
    "broker's clock; CPU of each worker; the broker shares the machine's cores with them"
)


@dataclass(frozen=True, slots=True)
class Shared:
    """What workers did together: CPU seconds of each in `seconds`."""

    windows: int
    seconds: float
    cpu_s: tuple[float, ...]


def together(
    settings: Settings,
    folder: Path,
    records: Sequence[tuple[bytes, bytes]],
    count: int,
    wanted: int,
) -> Shared:
    """So many workers on so many records, of which `wanted` scores are to come."""
    with ExitStack() as stack, closing(KafkaConsumer(bootstrap_servers=settings.broker)) as scores:
        systems = _started(stack, settings, folder, count)
        send(settings, records)
        sent_s, looks = time.time(), list[tuple[float, list[float]]]()
        deadline_s = time.monotonic() + LONGEST_S
        while topic_size(scores, settings.topic("scores")) < wanted:
            looks.append((time.time(), _cpu_s(systems)))
            if time.monotonic() > deadline_s:
                raise Refused(f"not all of {wanted:,} scores after {LONGEST_S:.0f} s")
            time.sleep(LOOK_EVERY_S)
        looks.append((time.time(), _cpu_s(systems)))
        return _shared(settings, scores, looks, sent_s)


def _shared(
    settings: Settings, scores: KafkaConsumer, looks: list[tuple[float, list[float]]], sent_s: float
) -> Shared:
    found = published(scores, settings.topic("scores"))
    firsts: dict[str, float] = {}
    for one in found:
        firsts.setdefault(one.station, one.at_s)
    begin_s, end_s = max(sent_s, *firsts.values()), found[-1].at_s
    windows = sum(one.at_s > begin_s for one in found)
    if not windows:
        raise Refused("too few samples: all was scored as soon as it was sent")
    times_s = [at_s for at_s, _ in looks]
    used = zip(*(cpu_s for _, cpu_s in looks), strict=True)
    spent_s = [float(np.diff(np.interp([begin_s, end_s], times_s, one))[0]) for one in used]
    return Shared(windows, end_s - begin_s, tuple(spent_s))


def _started(stack: ExitStack, settings: Settings, folder: Path, count: int) -> list[System]:
    """Workers that have shared out the partitions among them.

    Raises
    ------
    Refused
        If some get none.
    """
    with ThreadPoolExecutor(count) as pool:
        contexts = [worker(settings, folder) for _ in range(count)]
        systems = list(pool.map(stack.enter_context, contexts))
    deadline_s = time.monotonic() + SHARED_S
    while not all(_has_its_share(system, count) for system in systems):
        if time.monotonic() > deadline_s:
            raise Refused(f"{count} workers did not share {settings.partitions} partitions")
        time.sleep(LOOK_EVERY_S)
    return systems


def _has_its_share(system: System, workers: int) -> bool:
    """By the last assignment in its log."""
    system.check_alive()
    assigned = re.findall(r"partitions assigned .*partitions=\[([\d, ]*)\]", system.log.read_text())
    return bool(assigned) and len(assigned[-1].split(",")) == system.settings.partitions // workers


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
@click.option("--samples", type=int, default=30_000, show_default=True, help="Of each station.")
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True)
@click.option("--quick", is_flag=True, help="6,000 samples, once, 1 and 2 workers.")
def main(stations: int, samples: int, repeats: int, quick: bool) -> None:
    """Measure 1, 2 and 4 workers on the same samples, print a table and write JSON.

    \b
    Example:
      python -m bench.scaling --samples 60000
    """
    counts, samples, repeats = (WORKERS[:2], 6000, 1) if quick else (WORKERS, samples, repeats)
    spec = load_manifest(default_model_path().with_suffix(".json")).window.spec()
    feed = Feed.of(stations)
    wanted = expected_scores(feed, samples, spec)
    records = list(feed.records(samples, RECORD))
    found: dict[int, list[Shared]] = {count: [] for count in counts}
    try:
        with kafka() as (address, folder), progress_bar("runs") as bar:
            for _, count in bar.track(list(product(range(repeats), counts)), description="workers"):
                settings = afresh(prepared(address, folder, feed.codes))
                found[count].append(together(settings, folder, records, count, wanted))
    except Refused as reason:
        sys.exit(str(reason))
    asked = {"stations": stations, "samples": samples, "record": RECORD, "repeats": repeats}
    publish("scaling", rows(found, spec), asked, NOTE)


if __name__ == "__main__":
    main()
