"""One sample a second from 300 stations through a real worker: memory and lag of an hour.

Run it with ``python -m bench.soak`` (`make soak`); it takes nine minutes for ninety, of which 25
fill the windows, and prints a table and, as the last line, JSON. It ends with 1 if the worker's
memory grows after its windows are full, or if it does not keep up.
"""

import json
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click
import numpy as np

from archive.recording import Recording
from bench.feed import codes
from bench.running import save_profiles
from bench.step import START_MS
from monitor.demo.system import System, running_system
from monitor.kafka.sending import open_producer
from monitor.records.sample_encoder import encode_samples
from support.progress import progress_bar

TRACKS = 10  # different noise; the stations share them
WARM_S = 1500  # of data: windows, filter and lateness take 700 s, the last windows of alerts 400 s
MAIN_NT = {"H": 21_000.0, "E": 500.0, "Z": 44_000.0}
LOOK_EVERY_S = 5.0
GROWTH_LIMIT = 0.02
DRAIN_S = 60.0


@dataclass(frozen=True)
class Look:
    """The worker at one moment; `lag_s` is how long the records that it has not taken took."""

    data_s: int
    rss_mb: float
    lag_records: int
    lag_s: float


def records(stations: int, seconds: int, record_s: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Seconds of data so far, key and value of each record, in the order of time."""
    rng = np.random.default_rng(0)
    for begin in range(0, seconds, record_s):
        values = [_value(begin, record_s, rng) for _ in range(TRACKS)]
        for number, code in enumerate(codes(stations)):
            value = values[number % TRACKS].replace(b"Q000", code.encode())
            yield begin + record_s, code.encode(), value


def _value(begin: int, record_s: int, rng: np.random.Generator) -> bytes:
    elements = {
        name: np.round(level + rng.normal(0, 0.1, record_s), 2) for name, level in MAIN_NT.items()
    }
    return encode_samples(Recording("Q000", START_MS + begin * 1000, 1000, elements))


def soak(system: System, stations: int, seconds: int, record_s: int, speed: float) -> list[Look]:
    """Send everything at so many times the speed of life and look at the worker meanwhile."""
    rate = stations / record_s * speed
    looks, looked_s, began_s = [], 0.0, time.monotonic()
    topic = system.settings.topic("samples")
    with closing(open_producer(system.settings)) as producer, progress_bar("records") as bar:
        task = bar.add_task("soak", total=seconds // record_s * stations)
        for sent, (data_s, key, value) in enumerate(records(stations, seconds, record_s)):
            time.sleep(max(began_s + sent / rate - time.monotonic(), 0))
            producer.send(topic, value, key)
            bar.advance(task)
            if time.monotonic() - looked_s > LOOK_EVERY_S:
                looked_s = time.monotonic()
                looks.append(look(system, data_s, sent, rate))
        producer.flush()
    total = sent + 1
    deadline_s = time.monotonic() + DRAIN_S
    while (last := look(system, seconds, total, rate)).lag_records:
        if time.monotonic() > deadline_s:
            break
        time.sleep(0.5)
    return [*looks, last]


def look(system: System, data_s: int, sent: int, rate: float) -> Look:
    """Memory as the kernel counts it, and records sent but not yet read and published."""
    system.check_alive()
    status = Path(f"/proc/{system.process.pid}/status").read_text()
    rss_kb = int(status.partition("VmRSS:")[2].split()[0])
    lag = max(sent - round(system.metric("magwatch_records_total")), 0)
    return Look(data_s, rss_kb / 1024, lag, lag / rate)


def verdict(looks: list[Look], seconds: int) -> dict[str, float | bool]:
    """Growth of the memory between the first and the second half after warming up."""
    warm = [one for one in looks if one.data_s >= WARM_S]
    middle_s = (WARM_S + seconds) / 2
    before = median(one.rss_mb for one in warm if one.data_s < middle_s)
    after = median(one.rss_mb for one in warm if one.data_s >= middle_s)
    growth = after / before - 1
    lag_s = median(one.lag_s for one in warm)
    return {
        "rss_mb_first_half": before,
        "rss_mb_second_half": after,
        "rss_mb_highest": max(one.rss_mb for one in looks),
        "growth": growth,
        "lag_s_median": lag_s,
        "lag_s_highest": max(one.lag_s for one in warm),
        "lag_records_at_end": looks[-1].lag_records,
        "holds": growth <= GROWTH_LIMIT and lag_s < 1.0 and looks[-1].lag_records == 0,
    }


@click.command()
@click.option("--stations", type=int, default=300, show_default=True)
@click.option("--minutes", type=click.IntRange(30), default=90, show_default=True, help="Of data.")
@click.option("--record-s", type=int, default=10, show_default=True, help="Data in a record.")
@click.option("--speed", type=float, default=10.0, show_default=True, help="Times real time.")
def main(stations: int, minutes: int, record_s: int, speed: float) -> None:
    """Soak a worker, print what was seen.

    \b
    Example:
      python -m bench.soak --stations 300 --minutes 120 --speed 20
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        save_profiles(codes(stations), folder / "profiles")
        with running_system(folder, folder / "profiles") as system:
            looks = soak(system, stations, minutes * 60, record_s, speed)
            windows = system.metric("magwatch_windows_total")
    print(f"{'data, s':>8} {'RSS, MB':>8} {'lag, records':>13} {'lag, s':>7}")
    for one in looks:
        print(f"{one.data_s:8d} {one.rss_mb:8.1f} {one.lag_records:13d} {one.lag_s:7.2f}")
    found = verdict(looks, minutes * 60)
    about = {"python": platform.python_version(), "machine": platform.machine()}
    asked = {"stations": stations, "minutes": minutes, "record_s": record_s, "speed": speed}
    looked = [asdict(one) for one in looks]
    print(json.dumps({"bench": "soak", **about, **asked, "windows": windows, **found,
                      "looks": looked}))  # fmt: skip
    sys.exit(not found["holds"])


if __name__ == "__main__":
    main()
