"""States of the stations of the assigned partitions, and their checkpoints."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from archive.model_names import ONLY_MODEL, ModelNames, station_of
from geofield.series.windows import WindowSpec, resumable
from monitor.errors import BrokerUnreachable
from monitor.kafka.guard import Guard
from monitor.kafka.outage import error_fields
from monitor.kafka.producer import Outgoing
from monitor.kafka.topic_reader import open_consumer, read_to_end, true_ends
from monitor.kafka.topics import samples_topic_id
from monitor.settings import Settings
from monitor.worker import checkpoint
from monitor.worker.checkpoint import StationCheckpoint
from monitor.worker.checkpoint_check import check
from monitor.worker.executors import in_daemon_thread
from monitor.worker.online_profiles import initial_checkpoints, newest_profiles
from monitor.worker.recorder import CHECKPOINT, PROFILE, Observer
from monitor.worker.scorer import Scorer

RETRY_S = 1.0
log = structlog.get_logger("magwatch.states")


@dataclass(frozen=True, slots=True)
class Pending:
    """States to be checkpointed, and the offsets that they cover."""

    checkpoints: Mapping[str, StationCheckpoint]
    position: Mapping[int, int]  # next offset, by partition; only partitions that advanced


class States:
    """States by station, as the stages of the worker see them.

    Attributes
    ----------
    adopted
        Adopted states: their scores and alerts are on the broker.
    provisional
        Provisional states: those after the last scored batch, published or not.
    predicted
        Predicted states: those after the last windowed batch, of stations not yet scored.
    position
        By partition, the offset of the first record that is not adopted.
    assigned
        Partitions of this worker.
    generation
        Count of assignments. Work of an earlier generation is dropped.
    """

    def __init__(
        self,
        settings: Settings,
        scorer: Scorer,
        observer: Observer,
        names: ModelNames = ONLY_MODEL,
    ) -> None:
        self._settings = settings
        self._scorer = scorer
        self._observer = observer
        self._names = names  # of the keys of checkpoints
        self._loaded = False  # whether the checkpoints of the assigned partitions have been read
        self._unsaved: set[str] = set()  # stations adopted since their last checkpoint
        self.adopted: dict[str, StationCheckpoint] = {}
        self.provisional: Mapping[str, StationCheckpoint] = {}
        self.predicted: Mapping[str, StationCheckpoint] = {}
        self.position: dict[int, int] = {}
        self._saved: dict[int, int] = {}  # `position` at the last checkpoint
        self.assigned: frozenset[int] = frozenset()
        self.generation = 0
        self._loading = asyncio.Lock()  # held to read checkpoints
        self._checkpoints = Guard("state", observer.left_out(CHECKPOINT))
        self._profiles = Guard("profile", observer.left_out(PROFILE))
        self._topic_id = ""  # of the samples topic, as of the last read
        self._foreign: list[str] = []  # stations with incompatible checkpoints in the last read

    def forget(self, assigned: Iterable[int] = ()) -> None:
        """Drop all states after a change of assignment; those of `assigned` are read again."""
        self.generation += 1
        self.assigned, self._loaded = frozenset(assigned), False
        self._unsaved.clear()
        self.adopted, self.provisional, self.predicted = {}, {}, {}
        self.position, self._saved = {}, {}
        self._observer.forgotten()

    @property
    def entrance(self) -> Mapping[str, StationCheckpoint]:
        """The states from which the next batch is windowed."""
        return {**self.provisional, **self.predicted}

    def add_predicted(self, checkpoints: Mapping[str, StationCheckpoint]) -> None:
        """Record the predicted states of a windowed batch."""
        self.predicted = {**self.predicted, **checkpoints}

    def add_provisional(
        self,
        checkpoints: Mapping[str, StationCheckpoint],
        predicted: Mapping[str, StationCheckpoint] | None = None,
    ) -> None:
        """Record the provisional states of a scored batch and clear its `predicted` states."""
        self.provisional = {
            **self.provisional,
            **checkpoints,
        }  # a new mapping: another thread may read the old one
        scored = predicted or {}
        self.predicted = {
            name: state for name, state in self.predicted.items() if scored.get(name) is not state
        }

    def adopt(
        self, checkpoints: Mapping[str, StationCheckpoint], position: Mapping[int, int]
    ) -> None:
        """Adopt the states and the position after a published batch."""
        self.adopted.update(checkpoints)
        self._unsaved.update(checkpoints)
        self.position.update(position)

    def pending(self) -> Pending:
        """The states and positions that changed since the last checkpoint."""
        checkpoints = {name: self.adopted[name] for name in sorted(self._unsaved)}
        return Pending(checkpoints, dict(self.position.items() - self._saved.items()))

    def encode(self, pending: Pending, stations: Iterable[str]) -> list[Outgoing]:
        """Records with the checkpoints of some stations; runs on any thread."""
        topic = self._settings.topic("state")
        records = []
        for station in stations:
            state = pending.checkpoints[station]
            value = checkpoint.encode(station, state, self._fingerprints(station)[0])
            key = self._names.of(station).encode()
            records.append(Outgoing(topic, key, value, partition=state.partition))
        return records

    def saved(self, pending: Pending) -> None:
        """Record that these checkpoints are on the broker; later changes stay unsaved."""
        self._saved.update(pending.position)
        for station, state in pending.checkpoints.items():
            if self.adopted[station] is state:
                self._unsaved.discard(station)

    async def load(self) -> None:
        """Read the checkpoints of the assigned partitions, once for each assignment.

        All at once, since a stray record may have left a state of a station on another partition.
        Retries until the broker answers: no record can be scored without its station's state.
        """
        async with self._loading:
            generation = self.generation
            while self.assigned and not self._loaded and generation == self.generation:
                try:
                    checkpoints = await self._read(sorted(self.assigned))
                except (KafkaError, OSError, BrokerUnreachable) as error:
                    log.warning("states not read, trying again", **error_fields(error))
                    await asyncio.sleep(RETRY_S)
                    continue
                self._loaded_now(checkpoints, generation)

    def _loaded_now(self, checkpoints: dict[str, StationCheckpoint], generation: int) -> None:
        if generation != self.generation:
            return
        self.adopted.update(checkpoints)
        self.add_provisional(checkpoints)
        self._loaded = True
        self._observer.loaded(checkpoints)
        log.info("states loaded", partitions=sorted(self.assigned), stations=len(checkpoints))

    async def _read(self, partitions: list[int]) -> dict[str, StationCheckpoint]:
        by_key: dict[str, StationCheckpoint] = {}
        self._foreign.clear()
        self._topic_id = await in_daemon_thread(samples_topic_id, self._settings)
        async with open_consumer(self._settings) as consumer:
            ends = await self._sample_ends(consumer, partitions)
            async for records in read_to_end(consumer, self._partitions("state", partitions)):
                for key, state in self._checkpoints(records, self._decoded):
                    consider(key, state, ends, by_key)
            checkpoints = by_station(by_key)
            if self._foreign:
                log.warning(
                    "states of another model, rules or samples topic left out",
                    states=len(self._foreign),
                    example=self._foreign[0],
                )
            profiles = await newest_profiles(
                read_to_end(consumer, self._partitions("profiles", partitions)),
                self._profiles,
                self._names,
            )
        return checkpoints | initial_checkpoints(profiles, self._scorer.rules, checkpoints.keys())

    def _partitions(self, topic: str, numbers: Iterable[int]) -> list[TopicPartition]:
        return [TopicPartition(self._settings.topic(topic), number) for number in numbers]

    async def _sample_ends(
        self, consumer: AIOKafkaConsumer, partitions: list[int]
    ) -> dict[int, int]:
        ends = await true_ends(consumer, self._partitions("samples", partitions))
        return {partition.partition: end for partition, end in ends.items()}

    def _fingerprints(self, station: str) -> list[str]:
        """Hashes of the model and rules of a state, each with the id of the samples topic."""
        return [f"{digest} {self._topic_id}" for digest in self._scorer.fingerprints(station)]

    def _decoded(self, record: ConsumerRecord) -> tuple[str, StationCheckpoint | None]:
        """Key and state of a checkpoint; the state is None for a tombstone or another model.

        Raises
        ------
        ValueError
            If the record is no checkpoint, its key or partition is not that of the state, or its
            numbers are impossible.
        """
        key = (record.key or b"").decode()
        if record.value is None or not self._names.may_own(key):
            return key, None
        station = station_of(key)
        decoded = checkpoint.decode(record.value, self._fingerprints(station))
        if decoded is None:
            if key == self._names.of(station):
                self._foreign.append(key)
            return key, None
        name, state = decoded
        if (name, state.partition) != (station, record.partition):
            raise ValueError(f"key {key} but a state of {name}")
        window = self._scorer.rules.window
        check(state, window.cadence_ms)
        return key, _resumable(state, window)


def _resumable(checkpoint: StationCheckpoint, window: WindowSpec) -> StationCheckpoint:
    """The checkpoint, whose buffer must not ask for samples long gone, as a forged one may."""
    state = checkpoint.state
    if state.buffer is None:
        return checkpoint
    return replace(checkpoint, state=replace(state, buffer=resumable(state.buffer, window)))


def by_station(by_key: Mapping[str, StationCheckpoint]) -> dict[str, StationCheckpoint]:
    """States by station; of two under different keys (see `ModelNames`), the one further on."""
    checkpoints: dict[str, StationCheckpoint] = {}
    for key, state in by_key.items():
        station = station_of(key)
        if station not in checkpoints or _is_further(state, checkpoints[station]):
            checkpoints[station] = state
    return checkpoints


def consider(
    key: str,
    state: StationCheckpoint | None,
    ends: Mapping[int, int],
    checkpoints: dict[str, StationCheckpoint],
) -> None:
    """Put a state into `checkpoints` unless the state there is further on; None removes it.

    A worker that lost the partition may have written an old state late. A state on another
    partition replaces the known one only if it has newer samples: a stray record may have left it
    there.
    """
    if state is None:
        checkpoints.pop(key, None)
    elif state.offset >= ends.get(state.partition, 0):
        # The broker has lost its last records: new ones will get their offsets.
        log.warning("state ahead of the samples topic left out", station=key)
    elif key not in checkpoints or _is_further(state, checkpoints[key]):
        checkpoints[key] = state


def _is_further(candidate: StationCheckpoint, known: StationCheckpoint) -> bool:
    if candidate.partition == known.partition:
        return candidate.offset > known.offset
    buffer, before = candidate.state.buffer, known.state.buffer
    return buffer is not None and (before is None or buffer.after > before.after)
