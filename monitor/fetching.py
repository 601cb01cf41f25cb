"""Faust's Kafka transport, except that records come by the fetch and commits by the checkpoint.

Faust makes a message, two tasks and an event of every record and notes every acknowledgement; with
records of some hundred bytes that costs more than to score them. Here one Faust message is what
one fetch brought of one partition. What may be committed is told by `cover`: Faust goes on to own
the group, the partitions and the moments of committing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import faust
from aiokafka import ConsumerRecord, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import ConsumerMessage

from monitor.codec import RawRecord, raw_record


class FetchConsumer(driver.Consumer):  # type: ignore[misc]  # faust is partly typed
    """Faust's consumer; the value of its messages is a list of `RawRecord`, in order."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._covered: dict[TopicPartition, int] = {}

    def cover(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Let all records before these offsets be committed, at the next commit."""
        self._covered.update(offsets)

    def uncover(self) -> None:
        """Partitions change hands: what is not committed yet is not ours to commit."""
        self._covered.clear()

    async def _getmany(
        self, active_partitions: set[TopicPartition] | None, timeout: float
    ) -> dict[TopicPartition, list[list[ConsumerRecord]]]:
        fetched = await super()._getmany(active_partitions, timeout)
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
    """Faust's transport with that consumer."""

    Consumer = FetchConsumer


class Untouched(faust.Schema):  # type: ignore[misc]
    """The message's value as it is: it has been read into records already."""

    def loads_key(self, *_: object, **__: object) -> None:
        """Fetches have no key."""

    def loads_value(self, _: object, message: Any, **__: object) -> list[RawRecord]:
        """Records of one partition, in order."""
        records: list[RawRecord] = message.value
        return records
