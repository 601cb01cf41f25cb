"""The station states of the partitions this worker owns, and their checkpoints."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from monitor import checkpoint
from monitor.checkpoint import Held
from monitor.errors import BrokerUnreachable
from monitor.learned import begun, newest_profiles
from monitor.observe import Observer
from monitor.publisher import Outgoing
from monitor.reading import groupless_consumer, read_to_end, true_ends
from monitor.scoring import Scorer
from monitor.settings import Settings
from monitor.topics import samples_topic_id

RETRY_S = 1.0
log = structlog.get_logger("magwatch.states")


@dataclass(frozen=True, slots=True)
class Pending:
    """States to be checkpointed, and of partitions that went on the next record after them."""

    held: Mapping[str, Held]
    position: Mapping[int, int]


class States:
    """States by station; `generation` counts assignments: work begun before one is void after.

    `held` are those whose scores and alerts are on the broker, `position` is of each partition the
    first record of which that cannot be said; `ahead` are those after the last batch scored, and
    `begun` what batches that are being scored have begun with.
    """

    def __init__(self, settings: Settings, scorer: Scorer, observer: Observer) -> None:
        self._settings = settings
        self._scorer = scorer
        self._observer = observer
        self._loaded: set[int] = set()
        self._unsaved: set[str] = set()
        self.held: dict[str, Held] = {}
        self.ahead: Mapping[str, Held] = {}
        self.begun: Mapping[str, Held] = {}
        self.position: dict[int, int] = {}
        self._saved: dict[int, int] = {}
        self.generation = 0
        self._loading = asyncio.Lock()
        self._topic_id = ""

    def forget(self) -> None:
        """Partitions were taken away or given: what another worker did since is read again."""
        self.generation += 1
        self._loaded.clear()
        self._unsaved.clear()
        self.held, self.ahead, self.begun = {}, {}, {}
        self.position, self._saved = {}, {}
        self._observer.forgotten()

    @property
    def entrance(self) -> Mapping[str, Held]:
        """What the next batch begins with."""
        return {**self.ahead, **self.begun}

    def begin(self, held: Mapping[str, Held]) -> None:
        """What a batch has begun; the next one begins there."""
        self.begun = {**self.begun, **held}

    def foresee(self, held: Mapping[str, Held], begun: Mapping[str, Held] | None = None) -> None:
        """What a batch that had `begun` with that leads to, once it is published."""
        self.ahead = {**self.ahead, **held}  # another thread may be reading the old one
        done = begun or {}
        self.begun = {name: one for name, one in self.begun.items() if done.get(name) is not one}

    def adopt(self, held: Mapping[str, Held], position: Mapping[int, int]) -> None:
        """Take over the states after a batch that is published, and how far it read."""
        self.held.update(held)
        self._unsaved.update(held)
        self.position.update(position)

    def pending(self) -> Pending:
        """What changed since the last checkpoint, as of now."""
        held = {name: self.held[name] for name in sorted(self._unsaved)}
        return Pending(held, dict(self.position.items() - self._saved.items()))

    def encode(self, pending: Pending, stations: Iterable[str]) -> list[Outgoing]:
        """Checkpoints of some stations as records; runs on any thread."""
        topic = self._settings.topic("state")
        records = []
        for station in stations:
            held = pending.held[station]
            value = checkpoint.encode(station, held, self._fingerprint(station))
            records.append(Outgoing(topic, station.encode(), value, partition=held.partition))
        return records

    def saved(self, pending: Pending) -> None:
        """These checkpoints are on the broker; what changed since then is not."""
        self._saved.update(pending.position)
        for station, held in pending.held.items():
            if self.held[station] is held:
                self._unsaved.discard(station)

    async def load(self, partitions: Iterable[int]) -> None:
        """Read the checkpoints of partitions not read since they were assigned.

        Waits for the broker: without their states no record of these partitions can be scored.
        """
        async with self._loading:
            wanted = sorted(set(partitions) - self._loaded)
            generation = self.generation
            while wanted and generation == self.generation:
                try:
                    found = await self._read(wanted)
                except (KafkaError, OSError, BrokerUnreachable) as error:
                    log.warning("states not read, trying again", error=str(error))
                    await asyncio.sleep(RETRY_S)
                    continue
                self._loaded_now(wanted, found, generation)
                return

    def _loaded_now(self, wanted: list[int], found: dict[str, Held], generation: int) -> None:
        if generation != self.generation:
            return
        self.held.update(found)
        self.foresee(found)
        self._loaded.update(wanted)
        self._observer.loaded(found)
        log.info("states loaded", partitions=wanted, stations=len(found))

    async def _read(self, partitions: list[int]) -> dict[str, Held]:
        found: dict[str, Held] = {}
        self._topic_id = await asyncio.to_thread(samples_topic_id, self._settings)
        async with groupless_consumer(self._settings) as consumer:
            ends = await self._sample_ends(consumer, partitions)
            async for records in read_to_end(consumer, self._partitions("state", partitions)):
                for record in records:
                    self._consider(record.key, record.value, ends, found)
            profiles = await newest_profiles(
                read_to_end(consumer, self._partitions("profiles", partitions))
            )
        return found | begun(profiles, self._scorer.rules, found.keys())

    def _partitions(self, topic: str, numbers: Iterable[int]) -> list[TopicPartition]:
        return [TopicPartition(self._settings.topic(topic), number) for number in numbers]

    async def _sample_ends(
        self, consumer: AIOKafkaConsumer, partitions: list[int]
    ) -> dict[int, int]:
        ends = await true_ends(consumer, self._partitions("samples", partitions))
        return {partition.partition: end for partition, end in ends.items()}

    def _fingerprint(self, station: str) -> str:
        """A state belongs to a model, its rules, and the topic whose offsets it names."""
        return f"{self._scorer.fingerprint(station)} {self._topic_id}"

    def _consider(
        self,
        key: bytes | None,
        value: bytes | None,
        ends: Mapping[int, int],
        found: dict[str, Held],
    ) -> None:
        if key is None or value is None:
            return
        station = key.decode(errors="replace")
        try:
            decoded = checkpoint.decode(value, self._fingerprint(station))
        except ValueError as error:
            log.error("unreadable checkpoint left out", station=station, error=str(error))
            return
        if decoded is None:
            found.pop(station, None)
            log.warning("state of another model, rules or samples topic left out", station=station)
            return
        held = decoded[1]
        if held.offset >= ends.get(held.partition, 0):
            # A broker that lost its last records: their offsets will mean other ones.
            log.warning("state ahead of the samples topic left out", station=station)
            return
        # A worker that lost the partition may have written late: the furthest state counts.
        if station not in found or held.offset > found[station].offset:
            found[station] = held
