"""No order of reading, publishing, checkpoints, losses and kills changes what the topics hold.

The double of Kafka in memory lets Hypothesis draw the order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from archive.recording import Recording
from geofield.step import Rules
from monitor.records.sample_decoder import Accepts, RawRecord
from monitor.records.sample_encoder import encode_samples
from monitor.settings import Settings
from monitor.worker.pipelines import Pipelines
from tests.geofield.builders import START_MS, field_nt, profile, rules, spread
from tests.monitor.memory_kafka import MemoryKafka, MemoryPublisher, memory_pipelines

RECORD_S, RECORDS = 10, 40
TOPICS = ("scores", "alerts")
MOST_UNPUBLISHED = 2  # batches that the queues of the pipeline hold
RULES: Rules = rules("WIC")  # HON has no profile
ACCEPTS = Accepts(1000, 300_000, {"WIC": 0.0}, 100)


def _values(station: str, seed: int, cadence_ms: int = 1000) -> list[tuple[bytes, bytes]]:
    """Keys and values of a station with a loud part that opens and resolves an alert."""
    values_nt = field_nt(RECORD_S * RECORDS, seed)
    values_nt[120:220] += 30 * np.sin(np.arange(100))[:, None]
    elements = dict(zip("HEZ", values_nt.T, strict=True))
    recording = Recording(station, START_MS, cadence_ms, elements)
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


def _alternating(
    one: Sequence[tuple[bytes, bytes]], other: Sequence[tuple[bytes, bytes]]
) -> list[tuple[bytes, bytes]]:
    return [value for pair in zip(one, other, strict=True) for value in pair]


HON = _values("HON", seed=1)
LOG = {
    0: _log(0, _values("WIC", seed=0)),
    1: _log(1, [*HON[:3], _stray(700), *HON[3:20], _stray(9000), *HON[20:]]),  # misplaced
}
Log = dict[int, list[RawRecord]]
Models = Sequence[tuple[Rules, Accepts]]
ONE_MODEL: Models = [(RULES, ACCEPTS)]


def _ends(records: Log) -> dict[int, int]:
    return {partition: len(of_it) for partition, of_it in records.items()}


@dataclass
class Group:
    """One consumer group with one worker at a time."""

    executor: ThreadPoolExecutor
    log: Log = field(default_factory=lambda: LOG)
    models: Models = tuple(ONE_MODEL)
    kafka: MemoryKafka = field(default_factory=lambda: MemoryKafka(Settings(topic_prefix="t.")))
    committed: dict[int, int] = field(default_factory=lambda: dict.fromkeys(LOG, 0))

    def start(self) -> None:
        """Start a worker, which reads from the committed offsets."""
        self.pipelines: Pipelines
        self.publisher: MemoryPublisher
        ends = _ends(self.log)
        self.pipelines, self.publisher = memory_pipelines(
            self.kafka, self.models, spread, self.executor, ends
        )
        workers = self.pipelines.workers
        self.stages = asyncio.gather(
            *(stage for w in workers for stage in (w.score(), w.publish()))
        )
        self.unpublished = 0  # also of an earlier assignment: they are in the queues
        self.assign(ends)

    def assign(self, partitions: Collection[int]) -> None:
        """Give the worker these partitions; nobody reads the others."""
        self.pipelines.forget(partitions)
        self.next = {number: self.committed[number] for number in partitions}

    async def read(self, counts: Sequence[int]) -> None:
        """Window a batch with the next records of each partition."""
        if self.unpublished == MOST_UNPUBLISHED:
            await self.publish()
        records = []
        for partition, count in zip(self.log, counts, strict=True):
            if partition not in self.next:
                continue
            begin = self.next[partition]
            records += self.log[partition][begin : begin + count]
            self.next[partition] = min(begin + count, len(self.log[partition]))
        if records:
            self.unpublished += 1
            pipelines = self.pipelines
            await pipelines.take(pipelines.read(records), pipelines.generation)

    async def score(self) -> None:
        """Score all that was read; its publication waits at the gate."""
        for worker in self.pipelines.workers:
            await worker.windowed.join()
        await asyncio.sleep(0.005)

    async def publish(self) -> None:
        """Let the broker acknowledge all that was read."""
        self.publisher.gate.set()
        for worker in self.pipelines.workers:
            await worker.windowed.join()
            await worker.steps.join()
        self.publisher.gate.clear()
        self.unpublished = 0

    async def checkpoint(self) -> None:
        self.committed.update(await self.pipelines.checkpoint())

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


async def _follow(
    orders: Sequence[str | tuple[int, int]], records: Log = LOG, models: Models = ONE_MODEL
) -> MemoryKafka:
    with ThreadPoolExecutor(2 * len(models)) as executor:
        group = Group(executor, records, models)
        group.start()
        async with asyncio.timeout(60):
            for order in orders:
                if isinstance(order, str):
                    await getattr(group, order)()
                else:
                    await group.read(order)
            await group.both()
            await group.read((4 * RECORDS, 4 * RECORDS))
            await group.publish()
            await group.checkpoint()
        group.stages.cancel()
        await asyncio.gather(group.stages, return_exceptions=True)
    assert group.committed == _ends(records)
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


# Two cadences: WIC sends both, HON seconds and TDC minutes; one record is of a cadence of no model.
MINUTES = replace(
    RULES,
    window=replace(RULES.window, cadence_ms=60_000, lateness=1),
    model=replace(RULES.model, name="minutes", sha256="cd" * 32),
    profiles={name: (replace(profile(name), model_sha256="cd" * 32),) for name in ("WIC", "TDC")},
)
TWO_MODELS: Models = [
    (RULES, ACCEPTS),
    (MINUTES, replace(ACCEPTS, cadence_ms=60_000, declination_deg={"WIC": 0.0, "TDC": 0.0})),
]
MIXED: Log = {
    0: _log(0, _alternating(_values("WIC", seed=0), _values("WIC", seed=2, cadence_ms=60_000))),
    1: _log(
        1,
        [
            *_alternating(HON, _values("TDC", seed=3, cadence_ms=60_000)),
            *_values("HON", 4, 5000)[:1],
        ],
    ),
}


@given(orders=ORDERS)
@example([(9, 9), "publish", "checkpoint", (9, 9), (9, 9), "kill"])
@example([(9, 9), (9, 9), "kill", (9, 9), *SAVED, (9, 0), "both", "kill"])
@example([(80, 0), *SAVED, "second", (0, 80), *SAVED, "kill"])
@settings(max_examples=25)
def test_no_order_changes_a_byte_of_two_models(orders: list[str | tuple[int, int]]) -> None:
    kafka, apart = asyncio.run(_follow(orders, MIXED, TWO_MODELS)), _apart()
    for topic in TOPICS:
        assert _of_models(kafka, topic) == apart[topic]
    keys = {item.key for item in kafka.topics["state"]}
    assert keys <= {b"WIC.test", b"HON.test", b"WIC.minutes", b"TDC.minutes"}


def _of_models(kafka: MemoryKafka, topic: str) -> list[list[bytes]]:
    """Values of the two models: in which order a batch has those of both is left open."""
    values = kafka.values(topic)
    names = (b'"name":"test"', b'"name":"minutes"')
    of_models = [[value for value in values if name in value] for name in names]
    assert sum(map(len, of_models)) == len(values)
    return of_models


@cache
def _apart() -> dict[str, list[list[bytes]]]:
    """What a worker for each of the models publishes."""
    alone = [asyncio.run(_follow(UNDISTURBED, MIXED, [model])) for model in TWO_MODELS]
    values = {topic: [kafka.values(topic) for kafka in alone] for topic in TOPICS}
    assert all(len(of_model) > 1 for topic in TOPICS for of_model in values[topic])
    return values


async def _grown() -> list[MemoryKafka]:
    """A worker with one model, then one with two, then again one; and one that stays as it is."""
    grown, same = Group(ThreadPoolExecutor(4)), Group(ThreadPoolExecutor(4))
    for group in (grown, same):
        group.log = MIXED
        for models in (ONE_MODEL, TWO_MODELS, ONE_MODEL):
            group.models = models if group is grown else ONE_MODEL
            group.start()
            await group.read((25, 25))
            await group.publish()
            await group.checkpoint()
            group.stages.cancel()
            await asyncio.gather(group.stages, return_exceptions=True)
        group.executor.shutdown()
    return [grown.kafka, same.kafka]


def test_a_further_model_changes_nothing_of_the_first() -> None:
    """Checkpoints are read under the names of a worker with one model and of one with several."""
    grown, same = asyncio.run(_grown())
    first = [value for value in grown.values("scores") if b'"name":"test"' in value]
    assert first == same.values("scores")
    assert len(grown.values("scores")) > len(first)
    assert {item.key for item in grown.topics["state"]} >= {b"WIC", b"WIC.test", b"WIC.minutes"}


@pytest.mark.parametrize(
    ("models", "names"), [(ONE_MODEL, {None}), (TWO_MODELS, {"test", "minutes"})]
)
def test_log_lines_name_the_model_where_a_worker_has_several(
    models: Models, names: set[str | None]
) -> None:
    with capture_logs([merge_contextvars]) as lines:
        asyncio.run(_follow([(25, 25), "publish"], MIXED, models))
    loaded = [line for line in lines if line["event"] == "states loaded"]
    assert {line.get("model") for line in loaded} == names


# HON's seconds derived to minutes beside them; TDC sends minutes itself, from its third second on.
LONG_S, LONG_RECORDS = 240, 60
DERIVING: Models = [
    (RULES, ACCEPTS),
    (
        replace(MINUTES, profiles={"HON": (replace(profile("HON"), model_sha256="cd" * 32),)}),
        replace(
            ACCEPTS,
            cadence_ms=60_000,
            declination_deg={"HON": 0.0},
            derives_ms=(1000,),
            lateness_ms=10_000,
            shares=True,
        ),
    ),
]


def _long(station: str, cadence_ms: int, seed: int) -> list[tuple[bytes, bytes]]:
    """Records of `LONG_S` seconds of a walk with a loud part, at a cadence."""
    count = LONG_S * LONG_RECORDS * 1000 // cadence_ms
    walk_nt = np.cumsum(field_nt(count, seed) - field_nt(1, seed), axis=0) / 30
    walk_nt[count // 3 : count // 2] += (
        30 * np.sin(np.arange(count // 2 - count // 3) / 99)[:, None]
    )
    elements = dict(zip("HEZ", (walk_nt + 20_000).T, strict=True))
    parts = Recording(station, START_MS, cadence_ms, elements).records(LONG_S * 1000 // cadence_ms)
    return [(station.encode(), encode_samples(part)) for part in parts]


TDC = _long("TDC", 1000, seed=6)
DERIVED_LOG: Log = {
    0: _log(0, _long("HON", 1000, seed=5)),
    1: _log(1, [*TDC[:3], *_alternating(TDC[3:], _long("TDC", 60_000, seed=7)[3:])]),
}


@given(orders=ORDERS)
@example([(9, 9), "publish", "checkpoint", (9, 9), (9, 9), "kill"])
@example([(9, 2), *SAVED, "kill", (9, 1), *SAVED, "kill", (9, 3), "kill"])
@example([(9, 9), (9, 9), "score", "both", (7, 9), (9, 0), *SAVED, "second", "both", "kill"])
@settings(max_examples=15)
def test_no_order_changes_a_byte_of_derived_minutes(orders: list[str | tuple[int, int]]) -> None:
    kafka, undisturbed = asyncio.run(_follow(orders, DERIVED_LOG, DERIVING)), _derived()
    for topic in TOPICS:
        assert _of_models(kafka, topic) == undisturbed[topic]


@cache
def _derived() -> dict[str, list[list[bytes]]]:
    kafka = asyncio.run(_follow(UNDISTURBED, DERIVED_LOG, DERIVING))
    minutes = [value for value in kafka.values("scores") if b'"name":"minutes"' in value]
    for station in (b"HON", b"TDC"):
        assert sum(b'"station":"' + station in value for value in minutes) > 10
    assert _of_models(kafka, "alerts")[1]
    return {topic: _of_models(kafka, topic) for topic in TOPICS}
