"""What has been read of the topics and is not in the files yet.

Files say what is known by event time, so records may be taken again: a kill between writing and
noting the offsets changes no byte. Of samples the later record counts and a gap replaces nothing,
as at the worker. Of scores and alerts the later record of one id counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from aiokafka import ConsumerRecord

from archive.day_samples import LONGEST_CADENCE_MS, DayKey, DaySamples, from_parquet
from geofield.series.limits import beyond_limits, without_fills
from geofield.series.orientation import orientation_of
from geofield.types import Float64
from geofield.utc import DAY_MS
from monitor.history.record_tables import RecordTable, TableKey, row_of
from monitor.history.store import Store
from monitor.records.sample_decoder import Accepts, Rejected, Report, raw_record, read, samples_of

MOST_NUMBERS = 4_000_000  # 32 MB
PART_NUMBERS = 40  # what a part costs beside its numbers


@dataclass(frozen=True, slots=True, eq=False)
class _SampleSegment:
    """Values [elements, samples] from sample `number` on."""

    number: int
    elements: tuple[str, ...]
    values: Float64


@dataclass(slots=True)
class UnwrittenRecords:
    """Records by the file that they belong to, in the order in which they were read.

    Attributes
    ----------
    accepts
        The rules by which records of samples are accepted; any cadence.
    """

    accepts: Accepts
    _samples: dict[DayKey, list[_SampleSegment]] = field(default_factory=lambda: defaultdict(list))
    _records: dict[TableKey, dict[str, bytes]] = field(default_factory=lambda: defaultdict(dict))
    _numbers: int = 0

    @property
    def full(self) -> bool:
        """Whether it holds as much as it may."""
        return self._numbers >= MOST_NUMBERS

    def take(self, topic: str, record: ConsumerRecord) -> None:
        """Take in a record of `samples`, `scores` or `alerts`.

        Raises
        ------
        ValueError
            If it is none; the message says why.
        """
        if topic == "samples":
            self._take_samples(record)
        elif record.value is not None:  # deleted, which a compacted topic allows
            row = row_of(topic, record.value)
            self._records[row.table][row.id] = record.value
            self._numbers += len(record.value) // 8 + PART_NUMBERS

    def write(self, store: Store) -> Iterator[str]:
        """Bring the files up to date; yield the topic of each that changed. All can be repeated.

        Raises
        ------
        archive.files.FileRefused
            If a file cannot be read or written.
        """
        for key, parts in self._samples.items():
            content = store.read(key.path)
            day = from_parquet(key, content) if content else DaySamples(key)
            for part in parts:
                day.take(part.number, part.elements, part.values)
            if (made := day.to_parquet()) not in (None, content):
                store.write(key.path, made or b"")
                yield "samples"
        for place, rows in self._records.items():
            content = store.read(place.path)
            table = RecordTable(place, content)
            table.update(rows)
            if (made := table.to_parquet()) != content:
                store.write(place.path, made)
                yield place.topic

    def clear(self) -> None:
        """Forget everything."""
        self._samples.clear()
        self._records.clear()
        self._numbers = 0

    def _take_samples(self, record: ConsumerRecord) -> None:
        report = read(raw_record(record), self.accepts)
        if isinstance(report, Rejected):
            raise ValueError(report.detail)
        if report.cadence_ms > LONGEST_CADENCE_MS:
            raise ValueError("samples this far apart have no place in the file of a day")
        if isinstance(refused := samples_of([report], self.accepts), Rejected):
            raise ValueError(refused.detail)
        orientation = orientation_of(frozenset(report.elements))
        values = _measured(report, orientation)
        for key, number, begin, stop in _days(report, orientation):
            part = _SampleSegment(number, report.elements, values[:, begin:stop])
            self._samples[key].append(part)
            self._numbers += part.values.size + PART_NUMBERS


def _measured(report: Report, orientation: str) -> Float64:
    """Values with NaN for what is no measurement, as the worker sees them."""
    values = without_fills(report.values)
    vector = {name: values[report.elements.index(name)] for name in orientation}
    beyond, _ = beyond_limits(vector)
    return np.where(beyond, np.nan, values) if beyond.any() else values


def _days(report: Report, orientation: str) -> Iterator[tuple[DayKey, int, int, int]]:
    """Files of a report, each with its first sample's number and the part of the report in it."""
    number, last = report.start_ms // report.cadence_ms, report.end_ms // report.cadence_ms
    first = number
    while number < last:
        day_ms = number * report.cadence_ms // DAY_MS * DAY_MS
        key = DayKey(report.station, day_ms, report.cadence_ms, orientation, report.offset_ms)
        stop = min(last, key.first + len(key))
        yield key, number, number - first, stop - first
        number = stop
