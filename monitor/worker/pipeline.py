"""Worker: the state machine that turns batches of records into published scores and alerts.

Stages
------
A batch passes the stages from top to bottom. Batches never overtake each other.

============  ====================================================  ===================
stage         the batch is                                          done by
============  ====================================================  ===================
received      fetched, and its records are queued                   `RecordQueue.add`
batched       taken from the queue                                  `RecordQueue.batch`
decoded       read into arrays of samples, which needs no state     `Scorer.read`
windowed      in the buffers, and its windows are with the model    `Worker.take`
scored        scored, with alerts and provisional states            `Worker.score`
published     acknowledged by the broker                            `Worker.publish`
adopted       in the adopted states, `States.adopted`               `Worker.publish`
checkpointed  in the states on the state topic                      `Worker.checkpoint`
committed     before the offsets of the consumer group              Faust
============  ====================================================  ===================

A classification of ended alerts (`Worker.classify`) is a step without records. It starts in the
stage `classified`, beside `scored`, and is published and adopted in turn with the batches.

Concurrency
-----------
Different stages work on different batches at the same time, each stage on one batch:

- `turn` is held to score or classify and to queue the resulting step: never both at once.
- `publishing` is held to publish a step. Partitions are given up when it is free.
- `between_batches` is held to window a batch or to change profiles: never both at once.
- One batch may wait in the queue `windowed` (windowed to scored) and one step in the queue `steps`
  (scored or classified to published). A full queue stops the stage before it.

Each stage starts from the states that the batch before it leads to, adopted or not:
`States.entrance` for windowing, `States.provisional` for scoring and classification,
`States.adopted` for checkpoints.

Transitions
-----------
- received -> batched: the batch is full, or `batch_wait_s` has passed since the batch before.
- batched -> decoded: always.
- decoded -> windowed: the indices are read and the states of the partitions are loaded.
- windowed -> scored: always. The batch is windowed again first if the batch before it ended in
  other buffers than predicted. If the batch fails, its records are scored one by one, and those
  at fault are refused.
- scored -> published and classified -> published: the fence permits it.
- published -> adopted: always.
- adopted -> checkpointed: at the next checkpoint, every `checkpoint_s`.
- checkpointed -> committed: at Faust's next commit, every `commit_s`.
- any stage -> dropped: the fence forbids it, or the partitions changed hands
  (`States.generation` differs). The records are read again from the committed offsets, by this
  worker or another.
- any stage -> failed: an unexpected error ends the process. The next one reads the records again.

Guarantee: a batch is published before its states are adopted, and states are checkpointed before
their records are committed. A worker killed in between reads those records again and publishes the
same bytes again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from structlog.contextvars import bound_contextvars

from archive.model_names import ONLY_MODEL, ModelNames
from archive.profile import encode_profile
from geofield.alerts.alert import Alert
from geofield.calibration.versions import Versions
from geofield.scoring.score import WindowScore
from monitor.assembly import placed
from monitor.kafka.follower import Follower
from monitor.kafka.producer import Outgoing, Publisher
from monitor.records.dead_letters import dead_letter
from monitor.records.scores_and_alerts import CLOUDEVENT_HEADERS, encode_alert, encode_scores
from monitor.settings import Settings
from monitor.worker.checkpoint import StationCheckpoint
from monitor.worker.classification import classify_stations
from monitor.worker.fencing import Fence
from monitor.worker.index_follower import IndexReader
from monitor.worker.leadership import Leadership
from monitor.worker.network_follower import ScoreReader
from monitor.worker.recorder import Observer
from monitor.worker.scorer import BatchInFlight, Scored, Scorer
from monitor.worker.segments import Batch
from monitor.worker.state_store import States
from support.clock import now_ms

Result = TypeVar("Result")
PART = 32  # states encoded in one call, about 10 ms


@dataclass(frozen=True, slots=True)
class Step:
    """The result of a scored batch or of a classification, to be published and then adopted."""

    generation: int  # of the states that it starts from
    checkpoints: Mapping[str, StationCheckpoint]  # the states that change
    position: Mapping[int, int] = field(default_factory=dict)  # next offset, by partition
    scored: Scored | None = None  # None for a classification
    classified: Sequence[Alert] = ()  # alerts that have been given a class


@dataclass(frozen=True, slots=True)
class Worker:
    """The parts of a model's pipeline, and the stages from `windowed` to `checkpointed`.

    `names` are those of what the model keeps.
    `saver` publishes the checkpoints, so that scores do not queue behind megabytes of them.
    `executor` has one thread for windowing and one for scoring and classification.
    """

    settings: Settings
    scorer: Scorer
    states: States
    indices: IndexReader
    remote: ScoreReader
    leadership: Leadership
    control: Follower
    publisher: Publisher
    saver: Publisher
    observer: Observer
    fence: Fence
    executor: ThreadPoolExecutor
    names: ModelNames = ONLY_MODEL
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)  # held to score or classify
    between_batches: asyncio.Lock = field(default_factory=asyncio.Lock)  # held to window
    publishing: asyncio.Lock = field(default_factory=asyncio.Lock)  # held to publish
    # windowed batches with the generation of their states
    windowed: asyncio.Queue[tuple[int, BatchInFlight]] = field(
        default_factory=lambda: asyncio.Queue(1)
    )
    steps: asyncio.Queue[Step] = field(default_factory=lambda: asyncio.Queue(1))  # to publish

    async def take(self, batch: Batch, generation: int) -> None:
        """Window a decoded batch and queue it for `score`.

        `generation` is that of the states when the records were batched. The batch is dropped if
        the partitions have changed hands since.
        """
        await self.indices.caught_up.wait()
        if generation == self.states.generation:
            await self.states.load()
        if generation != self.states.generation:
            return
        async with self.between_batches:
            in_flight = await self._in_thread(self.scorer.take_in, batch, self.states.entrance)
            if generation == self.states.generation:
                self.states.add_predicted(in_flight.checkpoints)
        if generation == self.states.generation:
            await self.windowed.put((generation, in_flight))

    def use(self, profiles: Mapping[str, Versions]) -> None:
        """Score with other profiles from the next batch on; the caller holds `between_batches`.

        The profiles must not change the profile of a window that is already in flight.
        """
        self.scorer.use(profiles)
        self.observer.use(self.scorer.rules)
        self.remote.place(placed(self.remote.network, profiles))

    async def score(self) -> None:
        """Score windowed batches for ever and queue their steps for `publish`."""
        while True:
            generation, in_flight = await self.windowed.get()
            async with self.turn:
                if generation == self.states.generation:
                    step = await self._in_thread(
                        self._scored, generation, in_flight, self.states.provisional
                    )
                    await self._queue(step, in_flight.checkpoints)
            self.windowed.task_done()

    async def classify(self) -> None:
        """Classify the ended alerts that can be classified now, also those of silent stations.

        Does nothing until the indices and scores from before the start have been read.
        """
        if not all(reader.caught_up.is_set() for reader in (self.indices, self.remote)):
            return
        async with self.turn:
            generation = self.states.generation
            step = await self._in_thread(self._classified, generation, self.states.provisional)
            if step.checkpoints or step.classified:
                await self._queue(step)

    async def publish(self) -> None:
        """Publish steps for ever, and adopt the states of each."""
        while True:
            step = await self.steps.get()
            # Let the next batch start scoring: publishing blocks the event loop for milliseconds.
            await asyncio.sleep(0)
            if step.generation == self.states.generation:
                async with self.publishing:
                    records = await asyncio.to_thread(self._outgoing, step)
                    permitted = partial(self._still_ours, step.generation)
                    published = await self.publisher.publish(records, permitted)
                if published and step.generation == self.states.generation:
                    self._adopt(step)
            self.steps.task_done()

    async def checkpoint(self) -> Mapping[int, int]:
        """Write the states that changed; return the offset that they cover, by partition.

        The result is empty if the partitions change hands meanwhile. Many states are written in
        parts, spread over half a checkpoint interval, so that they do not delay live scores.
        """
        generation, pending = self.states.generation, self.states.pending()
        if not pending.checkpoints and not pending.position:
            return {}
        stations = list(pending.checkpoints)
        parts = [stations[n : n + PART] for n in range(0, len(stations), PART)]
        for number, part in enumerate(parts):
            if number:
                await asyncio.sleep(self.settings.checkpoint_s / 2 / len(parts))
            records = await asyncio.to_thread(self.states.encode, pending, part)
            if not await self.saver.publish(records, partial(self._still_ours, generation)):
                return {}
        if generation != self.states.generation:
            return {}
        self.states.saved(pending)
        self.observer.checkpoint()
        return pending.position

    async def _still_ours(self, generation: int) -> bool:
        return await self.fence.may_publish() and generation == self.states.generation

    def named(self) -> AbstractContextManager[None]:
        """Log lines and tasks of this context name the model, if the worker has several."""
        if not self.names.several:
            return nullcontext()
        return bound_contextvars(model=self.names.model)

    async def _in_thread(self, work: Callable[..., Result], *arguments: object) -> Result:
        loop, context = asyncio.get_running_loop(), copy_context()
        return await loop.run_in_executor(self.executor, context.run, work, *arguments)

    async def _queue(
        self, step: Step, predicted: Mapping[str, StationCheckpoint] | None = None
    ) -> None:
        if step.generation == self.states.generation:
            self.states.add_provisional(step.checkpoints, predicted)
            await self.steps.put(step)

    def _adopt(self, step: Step) -> None:
        self.states.adopt(step.checkpoints, step.position)
        if step.scored is not None:
            self.leadership.decided(step.scored.scores)
            self.observer.batch(step.scored, time.time())
        self.observer.alerts(step.classified)

    def _scored(
        self,
        generation: int,
        in_flight: BatchInFlight,
        checkpoints: Mapping[str, StationCheckpoint],
    ) -> Step:
        scored = self.scorer.finish(in_flight, checkpoints, self.indices.history)
        return Step(generation, scored.checkpoints, in_flight.batch.ends, scored)

    def _classified(self, generation: int, checkpoints: Mapping[str, StationCheckpoint]) -> Step:
        classified = classify_stations(
            {station: entry.state for station, entry in checkpoints.items()},
            self.indices.history,
            self.remote.network,
            self.scorer.rules.alert,
            now_ms(),
        )
        after = {
            name: replace(checkpoints[name], state=state)
            for name, state in classified.states.items()
        }
        return Step(generation, after, classified=classified.alerts)

    def _outgoing(self, step: Step) -> list[Outgoing]:
        scored = step.scored
        if scored is None:
            return self._alerts(step.classified)
        topic = self.settings.topic("deadletter")
        letters = [
            dead_letter(record, why, topic)
            for record, why in scored.refused
            if why.ignored is None and self.leadership.letter(record)
        ]
        scores = self._scores(scored.scores)
        return letters + self._profiles(scored) + scores + self._alerts(scored.alerts)

    def _scores(self, scores: Sequence[WindowScore]) -> list[Outgoing]:
        names = {True: self.settings.topic("scores"), False: self.settings.topic("scores-shadow")}
        ends_ms = {score.end_ms for score in scores}  # few: all stations share their window ends
        topics = {end_ms: names[self.leadership.window(end_ms)] for end_ms in ends_ms}
        keys = {score.station: score.station.encode() for score in scores}
        values = encode_scores(scores, self.scorer.rules.model)
        return [
            Outgoing(topics[score.end_ms], keys[score.station], value)
            for score, value in zip(scores, values, strict=True)
        ]

    def _profiles(self, scored: Scored) -> list[Outgoing]:
        """Records of the profiles fitted online, on the partitions of their stations' samples."""
        topic, records = self.settings.topic("profiles"), []
        for fit in scored.fits:
            if fit.profile is not None:
                key = self.names.of(fit.station).encode()
                value = encode_profile(fit.profile)
                partition = scored.checkpoints[fit.station].partition
                records.append(Outgoing(topic, key, value, partition=partition))
        return records

    def _alerts(self, alerts: Sequence[Alert]) -> list[Outgoing]:
        topic = self.settings.topic("alerts")
        return [
            Outgoing(topic, alert.id.encode(), encode_alert(alert), CLOUDEVENT_HEADERS)
            for alert in alerts
            if self.leadership.alert(alert)
        ]
