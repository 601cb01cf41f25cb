"""A store in memory, and records as they are read from topics."""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet

from archive.recording import Recording
from monitor.history.store import Store
from monitor.history.unwritten import UnwrittenRecords
from monitor.records.sample_decoder import ANY_CADENCE, Accepts
from monitor.records.sample_encoder import encode_samples

ACCEPTS = Accepts(ANY_CADENCE, 300_000, {}, 0)


@dataclass
class MemoryStore:
    """Files by their paths."""

    files: dict[str, bytes] = field(default_factory=dict)

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def write(self, path: str, content: bytes) -> None:
        self.files[path] = content


def record(value: bytes | None, key: bytes = b"WIC", timestamp_ms: int = -1) -> Any:
    return SimpleNamespace(
        topic="t", partition=0, offset=0, timestamp=timestamp_ms, timestamp_type=0,
        key=key, value=value, headers=(),
    )  # fmt: skip


def sample_record(recording: Recording) -> Any:
    return record(encode_samples(recording), recording.station.encode())


def written(store: Store, *records: tuple[str, Any]) -> list[str]:
    """Take the usable records in and write them; returns the topics of the changed files."""
    pending = UnwrittenRecords(ACCEPTS)
    for topic, item in records:
        with suppress(ValueError):
            pending.take(topic, item)
    return list(pending.write(store))


def columns(store: MemoryStore, path: str) -> dict[str, list[Any]]:
    table = pyarrow.parquet.read_table(io.BytesIO(store.files[path]))
    found: dict[str, list[Any]] = table.to_pydict()
    return found
