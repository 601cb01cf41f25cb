"""Feed of the board: reads the topics that the page shows, outside any group."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from geofield.utc import HOUR_MS
from monitor.dashboard.board import Board
from monitor.dashboard.models import ONE_MODEL, ShownModels
from monitor.dashboard.reviews import shown_review
from monitor.dashboard.showable import (
    Unshowable,
    shown_alert,
    shown_refusal,
    shown_samples,
    shown_score,
    shown_source,
)
from monitor.kafka.guard import usable
from monitor.kafka.outage import error_fields
from monitor.kafka.record_wire import fault_of
from monitor.kafka.topic_reader import open_consumer, partitions_of
from monitor.records.sample_decoder import LOG_APPEND_TIME, Accepts
from monitor.settings import Settings

POLL_MS = 250
POLL_RECORDS = 500  # few enough that the page answers between two polls
PROBE_S, PROBE_TIMEOUT_S, RETRY_S = 2.0, 5.0, 1.0
TELL_S = 60.0  # between log lines about unshown records
MAX_REASON = 200
MOST_LETTERS = 500  # of a partition at the start: each contains a whole refused record
log = structlog.get_logger("magwatch.dashboard")


class FeedStatus(msgspec.Struct, frozen=True):
    """State of the connection, for the page; `progress` of the history is 0-1."""

    kind: str  # broker, unreadable, topics, history or live
    progress: float | None = None


class UnshownRecords(msgspec.Struct, frozen=True):
    """Count of unshown records since reading began, and the fault of the newest."""

    count: int = 0
    newest: str = ""


class Feed:
    """Follows the topics for ever and updates a board.

    The topics of dead letters, sources and reviews may be missing or forbidden; the others must
    exist.
    """

    def __init__(
        self,
        settings: Settings,
        accepts: Accepts,
        board: Board,
        now_ms: Callable[[], int],
        models: ShownModels = ONE_MODEL,
    ) -> None:
        self.status = FeedStatus("broker")
        self.left_out = UnshownRecords()
        self._told_s = -TELL_S  # last log line about unshown records
        self._settings, self._accepts, self._board = settings, accepts, board
        self._models = models
        self._now_ms = now_ms
        self._take: Mapping[str, Callable[[ConsumerRecord, int], None]] = {
            settings.topic("samples"): self._samples,
            settings.topic("scores"): self._score,
            settings.topic("alerts"): self._alert,
            settings.topic("deadletter"): self._refusal,
            settings.topic("sources"): self._source,
            settings.topic("reviews"): self._review,
        }
        self._reviews = settings.topic("reviews")
        self._letters, self._sources = settings.topic("deadletter"), settings.topic("sources")

    async def follow(self) -> None:
        """Read for ever; after a lost connection, reconnect and read everything again."""
        while True:
            try:
                async with open_consumer(self._settings) as consumer:
                    await self._read(consumer)
            except (KafkaError, OSError, TimeoutError) as error:
                self._lost("broker", error)
            except Exception as error:  # no record may stop the page
                self._lost("unreadable", error)
            await asyncio.sleep(RETRY_S)

    def _lost(self, kind: str, error: Exception) -> None:
        self.status = FeedStatus(kind)
        log.warning("not read, trying again", **error_fields(error))

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        self.left_out = UnshownRecords()  # everything is read again
        self._board.reset_counts()
        # Asked first, as asking for the partitions of a topic may create it.
        topics = self._take.keys() & await consumer.topics()
        optional = {self._letters, self._sources, self._reviews}
        if not topics >= self._take.keys() - optional:
            self.status = FeedStatus("topics")
            return
        partitions = [
            TopicPartition(topic, number)
            for topic in self._take
            if topic in topics
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
                # aiokafka waits without an error for an absent broker
                present = await asyncio.wait_for(consumer.topics(), PROBE_TIMEOUT_S)
                if optional & (present - topics):
                    return  # one of them now exists
                probed_s = time.monotonic()

    async def _seek(
        self, consumer: AIOKafkaConsumer, partitions: list[TopicPartition]
    ) -> Mapping[TopicPartition, range]:
        """Seek to the oldest records to show, and to the first of a compacted topic.

        Returns
        -------
        The offsets of the present records to show, by partition.
        """
        since_ms = self._now_ms() - round(self._board.limits.hours * HOUR_MS)
        compacted = {self._settings.topic("alerts"), self._sources, self._reviews}
        recent = [p for p in partitions if p.topic not in compacted]
        places = await consumer.offsets_for_times(dict.fromkeys(recent, since_ms))
        spans: dict[TopicPartition, range] = {}
        for partition, end in (await consumer.end_offsets(partitions)).items():
            place = places.get(partition)
            first = place.offset if place else (end if partition in places else 0)
            if partition.topic == self._letters:
                first = max(first, end - MOST_LETTERS)
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
        if left:
            self.status = FeedStatus("history", round(1 - left / total, 3))
            return False
        self.status = FeedStatus("live")
        self._board.live_since_ms = self._now_ms()
        return True

    def _take_all(self, records: list[ConsumerRecord]) -> None:
        now_ms = self._now_ms()

        def take(record: ConsumerRecord) -> None:
            if fault := fault_of(record):
                raise Unshowable(fault)
            self._take[record.topic](record, now_ms)

        for _ in usable(records, take, self._leave_out):
            pass

    def _samples(self, record: ConsumerRecord, now_ms: int) -> None:
        samples = self._models.coded(shown_samples(record, self._models.accepts(self._accepts)))
        if samples.end_ms - samples.cadence_ms > self._latest_ms(now_ms):
            dated_by_broker = record.timestamp_type == LOG_APPEND_TIME
            self._board.take_future(samples, _received_ms(record, now_ms), dated_by_broker)
            raise Unshowable(f"the last sample of {samples.station} is in the future")
        self._board.take_samples(samples, _received_ms(record, now_ms))

    def _score(self, record: ConsumerRecord, now_ms: int) -> None:
        self._board.take_score(shown_score(record, self._latest_ms(now_ms), self._models.code_of))

    def _refusal(self, record: ConsumerRecord, now_ms: int) -> None:
        self._board.take_refusal(shown_refusal(record), _received_ms(record, now_ms))

    def _source(self, record: ConsumerRecord, now_ms: int) -> None:
        if record.value is not None:
            station, silent = shown_source(record, self._latest_ms(now_ms))
            self._board.take_source(station, silent, _received_ms(record, now_ms))

    def _review(self, record: ConsumerRecord, _: int) -> None:
        if record.value is not None:
            self._board.reviews.take(shown_review(record))

    def _alert(self, record: ConsumerRecord, now_ms: int) -> None:
        if record.value is not None:  # deleted, which a compacted topic allows
            self._board.take_alert(
                shown_alert(record, self._latest_ms(now_ms), self._models.code_of)
            )

    def _latest_ms(self, now_ms: int) -> int:
        """No data are from later: one such record would push a station's last hours out."""
        return now_ms + self._accepts.future_tolerance_ms

    def _leave_out(self, record: ConsumerRecord, reason: str) -> None:
        topic = record.topic.removeprefix(self._settings.topic_prefix)
        newest = f"{topic}: {reason}"[:MAX_REASON]
        self.left_out = UnshownRecords(self.left_out.count + 1, newest)
        if time.monotonic() - self._told_s >= TELL_S:
            self._told_s = time.monotonic()
            log.warning(
                "records that cannot be shown",
                count=self.left_out.count,
                newest=newest,
                partition=record.partition,
                offset=record.offset,
            )


def _received_ms(record: ConsumerRecord, now_ms: int) -> int:
    """When the broker had it; a producer's clock may be ahead, a broker may keep no time."""
    return min(record.timestamp, now_ms) if (record.timestamp or 0) > 0 else now_ms
