"""Synchronous reading of a topic outside any consumer group, for commands and programs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from monitor.kafka.guard import Guard
from monitor.kafka.topic_reader import POLL_MS, behind, open_consumer, partitions_of, seek_to_time
from monitor.kafka.topics import require_topics, unreachable
from monitor.settings import Settings
from monitor.stopping import cancel_and_wait


def tail(
    settings: Settings, name: str, *, from_beginning: bool, follow: bool, since_ms: int = 0
) -> Iterator[list[bytes]]:
    """Iterate over the values of a topic, one list for each poll; a list may be empty.

    Parameters
    ----------
    settings
        Where the broker is.
    name
        Name of the topic without its prefix.
    from_beginning
        Start with the oldest record; else with the next new one.
    follow
        Read for ever; else stop at the end that the topic has now.
    since_ms
        Skip records that the broker took before this time, if it keeps their times. Only with
        `from_beginning`.

    Raises
    ------
    Refused
        If the topic does not exist or no broker answers.
    """
    topic = settings.topic(name)
    require_topics(settings, name)
    polls = _polls(settings, topic, since_ms if from_beginning else None, follow=follow)
    with asyncio.Runner() as runner:
        loop, poll = runner.get_loop(), None
        try:
            while True:
                poll = loop.create_task(_next(polls))
                if (values := loop.run_until_complete(poll)) is None:
                    return
                yield values
        except (KafkaError, OSError) as error:
            raise unreachable(settings, error) from None
        finally:
            loop.run_until_complete(_end(polls, poll))


async def _next(polls: AsyncIterator[list[bytes]]) -> list[bytes] | None:
    return await anext(polls, None)


async def _end(polls: AsyncGenerator[list[bytes]], poll: asyncio.Task[Any] | None) -> None:
    """Close the polls; a signal may have interrupted one."""
    if poll is not None:
        await cancel_and_wait([poll])
    if poll is None or poll.done():
        await polls.aclose()


async def _polls(
    settings: Settings, topic: str, since_ms: int | None, *, follow: bool
) -> AsyncGenerator[list[bytes]]:
    guard = Guard(topic)
    async with open_consumer(settings) as consumer:
        partitions = [TopicPartition(topic, n) for n in await partitions_of(consumer, topic)]
        consumer.assign(partitions)
        if since_ms is None:
            await consumer.seek_to_end(*partitions)
        else:
            await seek_to_time(consumer, partitions, since_ms)
        ends = await consumer.end_offsets(partitions)
        more = True
        while follow or more:
            # Tansu's end may lie inside the last batch: read on while records come.
            more = await behind(consumer, ends)
            batches = await consumer.getmany(timeout_ms=POLL_MS)
            records = (record for batch in batches.values() for record in batch)
            yield [value for value in guard(records, _value) if value is not None]
            more = more or bool(batches)


def _value(record: ConsumerRecord) -> bytes | None:
    value: bytes | None = record.value
    return value
