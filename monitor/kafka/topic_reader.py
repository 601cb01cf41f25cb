"""Readers of topics outside any consumer group, up to the end at the time of the call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaTimeoutError

from monitor.kafka import record_batches
from monitor.kafka.security import client_security
from monitor.kafka.topics import MAX_RECORD_BYTES
from monitor.settings import Settings

POLL_MS = 500
WATERMARK_POLLS = 20
READ_COMMITTED = "read_committed"  # skips records of aborted transactions


@asynccontextmanager
async def open_consumer(
    settings: Settings, group: str | None = None
) -> AsyncIterator[AIOKafkaConsumer]:
    """A started consumer of committed records without partitions: the caller assigns them.

    It can commit for `group` without joining it. No record stops it, see `record_batches`.
    """
    record_batches.install()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.broker,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=MAX_RECORD_BYTES,
        isolation_level=READ_COMMITTED,
        **client_security(settings),
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await _stop(consumer)


async def _stop(consumer: AIOKafkaConsumer) -> None:
    """Stop; aiokafka's `stop` is cancelled halfway if a fetch waits for a lost broker."""
    stopping = asyncio.ensure_future(consumer.stop())
    await asyncio.wait({stopping})
    if stopping.cancelled():
        await consumer._client.close()
    else:
        stopping.result()


async def read_to_end(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition], since_ms: int = 0
) -> AsyncIterator[Sequence[ConsumerRecord]]:
    """Iterate over the records that the partitions hold now, in lists of one partition each.

    Records that the broker took before `since_ms` are skipped, if it keeps their times.
    """
    consumer.assign(partitions)
    await seek_to_time(consumer, partitions, since_ms)
    ends = await consumer.end_offsets(partitions)
    while await behind(consumer, ends):
        batches = await consumer.getmany(timeout_ms=POLL_MS)
        for records in batches.values():
            yield records


async def seek_to_time(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition], since_ms: int
) -> None:
    """Seek to the first record taken by the broker from `since_ms` on, if it keeps times."""
    await consumer.seek_to_beginning(*partitions)
    if since_ms > 0:
        offsets = await consumer.offsets_for_times(dict.fromkeys(partitions, since_ms))
        for partition, first in offsets.items():
            if first is not None and first.timestamp >= 0:
                consumer.seek(partition, first.offset)


async def partitions_of(consumer: AIOKafkaConsumer, topic: str) -> list[int]:
    """Numbers of a topic's partitions; empty if the topic does not exist."""
    await consumer._client.add_topic(topic)  # the public call knows only assigned topics
    return sorted(consumer.partitions_for_topic(topic) or ())


async def true_ends(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]
) -> dict[TopicPartition, int]:
    """Offset after the last record of each partition.

    Tansu's end offset may lie inside the last batch. The high watermark that is fetched with that
    batch is right on every broker, and counts what an open transaction hides from this reader.

    Raises
    ------
    KafkaTimeoutError
        If the broker does not tell it.
    """
    ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
    filled = [partition for partition, end in ends.items() if end > 0]
    consumer.assign(filled)
    for partition in filled:
        consumer.seek(partition, ends[partition] - 1)
    for _ in range(WATERMARK_POLLS):
        unknown = [partition for partition in filled if consumer.highwater(partition) is None]
        if not unknown:
            return {tp: max(end, consumer.highwater(tp)) if end else 0 for tp, end in ends.items()}
        await consumer.getmany(*unknown, timeout_ms=POLL_MS)
    raise KafkaTimeoutError(f"the broker does not tell where {unknown[0].topic} ends")


async def behind(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> bool:
    """Whether a partition with records has not been read up to its end."""
    for partition, end in ends.items():
        if end > 0 and await consumer.position(partition) < end:
            return True
    return False
