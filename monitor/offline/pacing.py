"""Records of several recordings in the order of time, at the speed that is wanted."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable, Iterator

from archive.recording import Recorded, Recording


def interleaved(recordings: Iterable[Recorded], record_s: int) -> Iterator[Recording]:
    """Iterate over records of `record_s` seconds of all stations, by their end times."""
    streams = (
        recording.records(max(record_s * 1000 // recording.cadence_ms, 1))
        for recording in recordings
    )
    return heapq.merge(*streams, key=lambda record: record.end_ms)


def paced(records: Iterable[Recording], speed: float | None) -> Iterator[Recording]:
    """Delay each record until its end time at the given speed; None delays nothing."""
    if speed is None:
        yield from records
        return
    began_s, origin_ms = time.monotonic(), None
    for record in records:
        origin_ms = record.start_ms if origin_ms is None else origin_ms
        due_s = began_s + (record.end_ms - origin_ms) / 1000 / speed
        time.sleep(max(due_s - time.monotonic(), 0.0))
        yield record
