"""Polls services and publishes what is new or revised, with the time it became known here.

Two clocks guard a value: an interval counts as over only when both this machine's and the
service's clock say so, since the value of one that is not over may still grow, and a small one
would pass for quiet. The known time is this machine's, never before the end of the interval.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
import structlog
from aiokafka import ConsumerRecord, TopicPartition

from monitor.backoff import Backoff
from monitor.index_feed.formats import Document, Reading
from monitor.index_feed.source import Answer, Now, Source, Unanswered
from monitor.indices import IndexRecord, IndexValue, decode_record
from monitor.publisher import Outgoing, Publisher
from monitor.reading import groupless_consumer, partitions_of, read_to_end
from monitor.records import time_ms, utc
from monitor.settings import Settings

SKEW_S = 60.0
TRIES_ONCE = 3
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
            one
            for one in document.readings
            if self.values.get((source, document.index, one.start_ms, one.end_ms)) != one.value
        ]


@dataclass(frozen=True, slots=True)
class Poller:
    """Polls any number of sources into one topic."""

    settings: Settings
    publisher: Publisher
    now: Now
    known: Known = field(default_factory=Known)

    async def catch_up(self) -> None:
        """Read what the topic holds, so that a restart publishes nothing again."""
        topic = self.settings.topic("indices")
        async with groupless_consumer(self.settings) as consumer:
            numbers = await partitions_of(consumer, topic)
            where = [TopicPartition(topic, number) for number in numbers]
            async for records in read_to_end(consumer, where):
                for record in records:
                    self._recall(record)

    def _recall(self, record: ConsumerRecord) -> None:
        try:
            self.known.take(decode_record(record.value or b""))
        except (ValueError, OverflowError) as error:
            log.warning("index record left out", offset=record.offset, error=str(error))

    async def follow(self, source: Source) -> None:
        """Poll one source for ever; a failing one is asked again with growing pauses."""
        backoff = Backoff(first_s=5.0, most_s=self.settings.index_poll_s)
        while True:
            try:
                await self.poll(source)
                backoff.reset()
                await asyncio.sleep(self.settings.index_poll_s)
            except Unanswered as error:
                await self._pause(source, error, backoff)

    async def once(self, source: Source) -> str | None:
        """Poll one source, a failing one up to three times; the reason if it stays so."""
        backoff = Backoff(first_s=1.0)
        for left in reversed(range(TRIES_ONCE)):
            try:
                await self.poll(source)
            except Unanswered as error:
                if not left:
                    return f"{source.service.name}: {error}"
                await self._pause(source, error, backoff)
            else:
                break
        return None

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
        news = [one for one in self.known.news(name, document) if one.end_ms <= over_ms]
        if news:
            record = _record(name, document, news, _ms(now))
            key, value = record.name.encode(), msgspec.json.encode(record)
            await self.publisher.publish([Outgoing(self.settings.topic("indices"), key, value)])
            self.known.take(record)
            log.info("index published", source=name, index=record.name, values=len(news))
        return len(news)

    async def _pause(self, source: Source, error: Unanswered, backoff: Backoff) -> None:
        pause_s = backoff.pause_s(error.retry_after_s)
        said, name = str(error), source.service.name
        log.warning("no index, trying again", source=name, said=said, pause_s=round(pause_s, 1))
        await asyncio.sleep(pause_s)


def _record(source: str, document: Document, news: Iterable[Reading], now_ms: int) -> IndexRecord:
    values = [
        IndexValue(utc(one.start_ms), utc(one.end_ms), utc(max(now_ms, one.end_ms)), one.value)
        for one in news
    ]
    return IndexRecord(document.index, values, source)


def _warn(name: str, answer: Answer, now: datetime) -> None:
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
