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

from monitor.codec import Accepts, Rejected, decode, raw_record
from monitor.dashboard.board import Board
from monitor.dashboard.station import HOUR_MS
from monitor.reading import groupless_consumer, partitions_of
from monitor.records import AlertEvent, ScoreRecord
from monitor.settings import Settings

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
        self._take: Mapping[str, Callable[[ConsumerRecord], None]] = {
            settings.topic("samples"): self._samples,
            settings.topic("scores"): self._score,
            settings.topic("alerts"): self._alert,
        }

    async def follow(self) -> None:
        """Read for ever; a broken connection is made again and everything read once more."""
        while True:
            try:
                async with groupless_consumer(self._settings) as consumer:
                    await self._read(consumer)
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("waiting for the broker", error=f"{type(error).__name__}: {error}")
                self.status = Status("broker")
            await asyncio.sleep(RETRY_S)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        # Asked first: to ask for the partitions of a topic may create it.
        if not await consumer.topics() >= self._take.keys():
            self.status = Status("topics")
            return
        partitions = [
            TopicPartition(topic, number)
            for topic in self._take
            for number in await partitions_of(consumer, topic)
        ]
        consumer.assign(partitions)
        spans = await self._seek(consumer, partitions)
        caught_up, probed_s = False, time.monotonic()
        while True:
            batches = await consumer.getmany(timeout_ms=POLL_MS, max_records=POLL_RECORDS)
            for records in batches.values():
                self._take_all(records)
            caught_up = caught_up or await self._caught_up(consumer, spans)
            if time.monotonic() - probed_s > PROBE_S:
                # aiokafka waits in silence for a broker that has gone
                await asyncio.wait_for(consumer.topics(), PROBE_TIMEOUT_S)
                probed_s = time.monotonic()

    async def _seek(
        self, consumer: AIOKafkaConsumer, partitions: list[TopicPartition]
    ) -> Mapping[TopicPartition, range]:
        """To what the broker has had for as long as we show, and to the first alert.

        Returns
        -------
        What each partition has of that, by offsets.
        """
        since_ms = self._now_ms() - round(self._board.limits.hours * HOUR_MS)
        recent = [p for p in partitions if p.topic != self._settings.topic("alerts")]
        places = await consumer.offsets_for_times(dict.fromkeys(recent, since_ms))
        spans: dict[TopicPartition, range] = {}
        for partition, end in (await consumer.end_offsets(partitions)).items():
            place = places.get(partition)
            first = place.offset if place else (end if partition in places else 0)
            spans[partition] = range(min(first, end), end)
            consumer.seek(partition, first)
        return spans

    async def _caught_up(
        self, consumer: AIOKafkaConsumer, spans: Mapping[TopicPartition, range]
    ) -> bool:
        left = 0
        for partition, span in spans.items():
            if span:
                left += max(span.stop - await consumer.position(partition), 0)
        total = sum(map(len, spans.values()))
        self.status = Status("history", round(1 - left / total, 3)) if left else Status("live")
        return not left

    def _take_all(self, records: list[ConsumerRecord]) -> None:
        for record in records:
            if record.value is not None:
                self._take[record.topic](record)

    def _samples(self, record: ConsumerRecord) -> None:
        samples = decode(raw_record(record), self._accepts)
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
