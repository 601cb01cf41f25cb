"""Faust app: assignment of partitions, fetches of raw records, and commits.

Faust runs the consumer group, the stream of fetches (see `faust_transport`) and the commits. The
worker decodes, scores and publishes by itself (see `pipeline`): that is faster, and Faust
acknowledges an event even if its processing failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import faust
import structlog
from aiokafka import TopicPartition
from yarl import URL

from monitor.kafka.security import password, ssl_context
from monitor.metrics.metrics import Metrics
from monitor.records.sample_decoder import RawRecord
from monitor.settings import Settings
from monitor.worker.batching import RecordQueue
from monitor.worker.faust_transport import FetchTransport, Untouched
from monitor.worker.partition_check import Placement
from monitor.worker.pipelines import Pipelines
from monitor.worker.segments import Batch

CLASSIFY_S = 2.0
FETCH_BYTES = 4 * 1024 * 1024
FETCHES = 4096  # so many that Faust's buffer is never full: `RecordQueue.room` stops fetches
log = structlog.get_logger("magwatch.app")


def create_app(settings: Settings, datadir: str) -> faust.App:
    """A Faust app that serves nothing, declares nothing and keeps no tables."""
    servers = [f"kafka://{server}" for server in settings.broker.split(",")]
    app = faust.App(
        settings.consumer_group,
        broker=servers,
        broker_credentials=credentials(settings),
        broker_session_timeout=settings.session_timeout_s,
        broker_rebalance_timeout=settings.rebalance_timeout_s,
        broker_heartbeat_interval=settings.heartbeat_s,
        broker_commit_interval=settings.commit_s,
        consumer_auto_offset_reset=settings.offset_reset,
        consumer_max_fetch_size=FETCH_BYTES,
        broker_max_poll_records=settings.batch_records,
        stream_buffer_maxsize=FETCHES,
        # Records are uncommitted until a checkpoint, so the stream is never "empty".
        stream_wait_empty=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        store="memory://",
        datadir=datadir,
        web_enabled=False,
    )
    app.transport = FetchTransport([URL(server) for server in servers], app)
    return app


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
    """Whether the last heartbeat confirmed the group generation that assigned the partitions.

    Faust calls `on_partitions_revoked` only a second or more after a heartbeat was refused.
    """
    consumer = app.consumer._thread._consumer  # None once it is stopped
    generation = consumer and consumer._coordinator.generation
    return bool(generation == app.consumer_generation_id)


class Consumption:
    """Feeds fetches of a Faust stream to the pipelines, and tells Faust the offsets to commit."""

    def __init__(self, pipelines: Pipelines, metrics: Metrics, partitions: int) -> None:
        self._pipelines = pipelines
        self._settings = settings = pipelines.settings
        self._metrics = metrics
        self._placement = Placement(partitions, metrics)
        self._intake = RecordQueue(settings.batch_records, settings.batch_wait_s)
        self._app: Any = None  # set by `install`
        self._saving = asyncio.Lock()  # held to write checkpoints
        self._loading: asyncio.Task[None] | None = None  # loads states after an assignment
        self.first_offsets: dict[int, int] = {}  # first offset of this worker, by partition
        self.failure: BaseException | None = None  # ends the worker

    def install(self, app: faust.App) -> None:
        """Register the agent, the timers and the rebalance hooks."""
        # Faust's own acknowledgements would commit records that are in flight
        topic = app.topic(self._settings.topic("samples"), schema=Untouched(), acks=False)
        self._app = app
        app.transport.room = self._intake.room
        app.agent(topic, name="samples", concurrency=1)(self._consume)
        app.timer(self._settings.checkpoint_s)(self._checkpoint)
        app.timer(CLASSIFY_S)(self._pipelines.classify)
        app.on_partitions_revoked.connect(self._on_revoked)
        app.on_partitions_assigned.connect(self._on_assigned)

    @property
    def assigned(self) -> frozenset[int]:
        """Partitions of this worker."""
        return self._pipelines.assigned

    @property
    def position(self) -> dict[int, int]:
        """Next offset to take, by partition."""
        return self.first_offsets | self._pipelines.position

    async def score(self) -> None:
        """Feed batches to the pipelines for ever; decode the next one while they take one."""
        following = asyncio.create_task(self._read())
        try:
            while True:
                batches, generation = await following
                # starts one turn of the loop after the take: both start by holding the GIL
                following = asyncio.create_task(self._read())
                await self._pipelines.take(batches, generation)
        finally:
            following.cancel()

    async def _read(self) -> tuple[list[Batch], int]:
        records = await self._intake.batch()
        # Read before the await: the generation may change while the records are decoded.
        generation = self._pipelines.generation
        return await asyncio.to_thread(self._pipelines.read, records), generation

    def helper_ended(self, helper: asyncio.Task[None]) -> None:
        """End the worker when a helper task has failed."""
        if not helper.cancelled() and (error := helper.exception()) is not None:
            log.error("a task of the worker failed", exc_info=error)
            self.failure = error

    async def _consume(self, stream: Any) -> None:
        try:
            async for event in stream.events():
                if self._is_current(event.message):
                    self._add(event.value)
        except Exception as error:
            # Faust would restart the agent after this fetch and so lose it. The process ends
            # instead; the next one starts at the last checkpoint.
            log.exception("fetch failed")
            self.failure = error
            await asyncio.Event().wait()

    def _add(self, records: list[RawRecord]) -> None:
        self.first_offsets.setdefault(records[0].partition, records[0].offset)
        self._placement.check(records)
        self._intake.add(records)

    def _is_current(self, message: Any) -> bool:
        """Whether a message was fetched after the last rebalance.

        Faust keeps older ones in its buffer. Their partition may be another worker's now; if it is
        still this worker's, the records are fetched again in order.
        """
        return (
            message.generation_id == self._app.consumer_generation_id
            and message.partition in self.assigned
        )

    async def _checkpoint(self) -> None:
        async with self._saving:
            generation = self._pipelines.generation
            covered = await self._pipelines.checkpoint()
            if generation == self._pipelines.generation:
                topic = self._settings.topic("samples")
                self._app.consumer.cover(
                    {TopicPartition(topic, number): end for number, end in covered.items()}
                )

    async def _on_revoked(self, *_: object, **__: object) -> None:
        self._forget()
        # The group waits for this: what is on its way arrives before the next owner's records.
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.session_timeout_s):
                await self._pipelines.idle()

    async def _on_assigned(self, _: object, assigned: Iterable[Any], **__: object) -> None:
        self._forget(tp.partition for tp in assigned)
        self._metrics.work.rebalances.inc()
        log.info("partitions assigned", partitions=sorted(self.assigned))
        # now, so that the first record does not wait for it
        self._loading = asyncio.create_task(self._pipelines.load())

    def _forget(self, assigned: Iterable[int] = ()) -> None:
        self.first_offsets = {}
        self._intake.clear()
        self._app.consumer.uncover()
        self._pipelines.forget(assigned)
