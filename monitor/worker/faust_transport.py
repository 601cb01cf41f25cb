"""Faust's Kafka transport with messages of whole fetches, and commits by checkpoint.

Faust makes a message, two tasks, an event and an acknowledgement for every record. For records of
some hundred bytes this costs more than scoring them. Here one Faust message holds all records of a
fetch from one partition. Faust still manages the group, the partitions and the times of commits;
`cover` sets the offsets that it commits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import faust
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import CorruptRecordException
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import ConsumerMessage
from mode.threads import WorkerThread

from monitor.kafka import record_batches
from monitor.kafka.topic_reader import READ_COMMITTED
from monitor.records.sample_decoder import RawRecord, raw_record

PAUSE_S = 0.02  # after a small fetch: the next one brings more for the same cost
FETCH_WAIT_MS = 50
STOP_S = 1.0
LITTLE_BYTES = 128 * 1024  # 0.5 s of a thousand stations that send single samples
log = structlog.get_logger("magwatch.fetching")


class _Thread(WorkerThread):  # type: ignore[misc]
    def run(self) -> None:
        """Run the fetch loop; its cancellation at the end is not an error."""
        with suppress(asyncio.CancelledError):
            super().run()

    def stop(self) -> None:
        """Wait at most a second for the thread's end; Mode would block the event loop for ever."""
        self.is_stopped.wait(STOP_S)


class FetchThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]  # faust is partly typed
    """Faust's thread, with a consumer that waits only briefly for partitions without new records.

    A consumer has one fetch in flight per broker. While that fetch waits for partitions that are
    read to their ends, no other partition is fetched, however far behind. With Faust's 1.5 s most
    of the time of a backlog was spent waiting.
    """

    Worker = _Thread

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        record_batches.install()
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        consumer._isolation_level = READ_COMMITTED
        consumer.seek_to_committed = partial(seek_to_committed, consumer)
        return consumer


async def seek_to_committed(consumer: AIOKafkaConsumer) -> dict[TopicPartition, int | None]:
    """Seek each partition to its committed offset, one without to its first record.

    Faust drops what is fetched during a rebalance and seeks back. aiokafka leaves a partition
    without a committed offset where it is, so that what was dropped of it would never be read.

    Returns
    -------
    The committed offsets.
    """
    offsets = await AIOKafkaConsumer.seek_to_committed(consumer)
    if fresh := [tp for tp, offset in offsets.items() if not offset]:
        await consumer.seek_to_beginning(*fresh)
    return dict(offsets)


class FetchConsumer(driver.Consumer):  # type: ignore[misc]  # faust is partly typed
    """Faust's consumer; the value of a message is a list of `RawRecord`, in order."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._covered: dict[TopicPartition, int] = {}  # offsets that may be committed
        self._pause_s = 0.0  # before the next fetch

    def _new_consumer_thread(self) -> FetchThread:
        return FetchThread(self, loop=self.loop, beacon=self.beacon)

    def cover(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Allow the next commit to commit these offsets."""
        self._covered.update(offsets)

    def uncover(self) -> None:
        """Drop all uncommitted offsets after a change of assignment."""
        self._covered.clear()

    async def _getmany(
        self, active_partitions: set[TopicPartition] | None, timeout: float
    ) -> dict[TopicPartition, list[list[ConsumerRecord]]]:
        """The records of one fetch, once there is room; empty after `timeout` seconds without."""
        if self._pause_s:
            await asyncio.sleep(self._pause_s)
        try:
            async with asyncio.timeout(timeout):
                await self.transport.room()
        except TimeoutError:
            return {}
        try:
            fetched = await super()._getmany(active_partitions, timeout)
        except CorruptRecordException as error:
            log.warning("fetched once more", error=str(error))
            return {}
        size = sum(r.serialized_value_size for records in fetched.values() for r in records)
        self._pause_s = PAUSE_S if size < LITTLE_BYTES else 0.0
        return {tp: [records] for tp, records in fetched.items() if records}

    def _to_message(self, tp: TopicPartition, record: Sequence[ConsumerRecord]) -> ConsumerMessage:
        """Message with the records of one fetch, at the offset of the last record."""
        return ConsumerMessage(
            topic=tp.topic,
            partition=tp.partition,
            offset=record[-1].offset,
            timestamp=record[-1].timestamp / 1000,
            timestamp_type=record[-1].timestamp_type,
            headers=[],
            key=None,
            value=[raw_record(single) for single in record],
            checksum=None,
            serialized_key_size=0,
            serialized_value_size=0,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    def _filter_committable_offsets(self, tps: Iterable[Any]) -> dict[TopicPartition, int]:  # noqa: ARG002
        """The offsets to commit: asked by Faust at its interval, at a rebalance and at the end."""
        return {
            tp: offset for tp, offset in self._covered.items() if self._should_commit(tp, offset)
        }


class FetchTransport(driver.Transport):  # type: ignore[misc]
    """Faust's transport with `FetchConsumer`, which fetches when `room` returns."""

    Consumer = FetchConsumer

    async def room(self) -> None:
        """Wait until there is room for a fetch; the consumer of the records replaces this."""


class Untouched(faust.Schema):  # type: ignore[misc]
    """A schema that leaves the message's value as it is: a list of records."""

    def loads_key(self, *_: object, **__: object) -> None:
        """No key."""

    def loads_value(self, _: object, message: Any, **__: object) -> list[RawRecord]:
        """Records of one partition, in order."""
        records: list[RawRecord] = message.value
        return records
