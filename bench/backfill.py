"""A station-year of one sample a second scored afterwards: from files, and through Kafka.

The archive is synthetic (`bench.synthetic`): right for what is timed here, for nothing else.
"""

import re
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import click
import numpy as np
from kafka import KafkaConsumer

from archive.model import default_model_path, load_model
from bench.command import Done, run
from bench.report import Row, publish, spread
from bench.running import save_profiles, site, topic_size, worker
from bench.synthetic import STATION, synthetic_days, write_archive
from bench.usage import usage
from monitor.demo.scenario import quiet_day
from monitor.errors import Refused
from monitor.settings import load_settings
from support.progress import progress_bar

DAY_SAMPLES = 86_400
BATCH = 256
BARE = "onnxruntime alone"
LOOK_EVERY_S = 0.2
STALLED_S = 60.0
NOTE = (
    "synthetic archive of one real day; onnxruntime: the model alone on as many windows, 256 at "
    "once, with as many threads; the worker runs beside its replay and the broker"
)
Figures: TypeAlias = Mapping[str, float]
"""Of one run: wall_s, cpu_s, peak_mb (0 where it says nothing) and windows."""


def scored(paths: list[Path], folder: Path) -> Figures:
    """`magwatch score` over the whole archive."""
    save_profiles([STATION], folder / "profiles")
    output = folder / "scores.jsonl"
    given = ["--profiles", str(folder / "profiles"), "--output", str(output)]
    done = run(["score", *map(str, paths), *given], folder / "score.log")
    return _figures(done, _windows(done.output))


def bare(windows: int, threads: int) -> Figures:
    """The model's session on noise, in batches of 256."""
    model = load_model(default_model_path(), threads)
    spec = model.manifest.window.spec()
    rng = np.random.default_rng(0)
    field_nt = rng.normal(0, 0.1, (BATCH, spec.span, 3)).astype(np.float32)
    scale_nt = np.full((BATCH, 3), 0.1, np.float32)
    model.reconstruct(field_nt, scale_nt)
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    for begin in range(0, windows, BATCH):
        count = min(BATCH, windows - begin)
        model.reconstruct(field_nt[:count], scale_nt[:count])
    wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    return {"wall_s": wall_s, "cpu_s": cpu_s, "peak_mb": 0.0, "windows": windows}


def through_kafka(paths: list[Path], windows: int) -> tuple[Figures, Figures]:
    """`magwatch replay` into an Apache Kafka and a worker: the replay's and the worker's."""
    with site([STATION]) as (settings, folder), worker(settings, folder) as system:
        arguments = ["--speed", "max", "--record-s", "3600", "--broker", settings.broker]
        environment = {"MAGWATCH_TOPIC_PREFIX": settings.topic_prefix}
        before, began_s = usage(system.process.pid), time.monotonic()
        sent = run(["replay", *map(str, paths), *arguments], folder / "replay.log", environment)
        with closing(KafkaConsumer(bootstrap_servers=settings.broker)) as consumer:
            topic = settings.topic("scores")
            _wait(lambda: topic_size(consumer, topic), windows, system.check_alive)
        wall_s, after = time.monotonic() - began_s, usage(system.process.pid)
    working = {
        "wall_s": wall_s,
        "cpu_s": after.cpu_s - before.cpu_s,
        "peak_mb": after.peak_mb,
        "windows": windows,
    }
    return _figures(sent, windows), working


def _wait(size: Callable[[], int], wanted: int, check: Callable[[], None]) -> None:
    """Wait until a topic has what is wanted.

    Raises
    ------
    Refused
        If for a minute nothing is added.
    """
    reached, since_s = 0, time.monotonic()
    while (now := size()) < wanted:
        check()
        if now > reached:
            reached, since_s = now, time.monotonic()
        if time.monotonic() - since_s > STALLED_S:
            raise Refused(f"{now:,} of {wanted:,} scores, and no more for {STALLED_S:.0f} s")
        time.sleep(LOOK_EVERY_S)


def _figures(done: Done, windows: int) -> Figures:
    used = {"wall_s": done.wall_s, "cpu_s": done.cpu_s, "peak_mb": done.peak_mb}
    return {**used, "windows": windows}


def _windows(output: str) -> int:
    found = re.search(r"([\d,]+) windows", output)
    if found is None:
        raise Refused(f"magwatch score said nothing of windows: {output[-200:]}")
    return int(found[1].replace(",", ""))


def measure(paths: list[Path], folder: Path, repeats: int, kafka: bool) -> dict[str, list[Figures]]:
    """Every way in turn, so that all of them meet the same machine."""
    found: dict[str, list[Figures]] = {"score": [], BARE: []}
    threads = load_settings().inference_threads
    with progress_bar("measurements") as bar:
        task = bar.add_task("backfill", total=repeats * (3 if kafka else 2))
        for _ in range(repeats):
            found["score"].append(scored(paths, folder))
            bar.advance(task)
            windows = round(found["score"][-1]["windows"])
            found[BARE].append(bare(windows, threads))
            bar.advance(task)
            if kafka:
                for name, one in zip(
                    ("replay", "worker"), through_kafka(paths, windows), strict=True
                ):
                    found.setdefault(name, []).append(one)
                bar.advance(task)
    return found


def rows(found: dict[str, list[Figures]], samples: int) -> list[Row]:
    """One row for each way."""
    bare_s = spread([one["wall_s"] for one in found[BARE]]).median
    return [
        {
            "what": name,
            "wall, s": spread([one["wall_s"] for one in runs]),
            "CPU, s": spread([one["cpu_s"] for one in runs]),
            "samples/s": spread([samples / one["wall_s"] for one in runs]),
            "windows/s": spread([one["windows"] / one["wall_s"] for one in runs]),
            "peak, MB": max(one["peak_mb"] for one in runs) or None,
            "of onnxruntime": bare_s / spread([one["wall_s"] for one in runs]).median,
        }
        for name, runs in found.items()
    ]


@click.command()
@click.option("--days", type=click.IntRange(1, 3650), default=365, show_default=True)
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True)
@click.option("--kafka/--no-kafka", default=True, show_default=True, help="Replay it as well.")
@click.option("--quick", is_flag=True, help="10 days, once.")
def main(days: int, repeats: int, kafka: bool, quick: bool) -> None:
    """Measure `magwatch score`, and `magwatch replay` with a worker, over a long archive.

    \b
    Example:
      python -m bench.backfill --days 30 --no-kafka
    """
    days, repeats = (10, 1) if quick else (days, repeats)
    with TemporaryDirectory() as name:
        folder = Path(name)
        with progress_bar("days") as bar:
            paths = write_archive(
                folder,
                bar.track(synthetic_days(quiet_day(), days), days, description="writing"),
            )
        try:
            found = measure(paths, folder, repeats, kafka)
        except Refused as reason:
            sys.exit(str(reason))
    windows = round(found["score"][0]["windows"])
    asked = {"days": days, "repeats": repeats, "files": len(paths), "windows": windows}
    publish("backfill", rows(found, days * DAY_SAMPLES), asked, NOTE)


if __name__ == "__main__":
    main()
