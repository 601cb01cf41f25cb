"""Run a history until it is told to stop: read, write files, note the offsets; in this order."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from archive.files import FileRefused
from monitor.errors import BrokerUnreachable
from monitor.history.offsets import first_offsets, note, noted
from monitor.history.review_tally import ReviewTally
from monitor.history.store import Store
from monitor.history.unwritten import UnwrittenRecords
from monitor.history.watch import TOPICS, HistoryMetrics
from monitor.http.probe_server import Health
from monitor.http.probes import watched
from monitor.http.retry import Backoff
from monitor.kafka.guard import Guard
from monitor.kafka.outage import error_fields
from monitor.kafka.topic_reader import POLL_MS, behind, open_consumer, partitions_of, true_ends
from monitor.kafka.topics import topic_ids
from monitor.records.sample_decoder import ANY_CADENCE, Accepts
from monitor.settings import Settings
from monitor.stopping import cancel_and_wait, until_stopped

POLL_RECORDS = 1000  # few enough that the process answers between two polls
log = structlog.get_logger("magwatch.history")


@dataclass(slots=True)
class History:
    """Follows the topics and keeps the files of a store up to date.

    Attributes
    ----------
    settings
        Where the topics are.
    store
        Where the files are.
    metrics
        Kept up to date.
    once
        Whether to end when the files have all that the topics had at the start.
    """

    settings: Settings
    store: Store
    metrics: HistoryMetrics
    once: bool = False
    _read: bool = False  # whether the topics can be read now
    _not_written: FileRefused | None = None  # why the last files were not written
    _unwritten: UnwrittenRecords = field(init=False)
    _guards: dict[str, Guard] = field(init=False)

    def __post_init__(self) -> None:
        tolerance_ms = round(self.settings.future_tolerance_s * 1000)
        self._unwritten = UnwrittenRecords(Accepts(ANY_CADENCE, tolerance_ms, {}, 0))
        self._guards = {name: Guard(name, self.metrics.refused.labels(name).inc) for name in TOPICS}
        self.metrics.complete.set_to_current_time()
        self.metrics.interval.set(self.settings.history_write_s)

    def run(self, health: Health | None) -> None:
        """Run until SIGTERM or Ctrl-C, or once; lost brokers and full disks are waited for."""
        asyncio.run(self._run(health))

    async def _run(self, health: Health | None) -> None:
        async with watched(self.settings, health, self._waits_for):
            if health is None:  # nobody can read metrics
                await until_stopped(self._keep_on())
                return
            tally = asyncio.create_task(ReviewTally(self.settings, self.metrics).follow())
            try:
                await until_stopped(self._keep_on())
            finally:
                await cancel_and_wait([tally])

    def _waits_for(self) -> str | None:
        if self._not_written is not None:
            return f"its files: {self._not_written}"
        return None if self._read else "the topics"

    async def _keep_on(self) -> None:
        backoff = Backoff()
        while True:
            self._unwritten.clear()  # what is not in the files is read again
            try:
                await self._follow(backoff)
            except (KafkaError, OSError, BrokerUnreachable) as error:
                self._read = False
                log.warning("not read, trying again", **error_fields(error))
            except FileRefused as error:
                self._not_written = error
                log.error("not written, trying again", error=str(error))
            else:
                return
            await asyncio.sleep(backoff.pause_s())

    async def _follow(self, backoff: Backoff) -> None:
        names = {self.settings.topic(name): name for name in TOPICS}
        short_ids = await asyncio.to_thread(topic_ids, self.settings, TOPICS)
        ids = {topic: short_ids[name] for topic, name in names.items()}
        async with open_consumer(self.settings) as consumer:
            ends = await true_ends(
                consumer,
                [
                    TopicPartition(topic, number)
                    for topic in names
                    for number in await partitions_of(consumer, topic)
                ],
            )
            before = await asyncio.to_thread(noted, self.store)
            consumer.assign(list(ends))
            for partition, offset in first_offsets(before, ids, ends).items():
                consumer.seek(partition, offset)
            written_s = time.monotonic()
            while True:
                await self._poll(consumer, names)
                self._read = True
                more = not self.once or await behind(consumer, ends)
                due = time.monotonic() - written_s >= self.settings.history_write_s
                if due or self._unwritten.full or self._not_written or not more:
                    if await self._write(consumer, ends, ids):
                        self._not_written = None
                        backoff.reset()
                    written_s = time.monotonic()
                if not more:
                    return

    async def _poll(self, consumer: AIOKafkaConsumer, names: dict[str, str]) -> None:
        batches = await consumer.getmany(timeout_ms=POLL_MS, max_records=POLL_RECORDS)
        for partition, records in batches.items():
            name = names[partition.topic]
            self.metrics.records.labels(name).inc(len(records))

            def take(record: ConsumerRecord, name: str = name) -> None:
                self._unwritten.take(name, record)

            for _ in self._guards[name](records, take):
                pass

    async def _write(
        self,
        consumer: AIOKafkaConsumer,
        ends: dict[TopicPartition, int],
        ids: dict[str, str],
    ) -> bool:
        """Write what is unwritten and then the offsets up to which it was read.

        Returns
        -------
        Whether the files now have all that the topics had when they were last asked.
        """
        polled_s = time.time()
        offsets = {partition: await consumer.position(partition) for partition in ends}
        lag = {
            partition: max((consumer.highwater(partition) or ends[partition]) - offset, 0)
            for partition, offset in offsets.items()
        }
        changed = await asyncio.to_thread(list, self._unwritten.write(self.store))
        await asyncio.to_thread(note, self.store, ids, offsets)
        self._unwritten.clear()
        for name in TOPICS:
            topic = self.settings.topic(name)
            left = sum(count for partition, count in lag.items() if partition.topic == topic)
            self.metrics.lag.labels(name).set(left)
            self.metrics.files.labels(name).inc(changed.count(name))
        log.info("files written", files=len(changed), records_left=sum(lag.values()))
        complete = not any(lag.values())
        if complete:
            self.metrics.complete.set(polled_s)
        return complete
