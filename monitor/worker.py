"""One worker: takes batches of records and publishes what they come to.

The order is the guarantee. A batch is published before its states are adopted; states are
checkpointed before their records are committed. Killed in between, the worker reads those records
again and publishes the same bytes again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import msgspec

from archive.profile import encode_profile
from geofield.alert import Alert
from geofield.score import WindowScore
from monitor.charge import Charge
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
    encode_score,
    utc,
)
from monitor.remote import ScoreReader
from monitor.scoring import Scored, Scorer
from monitor.settings import Settings
from monitor.settling import settle_stations
from monitor.states import States


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker is made of; the executor has one thread, so steps never overlap."""

    settings: Settings
    scorer: Scorer
    states: States
    indices: IndexReader
    remote: ScoreReader
    charge: Charge
    control: Follower
    publisher: Publisher
    observer: Observer
    lease: Lease
    executor: ThreadPoolExecutor

    async def take(self, records: Sequence[RawRecord]) -> bool:
        """Score and publish a batch; False if the partitions changed hands meanwhile."""
        await self.indices.caught_up.wait()
        generation = self.states.generation
        await self.states.load({record.partition for record in records})
        if generation != self.states.generation:
            return False
        loop = asyncio.get_running_loop()
        scored = await loop.run_in_executor(
            self.executor, self.scorer.score, records, self.states.held, self.indices.history
        )
        if not await self._still_ours(generation):
            return False
        await self.publisher.publish(self._outgoing(scored))
        if generation != self.states.generation:
            return False
        self.states.adopt(scored.held)
        self.observer.batch(scored, time.time())
        return True

    async def settle(self) -> None:
        """Publish what can now be said of alerts that are over, also of silent stations.

        Nothing is said before all that was known before a restart is known again.
        """
        if not all(one.caught_up.is_set() for one in (self.indices, self.remote)):
            return
        generation, held = self.states.generation, self.states.held
        settled = await asyncio.get_running_loop().run_in_executor(
            self.executor,
            settle_stations,
            {station: one.state for station, one in held.items()},
            self.indices.history,
            self.remote.network,
            self.scorer.rules.alert,
            round(time.time() * 1000),
        )
        if not await self._still_ours(generation):
            return
        await self.publisher.publish(self._alerts(settled.alerts))
        if generation == self.states.generation:
            self.states.adopt(
                {name: replace(held[name], state=state) for name, state in settled.states.items()}
            )
            self.observer.alerts(settled.alerts)

    async def checkpoint(self) -> bool:
        """Write the states that changed; False if the partitions changed hands meanwhile."""
        generation = self.states.generation
        if not await self._still_ours(generation):
            return False
        pending = self.states.pending()
        await self.publisher.publish(pending)
        if generation != self.states.generation:
            return False
        self.states.saved()
        self.observer.checkpoint()
        return True

    async def _still_ours(self, generation: int) -> bool:
        return await self.lease.holds() and generation == self.states.generation

    def _outgoing(self, scored: Scored) -> list[Outgoing]:
        letters = [
            self._dead_letter(record, why)
            for record, why in scored.refused
            if self.charge.letter(record)
        ]
        scores = [self._score(score) for score in scored.scores]
        return letters + self._profiles(scored) + scores + self._alerts(scored.alerts)

    def _score(self, score: WindowScore) -> Outgoing:
        name = "scores" if self.charge.window(score.end_ms) else "scores-shadow"
        value = encode_score(score, self.scorer.rules.model)
        return Outgoing(self.settings.topic(name), score.station.encode(), value)

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
