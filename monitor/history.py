"""Follows the index topic, outside any group: every worker needs every value from the start."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from geofield.indices import KpHistory, KpInterval
from monitor.indices import decode_kp
from monitor.reading import groupless_consumer, partitions_of, read_to_end
from monitor.settings import Settings

POLL_MS = 500
RETRY_S = 1.0
log = structlog.get_logger("magwatch.indices")


class IndexReader:
    """The Kp history so far. `caught_up` is set once all values present at start-up are in it."""

    def __init__(self, settings: Settings, on_refused: Callable[[], None]) -> None:
        self._settings = settings
        self._topic = settings.topic("indices")
        self._on_refused = on_refused
        self.history = KpHistory()
        self.caught_up = asyncio.Event()

    async def follow(self) -> None:
        """Read for ever; a broken connection is made again and everything read once more."""
        while True:
            try:
                async with groupless_consumer(self._settings) as consumer:
                    await self._read(consumer)
            except (KafkaError, OSError) as error:
                log.warning("indices not read, trying again", error=str(error))
            await asyncio.sleep(RETRY_S)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        numbers = await partitions_of(consumer, self._topic)
        where = [TopicPartition(self._topic, number) for number in numbers]
        if not where:
            log.warning("the index topic does not exist", topic=self._topic)
            return
        self._take([record async for record in read_to_end(consumer, where)])
        self.caught_up.set()
        while True:
            batches = await consumer.getmany(timeout_ms=POLL_MS)
            self._take(record for records in batches.values() for record in records)

    def _take(self, records: Iterable[ConsumerRecord]) -> None:
        values: list[KpInterval] = []
        for record in records:
            try:
                values += decode_kp(record.value or b"")
            except (ValueError, OverflowError, RecursionError) as error:
                log.warning("index record refused", offset=record.offset, error=str(error))
                self._on_refused()
        if values:
            self.history = self.history.with_values(values)
