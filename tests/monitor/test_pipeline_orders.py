"""No order of reading, publishing, checkpoints, losses and kills changes what the topics hold.

The double of Kafka in memory lets Hypothesis draw the order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from archive.recording import Recording
from geofield.step import Rules
from monitor.records.sample_decoder import Accepts, RawRecord
from monitor.records.sample_encoder import encode_samples
from monitor.settings import Settings
from monitor.worker.pipeline import Worker
from tests.geofield.builders import START_MS, field_nt, rules, spread
from tests.monitor.memory_kafka import MemoryKafka, MemoryPublisher, memory_worker

RECORD_S, RECORDS = 10, 40
TOPICS = ("scores", "alerts")
MOST_UNPUBLISHED = 2  # batches that the queues of the pipeline hold
RULES: Rules = rules("WIC")  # HON has no profile
ACCEPTS = Accepts(1000, 300_000, {"WIC": 0.0}, 100)


def _values(station: str, seed: int) -> list[tuple[bytes, bytes]]:
    """Keys and values of a station with a loud part that opens and resolves an alert."""
    values_nt = field_nt(RECORD_S * RECORDS, seed)
    values_nt[120:220] += 30 * np.sin(np.arange(100))[:, None]
    recording = Recording(station, START_MS, 1000, dict(zip("HEZ", values_nt.T, strict=True)))
    return [(station.encode(), encode_samples(part)) for part in recording.records(RECORD_S)]


def _stray(day: int) -> tuple[bytes, bytes]:
    """A record of WIC that lies far ahead of its others."""
    elements = dict(zip("HEZ", field_nt(RECORD_S).T, strict=True))
    start_ms = START_MS + day * 86_400_000
    return b"WIC", encode_samples(Recording("WIC", start_ms, 1000, elements))


def _log(partition: int, values: Sequence[tuple[bytes, bytes]]) -> list[RawRecord]:
    return [
        RawRecord("t.samples", partition, offset, -1, key, value)
        for offset, (key, value) in enumerate(values)
    ]


HON = _values("HON", seed=1)
LOG = {
    0: _log(0, _values("WIC", seed=0)),
    1: _log(1, [*HON[:3], _stray(700), *HON[3:20], _stray(9000), *HON[20:]]),  # misplaced
}
ENDS = {partition: len(records) for partition, records in LOG.items()}


@dataclass
class Group:
    """One consumer group with one worker at a time."""

    executor: ThreadPoolExecutor
    kafka: MemoryKafka = field(default_factory=lambda: MemoryKafka(Settings(topic_prefix="t.")))
    committed: dict[int, int] = field(default_factory=lambda: dict.fromkeys(LOG, 0))

    def start(self) -> None:
        """Start a worker, which reads from the committed offsets."""
        self.worker: Worker
        self.publisher: MemoryPublisher
        self.worker, self.publisher = memory_worker(
            self.kafka, RULES, ACCEPTS, spread, self.executor, ENDS
        )
        self.stages = asyncio.gather(self.worker.score(), self.worker.publish())
        self.unpublished = 0  # also of an earlier assignment: they are in the queues
        self.assign(ENDS)

    def assign(self, partitions: Collection[int]) -> None:
        """Give the worker these partitions; nobody reads the others."""
        self.worker.states.forget(partitions)
        self.next = {number: self.committed[number] for number in partitions}

    async def read(self, counts: Sequence[int]) -> None:
        """Window a batch with the next records of each partition."""
        if self.unpublished == MOST_UNPUBLISHED:
            await self.publish()
        records = []
        for partition, count in zip(LOG, counts, strict=True):
            if partition not in self.next:
                continue
            begin = self.next[partition]
            records += LOG[partition][begin : begin + count]
            self.next[partition] = min(begin + count, ENDS[partition])
        if records:
            self.unpublished += 1
            states = self.worker.states
            await self.worker.take(self.worker.scorer.read(records), states.generation)

    async def score(self) -> None:
        """Score all that was read; its publication waits at the gate."""
        await self.worker.windowed.join()
        await asyncio.sleep(0.005)

    async def publish(self) -> None:
        """Let the broker acknowledge all that was read."""
        self.publisher.gate.set()
        await self.worker.windowed.join()
        await self.worker.steps.join()
        self.publisher.gate.clear()
        self.unpublished = 0

    async def checkpoint(self) -> None:
        self.committed.update(await self.worker.checkpoint())

    async def first(self) -> None:
        self.assign([0])

    async def second(self) -> None:
        self.assign([1])

    async def both(self) -> None:
        self.assign([0, 1])

    async def kill(self) -> None:
        """Kill the worker where it is, and start the next one."""
        self.stages.cancel()
        await asyncio.gather(self.stages, return_exceptions=True)
        self.start()


async def _follow(orders: Sequence[str | tuple[int, int]]) -> MemoryKafka:
    with ThreadPoolExecutor(2) as executor:
        group = Group(executor)
        group.start()
        async with asyncio.timeout(60):
            for order in orders:
                if isinstance(order, str):
                    await getattr(group, order)()
                else:
                    await group.read(order)
            await group.both()
            await group.read((2 * RECORDS, 2 * RECORDS))
            await group.publish()
            await group.checkpoint()
        group.stages.cancel()
        await asyncio.gather(group.stages, return_exceptions=True)
    assert group.committed == ENDS
    return group.kafka


UNDISTURBED = [(1, 1), "publish"] * RECORDS  # the rest at once
SAVED = ("publish", "checkpoint")
# A stray record leaves a state of WIC on the partition of HON, whose states are read later.
STRAY = [
    *("second", (0, 9), *SAVED),
    *("first", (9, 0), *SAVED),
    *("both", (9, 0), (0, 9), (9, 0), *SAVED),
]
COUNTS = st.tuples(st.integers(0, 9), st.integers(0, 9))
ORDERS = st.lists(
    COUNTS | st.sampled_from(["score", "publish", "checkpoint", "first", "second", "both", "kill"]),
    max_size=30,
)


@given(orders=ORDERS)
@example([(9, 9), "score", "checkpoint", "kill"])
@example([(9, 9), (9, 9), "score", "both"])
@example([(9, 9), "publish", "both", "checkpoint", "kill"])
@example([(9, 9), (9, 9), "kill", (9, 9), *SAVED, (9, 0), "both", "kill"])
@example(STRAY)
@example([(4, 4), (8, 8), "score", "both", (8, 4), (7, 4)])
@settings(max_examples=25)
def test_no_order_changes_a_byte(orders: list[str | tuple[int, int]]) -> None:
    kafka, undisturbed = asyncio.run(_follow(orders)), _undisturbed()
    for topic in TOPICS:
        assert kafka.values(topic) == undisturbed[topic]


@cache
def _undisturbed() -> dict[str, list[bytes]]:
    kafka = asyncio.run(_follow(UNDISTURBED))
    assert len(kafka.values("scores")) > RECORDS
    assert len(kafka.values("alerts")) > 1
    return {topic: kafka.values(topic) for topic in TOPICS}
