"""Polls services and publishes what is new or revised, with the time it became known here.

Two clocks guard a value: an interval counts as over only when both this machine's and the
service's clock say so, since the value of one that is not over may still grow, and a small one
would pass for quiet. The known time is this machine's, never before the end of the interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import msgspec
import structlog
from aiokafka import ConsumerRecord, TopicPartition

from geofield.utc import time_ms, utc
from monitor.http.polling import Polling
from monitor.index_feed.formats import Document, Reading
from monitor.index_feed.source import Now, ServiceAnswer, Source
from monitor.kafka.guard import Guard
from monitor.kafka.producer import Outgoing, Publisher
from monitor.kafka.topic_reader import open_consumer, partitions_of, read_to_end
from monitor.records.indices import IndexRecord, IndexValue, decode_record
from monitor.settings import Settings

SKEW_S = 60.0
VALUES_A_RECORD = 1000  # some 100 KB, a tenth of what brokers take
log = structlog.get_logger("magwatch.indices")
Interval = tuple[str, str, int, int]  # source, index, start and end


@dataclass(slots=True)
class Known:
    """The last value that each source published for each interval."""

    values: dict[Interval, float] = field(default_factory=dict)

    def take(self, record: IndexRecord) -> None:
        """Remember what a record of the topic says."""
        for item in record.values:
            where = (record.source, record.name, time_ms(item.start), time_ms(item.end))
            self.values[where] = item.value

    def news(self, source: str, document: Document) -> list[Reading]:
        """Readings that are new or revised."""
        return [
            reading
            for reading in document.readings
            if self.values.get((source, document.index.name, reading.start_ms, reading.end_ms))
            != reading.value
        ]


@dataclass(frozen=True, slots=True)
class Poller:
    """Polls any number of sources into one topic."""

    settings: Settings
    publisher: Publisher
    now: Now
    known: Known = field(default_factory=Known)
    polling: Polling = field(default_factory=lambda: Polling(log, "no index, trying again"))

    async def catch_up(self) -> None:
        """Read what the topic holds, so that a restart publishes nothing again."""
        topic = self.settings.topic("indices")
        async with open_consumer(self.settings) as consumer:
            numbers = await partitions_of(consumer, topic)
            where = [TopicPartition(topic, number) for number in numbers]
            async for records in read_to_end(consumer, where):
                for _ in Guard("index")(records, self._take_published):
                    pass

    def _take_published(self, record: ConsumerRecord) -> None:
        self.known.take(decode_record(record.value or b""))

    async def follow(self, source: Source) -> None:
        """Poll one source for ever; a failing one is asked again with growing pauses."""
        every_s = self.settings.index_poll_s
        await self.polling.follow(source.service.name, partial(self.poll, source), every_s)

    async def once(self, source: Source) -> str | None:
        """Poll one source, a failing one up to three times; the reason if it stays so."""
        return await self.polling.once(source.service.name, partial(self.poll, source))

    async def poll(self, source: Source) -> int:
        """Ask once and publish what is new; returns how many values.

        Raises
        ------
        Unanswered
            If there is nothing to use.
        """
        answer = await source.ask()
        now = self.now()
        name, document = source.service.name, answer.document
        _warn(name, answer, now)
        over_ms = _ms(min(now, answer.server_time or now))
        news = [reading for reading in self.known.news(name, document) if reading.end_ms <= over_ms]
        if news:
            records = list(_records(name, document, news, _ms(now)))
            await self.publisher.publish([self._outgoing(record) for record in records])
            for record in records:
                self.known.take(record)
            log.info("index published", source=name, index=document.index.name, values=len(news))
        return len(news)

    def _outgoing(self, record: IndexRecord) -> Outgoing:
        key, value = record.name.encode(), msgspec.json.encode(record)
        return Outgoing(self.settings.topic("indices"), key, value)


def _records(
    source: str, document: Document, news: Sequence[Reading], now_ms: int
) -> Iterator[IndexRecord]:
    for begin in range(0, len(news), VALUES_A_RECORD):
        values = [
            IndexValue(
                utc(reading.start_ms),
                utc(reading.end_ms),
                utc(max(now_ms, reading.end_ms)),
                reading.value,
            )
            for reading in news[begin : begin + VALUES_A_RECORD]
        ]
        yield IndexRecord(document.index.name, values, source)


def _warn(name: str, answer: ServiceAnswer, now: datetime) -> None:
    if answer.changed and answer.document.unusable:
        log.warning("rows left out", source=name, rows=answer.document.unusable)
    skew_s = (now - answer.server_time).total_seconds() if answer.server_time else 0.0
    if abs(skew_s) > SKEW_S:
        log.warning(
            "this machine's clock and the service's differ: the slower one decides what is over",
            source=name,
            ahead_s=round(skew_s),
        )


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
