"""What the samples topic has of the stations: the only state of `magwatch ingest`.

Of each partition the newest records are read, and again from four times further back until enough
is known of every station on it, or the partition or a limit ends. A station that is known is not
looked for again. Nothing is kept but the series themselves.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress

import structlog
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

ENOUGH = 300  # samples of a station, five minutes of seconds; older ones are then late
FIRST_DEPTH, GROWTH = 2000, 4  # records
MOST_DEPTH = 1_000_000  # records of a partition: ten seconds or so
log = structlog.get_logger("magwatch.ingest.state")


async def restored(
    settings: Settings, stations: Mapping[str, int], since_ms: int
) -> dict[str, StationSeries]:
    """Series of stations as the topic has them; without samples where it has none.

    Parameters
    ----------
    settings
        Where the topic is.
    stations
        Cadences in milliseconds by code.
    since_ms
        Records that the broker took before this time are not read, if it keeps their times.
    """
    topic = settings.topic("samples")
    found: dict[str, StationSeries] = {}
    async with open_consumer(settings) as consumer:
        numbers = await partitions_of(consumer, topic)
        homes: dict[TopicPartition, dict[str, int]] = {}
        for code, cadence_ms in stations.items():
            partition = TopicPartition(topic, numbers[home_of(code.encode(), len(numbers))])
            homes.setdefault(partition, {})[code] = cadence_ms
        ends = await true_ends(consumer, list(homes))
        for partition, wanted in homes.items():
            found |= await _of_partition(consumer, partition, ends[partition], wanted, since_ms)
    return found


async def _of_partition(
    consumer: AIOKafkaConsumer,
    partition: TopicPartition,
    end: int,
    wanted: Mapping[str, int],
    since_ms: int,
) -> dict[str, StationSeries]:
    consumer.assign([partition])
    await seek_to_time(consumer, [partition], since_ms)
    first = min(await consumer.position(partition), end) if end else 0
    found: dict[str, StationSeries] = {}
    depth = FIRST_DEPTH
    while missing := wanted.keys() - found.keys():
        begin = max(first, end - depth)
        last = begin == first or depth >= MOST_DEPTH
        read_series = {code: StationSeries(code, wanted[code]) for code in missing}
        async for records in _records(consumer, partition, begin, end):
            _take_note(records, read_series)
        found |= {
            code: series
            for code, series in read_series.items()
            if last or series.remembered >= ENOUGH
        }
        if last and begin > first:
            unknown = sorted(code for code in missing if found[code].after is None)
            log.warning("not in the newest records, taken as new", stations=unknown, records=depth)
        depth = min(depth * GROWTH, MOST_DEPTH)
    return found


async def _records(
    consumer: AIOKafkaConsumer, partition: TopicPartition, begin: int, end: int
) -> AsyncIterator[Sequence[ConsumerRecord]]:
    """Records from offset `begin` to `end` (exclusive); offsets may have holes."""
    if begin >= end:
        return
    consumer.seek(partition, begin)
    while await consumer.position(partition) < end:
        for records in (await consumer.getmany(partition, timeout_ms=POLL_MS)).values():
            yield [record for record in records if record.offset < end]


def _take_note(records: Sequence[ConsumerRecord], stations: dict[str, StationSeries]) -> None:
    """Restore series from records; samples before a change of the orientation are forgotten."""
    for record in records:
        code = (record.key or b"").decode(errors="replace")
        if (series := stations.get(code)) is None:
            continue
        for recording in _recordings(record, series):
            if series.elements not in ("", orientation_of(frozenset(recording.elements))):
                series = stations[code] = StationSeries(code, series.cadence_ms)
            for part in recording.records(MEMORY):
                series.restore(part)


def _recordings(record: ConsumerRecord, series: StationSeries) -> Iterator[Recording]:
    """The vector samples of a record; none if it cannot be used or has another cadence."""
    report = read(raw_record(record), Accepts(series.cadence_ms, 2**62, {}, 0))
    if isinstance(report, Rejected):
        return
    elements = dict(zip(report.elements, report.values, strict=True))
    with suppress(OrientationError):
        orientation_of(frozenset(elements))
        yield Recording(series.station, report.start_ms, report.cadence_ms, elements)
