"""The Faust app: who owns which partition, fetches of raw records, and commits.

Faust carries the consumer group, the stream of fetches (see `fetching`) and the commits. Decoding,
windows, scores and sending are ours (see `worker`), for reasons of speed and because Faust
acknowledges an event even when its processing failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import faust
import structlog
from aiokafka import TopicPartition
from yarl import URL

from monitor.codec import RawRecord
from monitor.fetching import FetchTransport, Untouched
from monitor.intake import Intake
from monitor.metrics import Metrics
from monitor.placement import Placement
from monitor.runs import Batch
from monitor.security import password, ssl_context
from monitor.settings import Settings
from monitor.worker import Worker

SETTLE_S = 2.0
FETCH_BYTES = 4 * 1024 * 1024
FETCHES = 4096  # Faust's buffer is never full: nothing is fetched while there is no room
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
        # Records wait for a checkpoint before they are committed, so there is always one "in work".
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
    """Whether the group, as far as was heard, knows this worker as the one that got its partitions.

    Faust calls `on_partitions_revoked` a second or more after the heartbeat was refused.
    """
    consumer = app.consumer._thread._consumer  # None once it is stopped
    generation = consumer and consumer._coordinator.generation
    return bool(generation == app.consumer_generation_id)


class Consumption:
    """Leads fetches of a Faust stream to a worker, and tells Faust what checkpoints cover."""

    def __init__(self, worker: Worker, metrics: Metrics, partitions: int) -> None:
        self._worker = worker
        self._settings = settings = worker.settings
        self._metrics = metrics
        self._placement = Placement(partitions, metrics)
        self._intake = Intake(settings.batch_records, settings.batch_wait_s)
        self._app: Any = None
        self._saving = asyncio.Lock()
        self._loading: asyncio.Task[None] | None = None
        self.assigned: set[int] = set()
        self.begun: dict[int, int] = {}  # of each partition, where this worker began
        self.failure: BaseException | None = None

    def install(self, app: faust.App) -> None:
        """Register the agent, the timers and the rebalance hooks."""
        # Faust's own acknowledgements would commit what is still in work
        topic = app.topic(self._settings.topic("samples"), schema=Untouched(), acks=False)
        self._app = app
        app.transport.room = self._intake.room
        app.agent(topic, name="samples", concurrency=1)(self._consume)
        app.timer(self._settings.checkpoint_s)(self._checkpoint)
        app.timer(SETTLE_S)(self._worker.settle)
        app.on_partitions_revoked.connect(self._on_revoked)
        app.on_partitions_assigned.connect(self._on_assigned)

    @property
    def position(self) -> dict[int, int]:
        """Of each partition, the next record to take."""
        return self.begun | self._worker.states.position

    async def score(self) -> None:
        """Lead batch after batch to the worker, for ever; meanwhile the next one is read."""
        following = asyncio.create_task(self._read())
        try:
            while True:
                batch, generation = await following
                # a turn of the loop behind the step: both begin with what holds the interpreter
                following = asyncio.create_task(self._read())
                await self._worker.take(batch, generation)
        finally:
            following.cancel()

    async def _read(self) -> tuple[Batch, int]:
        records = await self._intake.batch()
        # What is queued is of this generation; while it is read another may begin.
        generation = self._worker.states.generation
        return await asyncio.to_thread(self._worker.scorer.read, records), generation

    def helper_ended(self, helper: asyncio.Task[None]) -> None:
        """What works beside the stream must not end in silence: the worker ends with it."""
        if not helper.cancelled() and (error := helper.exception()) is not None:
            log.error("a task of the worker failed", exc_info=error)
            self.failure = error

    async def _consume(self, stream: Any) -> None:
        try:
            async for event in stream.events():
                if self._is_current(event.message):
                    self._add(event.value)
        except Exception as error:
            # Faust would start the agent again after this fetch, and it would be lost. The process
            # ends instead; the next one begins at the last checkpoint.
            log.exception("fetch failed")
            self.failure = error
            await asyncio.Event().wait()

    def _add(self, records: list[RawRecord]) -> None:
        self.begun.setdefault(records[0].partition, records[0].offset)
        self._placement.check(records)
        self._intake.add(records)

    def _is_current(self, message: Any) -> bool:
        """Leave out what was fetched before the last rebalance.

        Faust does not empty the buffer it waits in. The partition may be another worker's now,
        and if it is still ours it is read again, after what came before.
        """
        return (
            message.generation_id == self._app.consumer_generation_id
            and message.partition in self.assigned
        )

    async def _checkpoint(self) -> None:
        async with self._saving:
            generation = self._worker.states.generation
            covered = await self._worker.checkpoint()
            if generation == self._worker.states.generation:
                topic = self._settings.topic("samples")
                self._app.consumer.cover(
                    {TopicPartition(topic, number): end for number, end in covered.items()}
                )

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
        self.begun = {}
        self._intake.clear()
        self._app.consumer.uncover()
        self._worker.states.forget()
