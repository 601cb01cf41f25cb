"""The Faust app: who owns which partition, batches of raw records, and commits.

Faust carries the consumer group and the commits. Decoding, windows, scores and sending are ours
(see `worker`), for reasons of speed and because Faust acknowledges an event even when its
processing failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

import faust
import structlog
from aiokafka.partitioner import murmur2

from monitor.codec import RawRecord
from monitor.metrics import Metrics
from monitor.security import password, ssl_context
from monitor.settings import Settings
from monitor.worker import Worker

# Records whose processing is done but whose states are not yet checkpointed.
MAX_UNCOMMITTED = 20_000
SETTLE_S = 2.0
STEP_BYTES = 1024 * 1024
FETCH_BYTES = 4 * 1024 * 1024
log = structlog.get_logger("magwatch.app")


def create_app(settings: Settings, datadir: str) -> faust.App:
    """A Faust app that serves nothing, declares nothing and keeps no tables."""
    return faust.App(
        settings.consumer_group,
        broker=[f"kafka://{server}" for server in settings.broker.split(",")],
        broker_credentials=credentials(settings),
        broker_session_timeout=settings.session_timeout_s,
        broker_rebalance_timeout=settings.rebalance_timeout_s,
        broker_heartbeat_interval=settings.heartbeat_s,
        broker_commit_interval=settings.commit_s,
        consumer_auto_offset_reset=settings.offset_reset,
        consumer_max_fetch_size=FETCH_BYTES,
        stream_buffer_maxsize=settings.batch_records,
        # Records wait for a checkpoint before they are committed, so there is always one "in work".
        stream_wait_empty=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        store="memory://",
        datadir=datadir,
        web_enabled=False,
    )


def credentials(settings: Settings) -> faust.SASLCredentials | faust.SSLCredentials | None:
    """Faust's broker credentials, or None for a plain connection."""
    context = ssl_context(settings)
    if settings.security_protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=settings.sasl_username,
            password=password(settings),
            ssl_context=context,
            mechanism=settings.sasl_mechanism,
        )
    return faust.SSLCredentials(context) if context is not None else None


def is_member(app: Any) -> bool:
    """Whether the group, as far as was heard, knows this worker as the one that got its partitions.

    Faust calls `on_partitions_revoked` a second or more after the heartbeat was refused.
    """
    consumer = app.consumer._thread._consumer  # None once it is stopped
    generation = consumer and consumer._coordinator.generation
    return bool(generation == app.consumer_generation_id)


class Consumption:
    """Feeds a worker from a Faust stream and acknowledges, in order, what checkpoints cover."""

    def __init__(self, worker: Worker, metrics: Metrics, partitions: int) -> None:
        self._settings = worker.settings
        self._worker = worker
        self._partitions = partitions
        self._metrics = metrics
        self._done: list[Any] = []  # faust events
        self._lock = asyncio.Lock()
        self._stream: Any = None
        self._app: Any = None
        self._warned: set[bytes] = set()
        self.assigned: set[int] = set()
        self.position: dict[int, int] = {}  # of each partition, the next record to take
        self.failure: BaseException | None = None
        self._loading: asyncio.Task[None] | None = None

    def install(self, app: faust.App) -> None:
        """Register the agent, the timers and the rebalance hooks."""
        topic = app.topic(
            self._settings.topic("samples"),
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
        )
        self._app = app
        app.agent(topic, name="samples", concurrency=1)(self._consume)
        app.timer(self._settings.checkpoint_s)(self._checkpoint)
        app.timer(SETTLE_S)(self._settle)
        app.on_partitions_revoked.connect(self._on_revoked)
        app.on_partitions_assigned.connect(self._on_assigned)

    async def _consume(self, stream: Any) -> None:
        self._stream = stream
        settings = self._settings
        try:
            # noack_take yields events, whatever its annotation says, and leaves the acks to us
            async for events in stream.noack_take(
                settings.batch_records, within=settings.batch_wait_s
            ):
                async with self._lock:
                    for part in _by_size(self._current(events)):
                        await self._take(part)
                if len(self._done) >= MAX_UNCOMMITTED:
                    await self._checkpoint()
        except Exception as error:
            # Faust would start the agent again after these events, and they would be lost. The
            # process ends instead; the next one begins at the last checkpoint.
            log.exception("batch failed")
            self.failure = error
            await asyncio.Event().wait()

    def helper_ended(self, helper: asyncio.Task[None]) -> None:
        """What works beside the stream must not end in silence: the worker ends with it."""
        if not helper.cancelled() and (error := helper.exception()) is not None:
            log.error("a task of the worker failed", error=repr(error))
            self.failure = error

    def _current(self, events: list[Any]) -> list[Any]:
        """Leave out events fetched before the last rebalance.

        Faust does not empty the buffer they wait in. Their partition may be another worker's now,
        and if it is still ours they are read again, after those that came before them.
        """
        generation = self._app.consumer_generation_id
        return [
            event
            for event in events
            if event.message.generation_id == generation
            and event.message.partition in self.assigned
        ]

    async def _take(self, events: list[Any]) -> None:
        if len(self._current(events)) < len(events):
            return  # the partitions changed hands while an earlier part was scored
        for event in events:
            self.position.setdefault(event.message.partition, event.message.offset)
        records = [raw_record(event.message) for event in events]
        self._check_partitions(records)
        if await self._worker.take(records):
            for event in events:  # what waits for its commit needs no bytes
                event.value = event.message.value = None
                self.position[event.message.partition] = event.message.offset + 1
            self._done += events

    async def _checkpoint(self) -> None:
        async with self._lock:
            done = list(self._done)
            changed = done or self._worker.states.unsaved
            if changed and await self._worker.checkpoint():
                for event in done:
                    await self._stream.ack(event)
                del self._done[: len(done)]

    async def _settle(self) -> None:
        async with self._lock:
            await self._worker.settle()

    async def _on_revoked(self, *_: object, **__: object) -> None:
        self._forget()
        self.assigned = set()

    async def _on_assigned(self, _: object, assigned: Iterable[Any], **__: object) -> None:
        self._forget()
        self.assigned = {where.partition for where in assigned}
        self._metrics.work.rebalances.inc()
        log.info("partitions assigned", partitions=sorted(self.assigned))
        # ahead of the first record, so that it need not wait
        self._loading = asyncio.create_task(self._worker.states.load(self.assigned))

    def _forget(self) -> None:
        self._done = []
        self.position = {}
        self._worker.states.forget()

    def _check_partitions(self, records: list[RawRecord]) -> None:
        """A sender with another partitioner splits one station over two workers."""
        for record in records:
            if not record.key or not self._partitions:
                continue
            if (murmur2(record.key) & 0x7FFFFFFF) % self._partitions == record.partition:
                continue
            self._metrics.intake.misplaced.inc()
            if record.key not in self._warned and len(self._warned) < 100:
                self._warned.add(record.key)
                log.warning(
                    "a station's records are on a partition its key does not hash to: "
                    "set the sender's partitioner to murmur2 (librdkafka: murmur2_random)",
                    key=repr(record.key),
                    partition=record.partition,
                )


def _by_size(events: list[Any]) -> Iterator[list[Any]]:
    """Parts of some megabyte of records: a backlog of hour-long ones must not fill the memory."""
    part: list[Any] = []
    size = 0
    for event in events:
        part.append(event)
        size += len(event.message.value or b"")
        if size >= STEP_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def raw_record(message: Any) -> RawRecord:
    """A Faust message as a plain record; Faust has turned Kafka's milliseconds into seconds."""
    timestamp_ms = -1 if message.timestamp is None else round(message.timestamp * 1000)
    return RawRecord(
        message.topic, message.partition, message.offset, timestamp_ms, message.key, message.value
    )
