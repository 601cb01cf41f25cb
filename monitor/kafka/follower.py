"""Follower of topics outside any consumer group: every worker reads all records."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from monitor.kafka.outage import error_fields
from monitor.kafka.topic_reader import open_consumer, partitions_of, read_to_end
from monitor.settings import Settings

POLL_MS = 500
RETRY_S = 1.0
log = structlog.get_logger("magwatch.following")


class Follower:
    """Hands every record of some topics to `take`, in order within each partition.

    `caught_up` is set once all records present at start-up have been handed over.
    """

    def __init__(
        self,
        settings: Settings,
        names: Sequence[str],
        take: Callable[[Iterable[ConsumerRecord]], None],
        since_ms: int = 0,
    ) -> None:
        self._settings = settings
        self._topics = [settings.topic(name) for name in names]
        self._take = take
        self._since_ms = since_ms
        self.caught_up = asyncio.Event()

    async def follow(self) -> None:
        """Read for ever; after a lost connection, reconnect and read everything again."""
        while True:
            try:
                async with open_consumer(self._settings) as consumer:
                    await self._read(consumer)
            except (KafkaError, OSError) as error:
                log.warning("not read, trying again", topics=self._topics, **error_fields(error))
            await asyncio.sleep(RETRY_S)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        partitions: list[TopicPartition] = []
        for topic in self._topics:
            numbers = await partitions_of(consumer, topic)
            if not numbers:
                log.warning("a topic does not exist", topic=topic)
                return
            partitions += [TopicPartition(topic, number) for number in numbers]
        async for records in read_to_end(consumer, partitions, self._since_ms):
            self._take(records)
        self.caught_up.set()
        while True:
            batches = await consumer.getmany(timeout_ms=POLL_MS)
            self._take(record for records in batches.values() for record in records)
