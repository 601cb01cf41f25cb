"""What two models in one worker cost beside a worker for each: CPU time and memory.

Run it with ``python -m bench.models``. The same stations send seconds and minutes under one code.
Each worker takes a full topic to its end; what it has used until it was ready is left out. CPU time
is the process's own, so the machine may do other things meanwhile.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from archive.model import load_manifest
from archive.profile import save_profile
from archive.recording import Recording
from archive.shipped import shipped_models
from bench.feed import Feed
from bench.report import Row, publish, spread
from bench.running import worker
from bench.step import profile
from bench.usage import usage
from geofield.calibration.profile import AlertBasis, StationProfile
from geofield.scoring.manifest import Manifest
from monitor.errors import Refused
from monitor.kafka.embedded_broker import embedded_broker
from monitor.kafka.sending import producing
from monitor.kafka.topics import create_topics
from monitor.offline.replay import Sent, flush, send
from monitor.settings import Settings, load_settings

MODELS = ("ulf-1hz", "minute-teo")
RECORD = 60  # samples
LONGEST_S = 600.0
NOTE = """\
Median of the repetitions (lowest-highest). `records` are those that the worker takes; each of the
two alone is given a topic without the other's. One worker with both must not use more than 1.1
times the sum of the two."""


@dataclass(frozen=True, slots=True)
class Used:
    """CPU seconds for a topic, and the most memory."""

    cpu_s: float
    peak_mb: float


def recordings(feed: Feed, samples: int, cadence_ms: int) -> Iterator[Recording]:
    """`samples` of every station at a cadence, in records, in the order of time."""
    for one in feed.recordings(samples, RECORD):
        begin_ms = (one.start_ms - feed.start_ms) // 1000 * cadence_ms
        yield replace(one, start_ms=feed.start_ms + begin_ms, cadence_ms=cadence_ms)


def manifests(models: Sequence[str]) -> list[Manifest]:
    """The manifests of shipped models."""
    return [load_manifest(shipped_models()[name].with_suffix(".json")) for name in models]


def of_model(code: str, about: Manifest) -> StationProfile:
    """A profile of a station for a model."""
    made = profile(code, about.sha256)
    return replace(made, basis=AlertBasis(made.basis.k, made.basis.n, about.window.hop))


def prepared(
    address: str, folder: Path, feed: Feed, models: Sequence[str], samples: int
) -> Settings:
    """A topic full of the cadences of some models, and profiles for them."""
    name = f"bench{uuid.uuid4().hex[:6]}"
    profiles = folder / name
    settings = load_settings(
        broker=address, topic_prefix=f"{name}.", model=",".join(models), group=name,
        log_format="console",
    )  # fmt: skip
    for about in manifests(models):
        for code in feed.codes:
            path = save_profile(of_model(code, about), profiles)
            if len(models) > 1:
                path.rename(path.with_name(f"{code}.{about.name}.json"))
    create_topics(settings)
    streams = [recordings(feed, samples, about.window.cadence_ms) for about in manifests(models)]
    with producing(settings) as producer:
        sent = Sent()
        send(producer, settings, chain.from_iterable(zip(*streams, strict=True)), sent, lambda _: 0)
        flush(producer, settings, sent, LONGEST_S)
    return settings.model_copy(update={"profiles": profiles})


def measure(settings: Settings, folder: Path, records: int) -> Used:
    """What a worker uses to take a topic to its end."""
    own = settings.model_copy(update={"offset_reset": "earliest"})
    with worker(own, folder) as system:
        began = usage(system.process.pid)
        already = system.metric("magwatch_records_total")
        deadline_s = time.monotonic() + LONGEST_S
        while system.metric("magwatch_records_total") < records:
            system.check_alive()
            if time.monotonic() > deadline_s:
                raise Refused(f"the topic was not taken in {LONGEST_S:.0f} s")
            time.sleep(0.5)
        ended = usage(system.process.pid)
    share = records / (records - already)
    return Used((ended.cpu_s - began.cpu_s) * share, ended.peak_mb)


@click.command()
@click.option("--stations", type=click.IntRange(1), default=100, show_default=True)
@click.option("--samples", type=click.IntRange(600), default=7200, show_default=True, help="Each.")
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True)
@click.option("--quick", is_flag=True, help="A try: ten stations, once.")
def main(stations: int, samples: int, repeats: int, quick: bool) -> None:
    """Measure two models in one worker and each alone, print a table and write JSON.

    \b
    Example:
      python -m bench.models --stations 40 --repeats 1
    """
    if quick:
        stations, samples, repeats = 10, 1200, 1
    feed = Feed.of(stations)
    courses = [MODELS, *((name,) for name in MODELS)]
    found: dict[tuple[str, ...], list[Used]] = {models: [] for models in courses}
    with TemporaryDirectory() as name, embedded_broker() as broker:
        for _ in range(repeats):
            for models in courses:
                settings = prepared(broker.address, Path(name), feed, models, samples)
                records = len(models) * stations * -(-samples // RECORD)
                found[models].append(measure(settings, Path(name), records))
    sums = [
        sum(used)
        for used in zip(*([run.cpu_s for run in found[m]] for m in courses[1:]), strict=True)
    ]
    table: list[Row] = [
        {
            "models": " + ".join(models),
            "records": len(models) * stations * -(-samples // RECORD),
            "CPU, s": spread([run.cpu_s for run in runs]),
            "peak, MB": spread([run.peak_mb for run in runs]),
            "of the sum": spread([run.cpu_s / both for run, both in zip(runs, sums, strict=True)]),
        }
        for models, runs in found.items()
    ]
    publish("models", table, {"stations": stations, "samples": samples, "repeats": repeats}, NOTE)


if __name__ == "__main__":
    main()
