"""One worker: takes batches of records and publishes what they come to.

The order is the guarantee. A batch is published before its states are adopted; states are
checkpointed before their records are committed. Killed in between, the worker reads those records
again and publishes the same bytes again. While a batch is being published the next one is scored,
from the states that the first will lead to; it is published after the first and adopted after it.
The one after that has been taken in by then and its windows are being looked at, and one more may
have been read, which takes no state. Scoring must wait for nothing else: what goes to the broker is
made of a step when it is published.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

import msgspec

from archive.profile import encode_profile
from geofield.alert import Alert
from geofield.score import WindowScore
from monitor.charge import Charge
from monitor.checkpoint import Held
from monitor.codec import RawRecord, Rejected
from monitor.following import Follower
from monitor.history import IndexReader
from monitor.lease import Lease
from monitor.observe import Observer
from monitor.publisher import Outgoing, Publisher
from monitor.records import (
    CLOUDEVENT_HEADERS,
    DeadLetterHeaders,
    encode_alert,
    encode_scores,
    utc,
)
from monitor.remote import ScoreReader
from monitor.runs import Batch
from monitor.scoring import Begun, Scored, Scorer
from monitor.settings import Settings
from monitor.settling import settle_stations
from monitor.states import States

Result = TypeVar("Result")
PART = 32  # states encoded at once: some ten milliseconds


@dataclass(frozen=True, slots=True)
class Step:
    """What a batch came to, on its way to the broker; `position` is the next of each partition."""

    generation: int
    held: Mapping[str, Held]
    position: Mapping[int, int] = field(default_factory=dict)
    scored: Scored | None = None
    settled: Sequence[Alert] = ()


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker is made of; the executor has a thread for each half of a step.

    Checkpoints have a producer of their own: scores need not wait behind megabytes of them.
    """

    settings: Settings
    scorer: Scorer
    states: States
    indices: IndexReader
    remote: ScoreReader
    charge: Charge
    control: Follower
    publisher: Publisher
    saver: Publisher
    observer: Observer
    lease: Lease
    executor: ThreadPoolExecutor
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    begun: asyncio.Queue[tuple[int, Begun]] = field(default_factory=lambda: asyncio.Queue(1))
    steps: asyncio.Queue[Step] = field(default_factory=lambda: asyncio.Queue(1))

    async def take(self, batch: Batch, generation: int) -> None:
        """Take a batch in, behind the one taken before, and queue it for `score`.

        `generation` is that of the states when the records came. Nothing comes of them if the
        partitions have changed hands since: they are read again.
        """
        await self.indices.caught_up.wait()
        if generation == self.states.generation:
            await self.states.load({record.partition for record in batch.records})
        if generation != self.states.generation:
            return
        begun = await self._in_thread(self.scorer.begin, batch, self.states.entrance)
        if generation == self.states.generation:
            self.states.begin(begun.held)
            await self.begun.put((generation, begun))

    async def score(self) -> None:
        """Score batch after batch for ever and queue it for `publish`."""
        while True:
            generation, begun = await self.begun.get()
            async with self.turn:
                if generation == self.states.generation:
                    step = await self._in_thread(self._scored, generation, begun, self.states.ahead)
                    await self._queue(step, begun.held)
            self.begun.task_done()

    async def settle(self) -> None:
        """Publish what can now be said of alerts that are over, also of silent stations.

        Nothing is said before all that was known before a restart is known again.
        """
        if not all(one.caught_up.is_set() for one in (self.indices, self.remote)):
            return
        async with self.turn:
            generation = self.states.generation
            step = await self._in_thread(self._settled, generation, self.states.ahead)
            if step.held or step.settled:
                await self._queue(step)

    async def publish(self) -> None:
        """Publish step after step for ever; meanwhile the next one is worked out."""
        while True:
            step = await self.steps.get()
            await asyncio.sleep(0)  # let the next step begin: this takes the loop for milliseconds
            if await self._still_ours(step.generation):
                await self.publisher.publish(await asyncio.to_thread(self._outgoing, step))
                if step.generation == self.states.generation:
                    self._adopt(step)
            self.steps.task_done()

    async def checkpoint(self) -> Mapping[int, int]:
        """Write the states that changed; says of partitions up to which record that covers them.

        Nothing if the partitions change hands meanwhile. Many stations are written in parts, over
        half of the time to the next checkpoint: all at once they would delay what is live.
        """
        generation, pending = self.states.generation, self.states.pending()
        if not pending.held and not pending.position:
            return {}
        stations = list(pending.held)
        parts = [stations[n : n + PART] for n in range(0, len(stations), PART)]
        for number, part in enumerate(parts):
            if number:
                await asyncio.sleep(self.settings.checkpoint_s / 2 / len(parts))
            records = await asyncio.to_thread(self.states.encode, pending, part)
            if not await self._still_ours(generation):
                return {}
            await self.saver.publish(records)
        if generation != self.states.generation:
            return {}
        self.states.saved(pending)
        self.observer.checkpoint()
        return pending.position

    async def _still_ours(self, generation: int) -> bool:
        return await self.lease.holds() and generation == self.states.generation

    async def _in_thread(self, work: Callable[..., Result], *arguments: object) -> Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.executor, work, *arguments)

    async def _queue(self, step: Step, begun: Mapping[str, Held] | None = None) -> None:
        if step.generation == self.states.generation:
            self.states.foresee(step.held, begun)
            await self.steps.put(step)

    def _adopt(self, step: Step) -> None:
        self.states.adopt(step.held, step.position)
        if step.scored is not None:
            self.observer.batch(step.scored, time.time())
        self.observer.alerts(step.settled)

    def _scored(self, generation: int, begun: Begun, held: Mapping[str, Held]) -> Step:
        scored = self.scorer.finish(begun, held, self.indices.history)
        position = {record.partition: record.offset + 1 for record in begun.batch.records}
        return Step(generation, scored.held, position, scored)

    def _settled(self, generation: int, held: Mapping[str, Held]) -> Step:
        settled = settle_stations(
            {station: one.state for station, one in held.items()},
            self.indices.history,
            self.remote.network,
            self.scorer.rules.alert,
            round(time.time() * 1000),
        )
        after = {name: replace(held[name], state=state) for name, state in settled.states.items()}
        return Step(generation, after, settled=settled.alerts)

    def _outgoing(self, step: Step) -> list[Outgoing]:
        scored = step.scored
        if scored is None:
            return self._alerts(step.settled)
        letters = [
            self._dead_letter(record, why)
            for record, why in scored.refused
            if self.charge.letter(record)
        ]
        scores = self._scores(scored.scores)
        return letters + self._profiles(scored) + scores + self._alerts(scored.alerts)

    def _scores(self, scores: Sequence[WindowScore]) -> list[Outgoing]:
        names = {True: self.settings.topic("scores"), False: self.settings.topic("scores-shadow")}
        ends_ms = {score.end_ms for score in scores}  # few: windows of all stations end together
        topics = {end_ms: names[self.charge.window(end_ms)] for end_ms in ends_ms}
        keys = {score.station: score.station.encode() for score in scores}
        values = encode_scores(scores, self.scorer.rules.model)
        return [
            Outgoing(topics[score.end_ms], keys[score.station], value)
            for score, value in zip(scores, values, strict=True)
        ]

    def _profiles(self, scored: Scored) -> list[Outgoing]:
        """Profiles fitted online, on the partition of their station's samples."""
        topic, records = self.settings.topic("profiles"), []
        for fit in scored.fits:
            if fit.profile is not None:
                key, value = fit.station.encode(), encode_profile(fit.profile)
                partition = scored.held[fit.station].partition
                records.append(Outgoing(topic, key, value, partition=partition))
        return records

    def _alerts(self, alerts: Sequence[Alert]) -> list[Outgoing]:
        topic = self.settings.topic("alerts")
        return [
            Outgoing(topic, alert.id.encode(), encode_alert(alert), CLOUDEVENT_HEADERS)
            for alert in alerts
            if self.charge.alert(alert)
        ]

    def _dead_letter(self, record: RawRecord, why: Rejected) -> Outgoing:
        """The record as it came; what is known about it goes into headers."""
        about = DeadLetterHeaders(
            reason=why.reason,
            detail=why.detail,
            topic=record.topic,
            partition=str(record.partition),
            offset=str(record.offset),
            time=_moment(record.timestamp_ms),
            content_type=record.content_type or None,
        )
        fields: dict[str, str] = msgspec.to_builtins(about)
        headers = tuple((name, text.encode(errors="replace")) for name, text in fields.items())
        return Outgoing(self.settings.topic("deadletter"), record.key, record.value, headers)


def _moment(timestamp_ms: int) -> str:
    """A sender's own idea of the time, which need not be one."""
    try:
        return utc(timestamp_ms) if timestamp_ms >= 0 else ""
    except OverflowError:
        return str(timestamp_ms)
