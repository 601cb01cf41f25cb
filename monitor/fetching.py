"""Faust's Kafka transport, except that records come by the fetch and commits by the checkpoint.

Faust makes a message, two tasks and an event of every record and notes every acknowledgement; with
records of some hundred bytes that costs more than to score them. Here one Faust message is what
one fetch brought of one partition. What may be committed is told by `cover`: Faust goes on to own
the group, the partitions and the moments of committing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import faust
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import ConsumerMessage

from monitor.codec import RawRecord, raw_record

PAUSE_S = 0.02  # after a fetch that brought little: the next brings more for the same effort
FETCH_WAIT_MS = 50
LITTLE_BYTES = 128 * 1024  # half a second of a thousand stations that send every sample by itself


class FetchThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]  # faust is partly typed
    """Faust's thread, whose client does not wait long for partitions that have nothing new.

    A broker has one fetch under way at a time. While it waits for the partitions that are read to
    their ends, the others, however far behind, get nothing: with Faust's 1.5 s most of a backlog
    was waiting.
    """

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        return consumer


class FetchConsumer(driver.Consumer):  # type: ignore[misc]  # faust is partly typed
    """Faust's consumer; the value of its messages is a list of `RawRecord`, in order."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._covered: dict[TopicPartition, int] = {}
        self._pause_s = 0.0

    def _new_consumer_thread(self) -> FetchThread:
        return FetchThread(self, loop=self.loop, beacon=self.beacon)

    def cover(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Let all records before these offsets be committed, at the next commit."""
        self._covered.update(offsets)

    def uncover(self) -> None:
        """Partitions change hands: what is not committed yet is not ours to commit."""
        self._covered.clear()

    async def _getmany(
        self, active_partitions: set[TopicPartition] | None, timeout: float
    ) -> dict[TopicPartition, list[list[ConsumerRecord]]]:
        """What one fetch brings, once there is room for it; Faust asks again after `timeout`."""
        if self._pause_s:
            await asyncio.sleep(self._pause_s)
        try:
            async with asyncio.timeout(timeout):
                await self.transport.room()
        except TimeoutError:
            return {}
        fetched = await super()._getmany(active_partitions, timeout)
        size = sum(one.serialized_value_size for few in fetched.values() for one in few)
        self._pause_s = PAUSE_S if size < LITTLE_BYTES else 0.0
        return {where: [records] for where, records in fetched.items() if records}

    def _to_message(self, tp: TopicPartition, record: Sequence[ConsumerRecord]) -> ConsumerMessage:
        """What one fetch brought, at the offset of its last record."""
        return ConsumerMessage(
            topic=tp.topic,
            partition=tp.partition,
            offset=record[-1].offset,
            timestamp=record[-1].timestamp / 1000,
            timestamp_type=record[-1].timestamp_type,
            headers=[],
            key=None,
            value=[raw_record(one) for one in record],
            checksum=None,
            serialized_key_size=0,
            serialized_value_size=0,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    def _filter_committable_offsets(self, tps: Iterable[Any]) -> dict[TopicPartition, int]:  # noqa: ARG002
        """Faust asks when it commits: after its interval, at a rebalance, at the end."""
        return {
            where: offset
            for where, offset in self._covered.items()
            if self._should_commit(where, offset)
        }


class FetchTransport(driver.Transport):  # type: ignore[misc]
    """Faust's transport with that consumer, which fetches when `room` returns."""

    Consumer = FetchConsumer

    async def room(self) -> None:
        """Wait until there is room; to be replaced by whoever takes the records."""


class Untouched(faust.Schema):  # type: ignore[misc]
    """The message's value as it is: it has been read into records already."""

    def loads_key(self, *_: object, **__: object) -> None:
        """Fetches have no key."""

    def loads_value(self, _: object, message: Any, **__: object) -> list[RawRecord]:
        """Records of one partition, in order."""
        records: list[RawRecord] = message.value
        return records
