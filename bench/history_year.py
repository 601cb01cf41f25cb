"""A year of three stations: written, read back bit for bit, and shown by the page.

Days are synthetic: real days shifted by a step of their own, so that no two files are alike.
"""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal

import msgspec
import numpy as np

from archive.day_samples import DayKey, DaySamples, from_parquet
from archive.model import default_model_path, load_manifest
from bench.usage import usage
from geofield.utc import DAY_MS, time_ms, utc, utc_day
from monitor.history.record_tables import RecordTable, row_of
from monitor.history.store import FolderStore
from monitor.kafka.embedded_broker import free_port
from monitor.records.scores_and_alerts import (
    ALERT_SCHEMA,
    SCORE_SCHEMA,
    AlertClass,
    AlertData,
    AlertEvent,
    ComponentFields,
    ContextFields,
    ModelFields,
    PromiseFields,
    RemoteFields,
    ScoreRecord,
)

STATIONS, DAYS, START_MS = ("AAA", "BBB", "CCC"), 365, time_ms("2023-01-01")
HOP_MS, WINDOW_MS = 64_000, 256_000
ALERT_EVERY = 5  # days
VERSIONS: tuple[tuple[Literal["open", "resolved"], AlertClass], ...] = (
    ("open", "unknown"),
    ("open", "unknown"),
    ("resolved", "local"),
)
SHOWN_DAYS, SHOWN_ALERTS, SHOWN_PICTURES = 60, 20, 5


@dataclass(frozen=True, slots=True)
class Row:
    """A measurement: what, how often, and the middle and the largest in a unit."""

    what: str
    runs: int
    median: float
    largest: float
    unit: str

    @property
    def cells(self) -> dict[str, str | int | float]:
        """A row of a table."""
        return {
            "what": self.what,
            "times": self.runs,
            "median": round(self.median, 1),
            "largest": round(self.largest, 1),
            "unit": self.unit,
        }


def measure(real: Sequence[DaySamples], folder: Path) -> list[Row]:
    """Write a year into a folder, read it back, and ask a page for parts of it."""
    about = load_manifest(default_model_path().with_suffix(".json"))
    model = ModelFields(about.name, about.version, about.sha256)
    store = FolderStore(folder)
    rows = [*_written(real, store, model), *_read_back(real, folder)]
    size_mb = sum(path.stat().st_size for path in folder.rglob("*.parquet")) / 1e6
    rows.append(Row("a year of three stations on the disk", 1, size_mb, size_mb, "MB"))
    profiles = folder.parent / "profiles"
    _calibrate(folder, profiles)
    return [*rows, *_shown(folder, profiles)]


def _day(real: Sequence[DaySamples], station: int, day: int) -> DaySamples:
    """A real day at another date and station, with all its digits."""
    source = real[(day + station) % len(real)]
    key = DayKey(STATIONS[station], START_MS + day * DAY_MS, 1000, source.key.orientation)
    shift_nt = (day * len(STATIONS) + station) / 100
    made = {name: np.round(values + shift_nt, 3) for name, values in source.elements.items()}
    return DaySamples(key, made)


def _days() -> Iterator[tuple[int, int]]:
    return ((station, day) for station in range(len(STATIONS)) for day in range(DAYS))


def _written(real: Sequence[DaySamples], store: FolderStore, model: ModelFields) -> Iterator[Row]:
    samples_s, records_s = [], []
    for station, day in _days():
        made = _day(real, station, day)
        begin_s = time.perf_counter()
        store.write(made.key.path, made.to_parquet() or b"")
        samples_s.append(time.perf_counter() - begin_s)
        values = [("scores", one) for one in _scores(station, day, model)]
        values += [("alerts", one) for one in _alerts(station, day, model)]
        begin_s = time.perf_counter()
        _write_records(store, values)
        records_s.append(time.perf_counter() - begin_s)
    yield _row("write a day of samples", samples_s)
    yield _row("write a day of scores and alerts", records_s)


def _write_records(store: FolderStore, values: Sequence[tuple[str, bytes]]) -> None:
    tables: dict[str, RecordTable] = {}
    for topic, value in values:
        place = row_of(topic, value)
        table = tables.setdefault(place.table.path, RecordTable(place.table, None))
        table.update({place.id: value})
    for path, table in tables.items():
        store.write(path, table.to_parquet())


def _scores(station: int, day: int, model: ModelFields) -> Iterator[bytes]:
    begin_ms = START_MS + day * DAY_MS
    random = np.random.default_rng(day * len(STATIONS) + station)
    for number, rmse in enumerate(random.lognormal(-0.5, 0.4, DAY_MS // HOP_MS).tolist()):
        end_ms = begin_ms + number * HOP_MS + WINDOW_MS
        yield msgspec.json.encode(
            ScoreRecord(
                SCORE_SCHEMA, STATIONS[station], utc(end_ms - WINDOW_MS), utc(end_ms),
                utc(end_ms + 60_000), model, "ok", 1.0, rmse, rmse,
                ComponentFields(rmse, rmse, rmse), 5.8, 0.1,
                ContextFields(2.3, kp_complete=True), (),
                PromiseFields(12.5, 0.41, day % 3, kept=day % 17 > 0),
            )
        )  # fmt: skip


def _alerts(station: int, day: int, model: ModelFields) -> Iterator[bytes]:
    if day % ALERT_EVERY:
        return
    start_ms = START_MS + day * DAY_MS + 6 * 3_600_000 + station * 3_600_000
    alert_id = alert_id_of(station, day)
    for version, (status, kind) in enumerate(VERSIONS, start=1):
        end_ms = start_ms + version * 300_000
        data = AlertData(
            ALERT_SCHEMA, alert_id, version, status, STATIONS[station], utc(start_ms), utc(end_ms),
            utc(start_ms + 300_000), utc(end_ms), 7.0, 5.8, 31.0, ComponentFields(0.3, 0.3, 0.4),
            1.0, "minor", kind, 2.3, model, "no skill shown", remote=RemoteFields(2, 2, 0),
        )  # fmt: skip
        yield msgspec.json.encode(
            AlertEvent(
                "1.0", f"{alert_id}.{version}", "/magwatch", "magwatch.alert.updated",
                STATIONS[station], utc(end_ms), "application/json", data,
            )
        )  # fmt: skip


def alert_id_of(station: int, day: int) -> str:
    """Id of the alert of a day."""
    return f"{station:016x}{day:016x}"


def _read_back(real: Sequence[DaySamples], folder: Path) -> Iterator[Row]:
    read_s = []
    for station, day in _days():
        made = _day(real, station, day)
        begin_s = time.perf_counter()
        read = from_parquet(made.key, (folder / made.key.path).read_bytes())
        read_s.append(time.perf_counter() - begin_s)
        for name, values in made.elements.items():
            assert read.elements[name].tobytes() == values.tobytes(), made.key.path
    yield _row("read a day of samples back, bit for bit the same", read_s)


def _calibrate(folder: Path, profiles: Path) -> None:
    command = [
        sys.executable, "-m", "monitor", "calibrate", str(folder), "--station", STATIONS[0],
        "--from", utc_day(START_MS), "--to", utc_day(START_MS + DAY_MS), "--max-kp", "9",
        "--replace", "--profiles", str(profiles),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)


def _shown(folder: Path, profiles: Path) -> Iterator[Row]:
    dates = [utc_day(START_MS + number * 6 * DAY_MS) for number in range(SHOWN_DAYS)]
    alerts = [alert_id_of(0, number * ALERT_EVERY) for number in range(SHOWN_ALERTS)]
    with _page(folder, profiles) as (url, memory_mb):
        yield Row("memory of the page at the start", 1, memory_mb(), memory_mb(), "MB")
        days = [f"{url}/station/AAA/{day}" for day in dates]
        yield _row("a day's page, the first time", list(map(_asked_s, days)))
        yield _row("a day's page, again", list(map(_asked_s, days[-20:])))
        years = [f"{url}/station/{code}/2023" for code in STATIONS]
        yield _row("a year's calendar, the first time", list(map(_asked_s, years)))
        yield _row("a year's calendar, again", list(map(_asked_s, years)))
        pages = [f"{url}/alert/{name}" for name in alerts]
        yield _row("an alert's page, the first time", list(map(_asked_s, pages)))
        yield Row("memory of the page then", 1, memory_mb(), memory_mb(), "MB")
        pictures = [f"{page}.png" for page in pages[:SHOWN_PICTURES]]
        yield _row("an alert's picture, the first time", list(map(_asked_s, pictures)))
        yield Row("memory of the page after pictures", 1, memory_mb(), memory_mb(), "MB")


@contextmanager
def _page(folder: Path, profiles: Path) -> Iterator[tuple[str, Callable[[], float]]]:
    """A page without a broker: its address, and the most memory that it has had so far."""
    port = free_port()
    command = [
        sys.executable, "-m", "monitor", "dashboard", "--broker", f"127.0.0.1:{free_port()}",
        "--port", str(port), "--history", str(folder), "--profiles", str(profiles),
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _until_up(url)
        yield url, lambda: usage(process.pid).peak_mb
    finally:
        process.terminate()
        process.wait(20)


def _until_up(url: str) -> None:
    deadline_s = time.monotonic() + 60
    while True:
        try:
            _asked_s(f"{url}/healthz")
        except OSError:
            assert time.monotonic() < deadline_s, "the page does not answer"
            time.sleep(0.1)
        else:
            return


def _asked_s(url: str) -> float:
    begin_s = time.perf_counter()
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - our own address
        assert answer.status == 200
        assert answer.read()
    return time.perf_counter() - begin_s


def _row(what: str, seconds: Sequence[float]) -> Row:
    return Row(what, len(seconds), median(seconds) * 1000, max(seconds) * 1000, "ms")
