"""What the samples topic has of the stations: the only state of `magwatch ingest`.

Each partition is read backwards in growing blocks until the memory of every station on it is full.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from archive.recording import Recording
from geofield.series.orientation import OrientationError, orientation_of
from monitor.ingest.series import MEMORY, StationSeries
from monitor.kafka.partitioning import home_of
from monitor.kafka.topic_reader import (
    POLL_MS,
    open_consumer,
    partitions_of,
    seek_to_time,
    true_ends,
)
from monitor.records.sample_decoder import Accepts, Rejected, raw_record, read
from monitor.settings import Settings

FIRST_BLOCK, GROWTH = 2000, 4  # records


@dataclass(slots=True)
class _Found:
    """What was found of a station so far, newest block first."""

    series: StationSeries
    blocks: list[list[Recording]] = field(default_factory=list)

    def complete(self) -> bool:
        """Whether what was found spans the memory."""
        recordings = [recording for block in self.blocks for recording in block]
        if not recordings:
            return False
        first_ms = min(recording.start_ms for recording in recordings)
        end_ms = max(recording.end_ms for recording in recordings)
        return end_ms - first_ms >= MEMORY * self.series.cadence_ms


async def restore(settings: Settings, stations: Mapping[str, StationSeries], since_ms: int) -> int:
    """Give each station what the topic has of it; return how many records were read.

    Parameters
    ----------
    settings
        Where the topic is.
    stations
        Stations without samples, by code.
    since_ms
        Records that the broker took before this time are not read, if it keeps their times.
    """
    topic, count = settings.topic("samples"), 0
    async with open_consumer(settings) as consumer:
        numbers = await partitions_of(consumer, topic)
        homes: dict[TopicPartition, dict[bytes, _Found]] = {}
        for code, series in stations.items():
            key = code.encode()
            partition = TopicPartition(topic, numbers[home_of(key, len(numbers))])
            homes.setdefault(partition, {})[key] = _Found(series)
        ends = await true_ends(consumer, list(homes))
        for partition, wanted in homes.items():
            count += await _read_back(consumer, partition, ends[partition], wanted, since_ms)
            _restore(wanted.values())
    return count


def _restore(found: Collection[_Found]) -> None:
    for station in found:
        recordings = [recording for block in reversed(station.blocks) for recording in block]
        newest = _orientation(recordings[-1]) if recordings else ""
        for recording in recordings:
            if _orientation(recording) == newest:  # its own of an earlier time may differ
                for part in recording.records(MEMORY):
                    station.series.restore(part)


def _orientation(recording: Recording) -> str:
    return orientation_of(frozenset(recording.elements))


async def _read_back(
    consumer: AIOKafkaConsumer,
    partition: TopicPartition,
    end: int,
    wanted: Mapping[bytes, _Found],
    since_ms: int,
) -> int:
    consumer.assign([partition])
    await seek_to_time(consumer, [partition], since_ms)
    first = min(await consumer.position(partition), end) if end else 0
    count, block = 0, FIRST_BLOCK
    while end > first and not all(station.complete() for station in wanted.values()):
        begin = max(first, end - block)
        records = await _block(consumer, partition, begin, end)
        count += len(records)
        for key, station in wanted.items():
            station.blocks.append(list(_recordings(records, key, station.series)))
        end, block = begin, block * GROWTH
    return count


async def _block(
    consumer: AIOKafkaConsumer, partition: TopicPartition, begin: int, end: int
) -> list[ConsumerRecord]:
    """Records from offset `begin` to `end` (exclusive); offsets may have holes."""
    consumer.seek(partition, begin)
    records: list[ConsumerRecord] = []
    while await consumer.position(partition) < end:
        batches = await consumer.getmany(partition, timeout_ms=POLL_MS)
        records += [record for batch in batches.values() for record in batch if record.offset < end]
    return records


def _recordings(
    records: Sequence[ConsumerRecord], key: bytes, series: StationSeries
) -> Iterator[Recording]:
    """Usable vector records of a station; another cadence or orientation is not its own."""
    accepts = Accepts(series.cadence_ms, 2**62, {}, 0)
    for record in records:
        if record.key != key:
            continue
        report = read(raw_record(record), accepts)
        if isinstance(report, Rejected):
            continue
        elements = dict(zip(report.elements, report.values, strict=True))
        with suppress(OrientationError):
            orientation_of(frozenset(elements))
            yield Recording(series.station, report.start_ms, report.cadence_ms, elements)
