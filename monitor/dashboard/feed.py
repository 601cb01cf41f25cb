"""Reads samples, scores and alerts outside any group, and says how far it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from monitor.codec import Accepts, RawRecord, Rejected, decode
from monitor.dashboard.board import Board
from monitor.dashboard.station import HOUR_MS
from monitor.reading import groupless_consumer, partitions_of
from monitor.records import AlertEvent, ScoreRecord
from monitor.settings import Settings

TOPICS = ("samples", "scores", "alerts")
POLL_MS = 250
POLL_RECORDS = 500  # few enough that the page answers between two polls
PROBE_S, PROBE_TIMEOUT_S, RETRY_S = 2.0, 5.0, 1.0
log = structlog.get_logger("magwatch.dashboard")


class Status(msgspec.Struct, frozen=True):
    """What the page says about the connection: `progress` of the history is 0-1."""

    kind: str  # broker, topics, history or live
    progress: float | None = None


class Feed:
    """Follows the three topics for ever and keeps a board."""

    def __init__(
        self, settings: Settings, accepts: Accepts, board: Board, now_ms: Callable[[], int]
    ) -> None:
        self.status = Status("broker")
        self._settings, self._accepts, self._board = settings, accepts, board
        self._now_ms = now_ms
        self._next: dict[TopicPartition, int] = {}  # where to go on after a broken connection
        self._begun: dict[TopicPartition, int] = {}
        self._take: Mapping[str, Callable[[ConsumerRecord], None]] = {
            settings.topic("samples"): self._samples,
            settings.topic("scores"): self._score,
            settings.topic("alerts"): self._alert,
        }

    async def follow(self) -> None:
        """Read for ever; a broken connection is made again."""
        while True:
            try:
                async with groupless_consumer(self._settings) as consumer:
                    await self._read(consumer)
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("waiting for the broker", error=f"{type(error).__name__}: {error}")
                self.status = Status("broker")
            await asyncio.sleep(RETRY_S)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        found = {topic: await partitions_of(consumer, topic) for topic in self._take}
        if not all(found.values()):
            self.status = Status("topics")
            return
        partitions = [TopicPartition(topic, n) for topic in found for n in found[topic]]
        consumer.assign(partitions)
        await self._seek(consumer, partitions)
        ends = await consumer.end_offsets(partitions)
        caught_up, probed_s = False, time.monotonic()
        while True:
            batches = await consumer.getmany(timeout_ms=POLL_MS, max_records=POLL_RECORDS)
            for records in batches.values():
                self._take_all(records)
            caught_up = caught_up or await self._caught_up(consumer, ends)
            if time.monotonic() - probed_s > PROBE_S:
                # aiokafka waits in silence for a broker that has gone
                await asyncio.wait_for(consumer.topics(), PROBE_TIMEOUT_S)
                probed_s = time.monotonic()

    async def _seek(self, consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> None:
        """To where we were; at first to what the broker has had for as long as we show."""
        since_ms = self._now_ms() - round(self._board.limits.hours * HOUR_MS)
        recent = [p for p in partitions if p.topic != self._settings.topic("alerts")]
        places = await consumer.offsets_for_times(dict.fromkeys(recent, since_ms))
        ends = await consumer.end_offsets(partitions)
        for partition in partitions:
            place = places.get(partition)
            first = place.offset if place else (0 if partition not in places else ends[partition])
            begun = self._begun.setdefault(partition, first)
            consumer.seek(partition, self._next.get(partition, begun))

    async def _caught_up(
        self, consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]
    ) -> bool:
        read = total = 0
        for partition, end in ends.items():
            if end > 0:
                first = min(self._begun[partition], end)
                total += end - first
                read += min(await consumer.position(partition), end) - first
        done = read >= total
        self.status = Status("live") if done else Status("history", round(read / total, 3))
        return done

    def _take_all(self, records: list[ConsumerRecord]) -> None:
        for record in records:
            if record.value is not None:
                self._take[record.topic](record)
            self._next[TopicPartition(record.topic, record.partition)] = record.offset + 1

    def _samples(self, record: ConsumerRecord) -> None:
        raw = RawRecord(
            record.topic,
            record.partition,
            record.offset,
            record.timestamp,
            record.key,
            record.value,
        )
        samples = decode(raw, self._accepts)
        if not isinstance(samples, Rejected):  # the worker has dead-lettered it
            now_ms = self._now_ms()  # a producer's clock may be ahead, a broker may keep no time
            received_ms = min(record.timestamp, now_ms) if record.timestamp > 0 else now_ms
            self._board.take_samples(samples, received_ms)

    def _score(self, record: ConsumerRecord) -> None:
        with _refusing(record):
            self._board.take_score(msgspec.json.decode(record.value, type=ScoreRecord))

    def _alert(self, record: ConsumerRecord) -> None:
        with _refusing(record):
            self._board.take_alert(msgspec.json.decode(record.value, type=AlertEvent).data)


@contextmanager
def _refusing(record: ConsumerRecord) -> Iterator[None]:
    """What somebody else wrote into our topics is left out, with a line in the log."""
    try:
        yield
    except (msgspec.MsgspecError, ValueError) as error:
        log.warning(
            "not a record of magwatch", topic=record.topic, offset=record.offset, error=str(error)
        )
