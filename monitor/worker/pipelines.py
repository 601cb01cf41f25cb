"""The pipelines of a worker, one for each of its models, and the way of records to them.

A record is decoded once and goes to the model of its cadence. Each model has the whole state
machine of `monitor.worker.pipeline` with states, queues and profiles of its own, so that its scores
and alerts are those of a worker with this model alone. All of them see every batch, with or without
records of theirs: an offset is covered once the checkpoints of all of them cover it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from monitor.records.sample_decoder import RawRecord
from monitor.settings import Settings
from monitor.worker.pipeline import Worker
from monitor.worker.segments import Batch, read_batches

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Pipelines:
    """The pipelines of all models, in the order of the setting; they change hands together."""

    workers: Sequence[Worker]
    # by pipeline and partition, the offset that its checkpoints cover
    _covered: list[dict[int, int]] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """Settings of the worker."""
        return self.workers[0].settings

    @property
    def generation(self) -> int:
        """Count of assignments, see `States`."""
        return self.workers[0].states.generation

    @property
    def assigned(self) -> frozenset[int]:
        """Partitions of this worker."""
        return self.workers[0].states.assigned

    @property
    def position(self) -> dict[int, int]:
        """By partition, the offset of the first record that a pipeline has not adopted."""
        return _least([worker.states.position for worker in self.workers])

    def read(self, records: Sequence[RawRecord]) -> list[Batch]:
        """Decode records into a batch for each pipeline; runs on any thread."""
        return read_batches(records, [worker.scorer.accepts for worker in self.workers])

    async def take(self, batches: Sequence[Batch], generation: int) -> None:
        """Give each pipeline its batch, see `Worker.take`."""
        pairs = zip(self.workers, batches, strict=True)
        await self._at_once(worker.take(batch, generation) for worker, batch in pairs)

    async def classify(self) -> None:
        """Classify what can be classified, see `Worker.classify`."""
        for worker in self.workers:
            with worker.named():
                await worker.classify()

    async def checkpoint(self) -> Mapping[int, int]:
        """Write the states that changed; return the offset that all pipelines cover."""
        generation = self.generation
        if not self._covered:
            self._covered.extend({} for _ in self.workers)
        written = await self._at_once(worker.checkpoint() for worker in self.workers)
        if generation != self.generation:
            return {}
        for known, new in zip(self._covered, written, strict=True):
            known.update(new)
        return _least(self._covered)

    def forget(self, assigned: Iterable[int] = ()) -> None:
        """Drop all states after a change of assignment, see `States.forget`."""
        assigned = frozenset(assigned)
        self._covered.clear()
        for worker in self.workers:
            worker.states.forget(assigned)

    async def idle(self) -> None:
        """Wait until no pipeline is publishing."""
        for worker in self.workers:
            async with worker.publishing:
                pass

    async def load(self) -> None:
        """Read the checkpoints of the assigned partitions, see `States.load`."""
        await self._at_once(worker.states.load() for worker in self.workers)

    async def _at_once(self, work: Iterable[Coroutine[None, None, Result]]) -> list[Result]:
        """What the work of each pipeline returns; its log lines name the model."""
        tasks = []
        async with asyncio.TaskGroup() as group:
            for worker, own in zip(self.workers, work, strict=True):
                with worker.named():
                    tasks.append(group.create_task(own))
        return [task.result() for task in tasks]


def _least(offsets: Sequence[Mapping[int, int]]) -> dict[int, int]:
    """The least offset of each partition that all of them have."""
    common = frozenset.intersection(*(frozenset(some) for some in offsets))
    return {partition: min(some[partition] for some in offsets) for partition in common}
