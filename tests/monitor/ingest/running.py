"""`magwatch ingest` as a process, and what it leaves in the topic."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from math import isnan

import numpy as np

from archive.recording import Recording
from geofield.types import Float64
from geofield.utc import time_ms
from monitor.kafka.embedded_broker import free_port
from monitor.records.sample_decoder import cadence_of
from tests.monitor.workers import Running, Site, end, received, wait_until
from tests.processes import Magwatch

Row = tuple[str, int, tuple[float | None, ...]]


@contextmanager
def ingest(site: Site, stations: str, *options: str, **settings: str) -> Iterator[Running]:
    """An ingest with its probes, ended at the end of the block."""
    file, port = site.folder / "stations.toml", free_port()
    file.write_text(stations)
    log = site.folder / f"ingest-{port}.log"
    with log.open("wb") as stream:
        process = Magwatch(
            ["ingest", file, "--metrics-port", port, *options],
            env=site.environment(**settings),
            stdout=stream,
            stderr=stream,
        )
    try:
        yield Running(process, f"http://127.0.0.1:{port}", log)
    finally:
        end(process)


def rows_of(site: Site) -> list[Row]:
    """Station, time and values of every sample of the topic, in its order."""
    rows = []
    for record in received(site, "samples"):
        value = json.loads(record.value)
        assert record.key == value["iagaCode"].encode()
        columns = [value[name] for name in value if name.startswith("geomagneticField")]
        start_ms = time_ms(value["startDate"])
        step_ms = cadence_of(value["cadence"])
        rows += [
            (value["iagaCode"], start_ms + step_ms * number, row)
            for number, row in enumerate(zip(*columns, strict=True))
        ]
    return rows


def expected(recording: Recording) -> list[Row]:
    """The same of what a source had."""
    table: Float64 = np.stack(list(recording.elements.values()), axis=1)
    return [
        (
            recording.station,
            recording.start_ms + number * recording.cadence_ms,
            tuple(None if isnan(value) else value for value in row),
        )
        for number, row in enumerate(table.tolist())
    ]


def wait_for_rows(site: Site, count: int, seconds: float = 30.0) -> None:
    wait_until(lambda: len(rows_of(site)) >= count, seconds)
