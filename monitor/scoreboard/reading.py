"""Records of topics with the time of their publication and who says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import msgspec
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from monitor.kafka.guard import Guard
from monitor.kafka.topic_reader import open_consumer, partitions_of, read_to_end
from monitor.kafka.topics import require_topics, unreachable
from monitor.settings import Settings

Taken = TypeVar("Taken")
LOG_APPEND_TIME = 1


class PublishedRecord(msgspec.Struct, frozen=True, array_like=True):
    """The value of a record, when it was published, and whether the broker's clock says so."""

    published_ms: int
    by_broker: bool
    value: str


def read_topics(
    settings: Settings,
    names: Sequence[str],
    take: Callable[[str, PublishedRecord], None],
    since_ms: int = 0,
) -> None:
    """Hand over all records that topics hold now, in order within each partition.

    Parameters
    ----------
    settings
        Where the broker is.
    names
        Names of the topics without prefix.
    take
        Called with the name of the topic and a record; a record that it refuses by an error is
        left out and logged.
    since_ms
        Skip what the broker took before this time, if it keeps their times.

    Raises
    ------
    Refused
        If a topic does not exist or no broker answers.
    """
    require_topics(settings, *names)
    try:
        asyncio.run(_read(settings, names, take, since_ms))
    except KafkaError as error:
        raise unreachable(settings, error) from None


async def _read(
    settings: Settings,
    names: Sequence[str],
    take: Callable[[str, PublishedRecord], None],
    since_ms: int,
) -> None:
    async with open_consumer(settings) as consumer:
        for name in names:
            topic = settings.topic(name)
            numbers = await partitions_of(consumer, topic)
            where = [TopicPartition(topic, number) for number in numbers]
            guard = Guard(name)

            def taken(record: ConsumerRecord, name: str = name) -> None:
                take(name, _published(record))

            async for records in read_to_end(consumer, where, since_ms):
                _exhaust(guard(records, taken))


def _published(record: ConsumerRecord) -> PublishedRecord:
    by_broker = record.timestamp_type == LOG_APPEND_TIME
    return PublishedRecord(record.timestamp, by_broker, (record.value or b"").decode())


def _exhaust(items: Iterator[Taken]) -> None:
    for _ in items:
        pass
