"""Reading a topic outside any consumer group: from its start to where it ended at the beginning."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from monitor.security import client_security
from monitor.settings import Settings
from monitor.topics import MAX_RECORD_BYTES

POLL_MS = 500
WATERMARK_POLLS = 20


@asynccontextmanager
async def groupless_consumer(settings: Settings) -> AsyncIterator[AIOKafkaConsumer]:
    """A started consumer without a group; assign partitions yourself."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.broker,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=MAX_RECORD_BYTES,
        **client_security(settings),
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


async def read_to_end(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]
) -> AsyncIterator[ConsumerRecord]:
    """Every record the partitions hold at this moment; later ones stay for the next reader."""
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    ends = await consumer.end_offsets(partitions)
    while await behind(consumer, ends):
        batches = await consumer.getmany(timeout_ms=POLL_MS)
        for records in batches.values():
            for record in records:
                yield record


async def partitions_of(consumer: AIOKafkaConsumer, topic: str) -> list[int]:
    """Numbers of a topic's partitions; none if there is no such topic."""
    await consumer._client.add_topic(topic)  # the public call knows only assigned topics
    return sorted(consumer.partitions_for_topic(topic) or ())


async def true_ends(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]
) -> dict[TopicPartition, int]:
    """Offset after the last record of each partition.

    Asked for its end, Tansu names an offset inside the last batch; the high watermark that comes
    with that batch is right on every broker.
    """
    ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
    filled = [partition for partition, end in ends.items() if end > 0]
    consumer.assign(filled)
    for partition in filled:
        consumer.seek(partition, ends[partition] - 1)
    for _ in range(WATERMARK_POLLS):
        unknown = [partition for partition in filled if consumer.highwater(partition) is None]
        if not unknown:
            break
        await consumer.getmany(*unknown, timeout_ms=POLL_MS)
    return {tp: max(end, consumer.highwater(tp) or 0) if end else 0 for tp, end in ends.items()}


async def behind(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> bool:
    """Whether a partition that held anything has been read less far than to its end."""
    for partition, end in ends.items():
        if end > 0 and await consumer.position(partition) < end:
            return True
    return False
