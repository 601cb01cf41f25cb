"""A batch is scored while another is published and one taken in; the order of effects stays."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitor.assembly import assemble
from monitor.records.sample_decoder import RawRecord
from monitor.records.sample_encoder import encode_samples
from monitor.settings import Settings
from monitor.worker.pipeline import Worker
from monitor.worker.pipelines import Pipelines
from tests.monitor.feeds import calibrated, station
from tests.monitor.memory_kafka import MemoryKafka, MemoryPublisher, memory_worker
from tests.monitor.outcomes import THRESHOLD, offline
from tests.monitor.workers import Site

RECORDING = station("WIC", 40, seed=5, burst=slice(900, 1500))
RECORDS = [
    RawRecord("t.samples", 0, offset, part.end_ms, b"WIC", encode_samples(part))
    for offset, part in enumerate(RECORDING.records(60))
]
FIRST, SECOND, REST = RECORDS[:15], RECORDS[15:30], RECORDS[30:]


Scenario = Callable[[Worker, MemoryPublisher], Awaitable[None]]


@pytest.fixture
def kafka(tmp_path: Path, model_path: Path) -> MemoryKafka:
    """A broker in memory, and profiles with WIC's."""
    calibrated(tmp_path / "profiles", model_path, "WIC", THRESHOLD)
    return MemoryKafka(Settings(profiles=tmp_path / "profiles", model=model_path))


@contextmanager
def new_worker(kafka: MemoryKafka) -> Iterator[tuple[Worker, MemoryPublisher]]:
    assembly = assemble(kafka.settings)
    with ThreadPoolExecutor(2) as executor:
        yield memory_worker(
            kafka, assembly.rules, assembly.accepts, assembly.model.reconstruct, executor, {}
        )


def run(kafka: MemoryKafka, scenario: Scenario) -> None:
    """Take two batches while the gate is shut."""

    async def main() -> None:
        with new_worker(kafka) as (worker, publisher):
            publishing = asyncio.gather(worker.score(), worker.publish())
            async with asyncio.timeout(30):
                await worker.take(worker.scorer.read(FIRST), 0)
                await worker.take(worker.scorer.read(SECOND), 0)
                await worker.windowed.join()
                await scenario(worker, publisher)
            publishing.cancel()

    asyncio.run(main())


async def idle(worker: Worker, publisher: MemoryPublisher) -> None:
    publisher.gate.set()
    await worker.windowed.join()
    await worker.steps.join()


def test_the_next_batch_is_scored_while_one_is_published(kafka: MemoryKafka) -> None:
    async def scenario(worker: Worker, publisher: MemoryPublisher) -> None:
        states = worker.states
        assert states.provisional["WIC"].offset == SECOND[-1].offset
        assert states.adopted == {}
        assert states.position == {}
        assert await worker.checkpoint() == {}
        await idle(worker, publisher)
        assert states.adopted == states.provisional
        assert states.predicted == {}
        assert states.position == {0: REST[0].offset}
        assert worker.leadership.newest_ms == states.adopted["WIC"].state.alerts.newest_ms > 0
        await worker.take(worker.scorer.read(REST), 0)
        await idle(worker, publisher)

    run(kafka, scenario)
    scores, alerts = offline(Site(kafka.settings, Path()), [RECORDING])
    assert sorted(kafka.values("scores")) == scores
    assert sorted(kafka.values("alerts")) == alerts


def test_a_batch_is_taken_in_while_the_one_before_is_scored(kafka: MemoryKafka) -> None:
    async def scenario(worker: Worker, publisher: MemoryPublisher) -> None:
        states = worker.states
        await idle(worker, publisher)
        async with worker.turn:  # no batch is scored meanwhile
            for few in (REST[:4], REST[4:]):
                await worker.take(worker.scorer.read(few), 0)
            assert states.predicted["WIC"].offset == REST[-1].offset
            assert states.provisional["WIC"].offset == SECOND[-1].offset
        await idle(worker, publisher)
        assert states.adopted["WIC"].offset == REST[-1].offset
        assert states.predicted == {}

    run(kafka, scenario)
    scores, alerts = offline(Site(kafka.settings, Path()), [RECORDING])
    assert sorted(kafka.values("scores")) == scores
    assert sorted(kafka.values("alerts")) == alerts


def test_partitions_are_given_up_when_nothing_is_on_its_way(kafka: MemoryKafka) -> None:
    """The next owner's records would otherwise come before those that were sent earlier."""

    async def scenario(worker: Worker, publisher: MemoryPublisher) -> None:
        pipelines = Pipelines([worker])
        pipelines.forget()
        giving_up = asyncio.create_task(pipelines.idle())
        await asyncio.sleep(0.05)
        assert not giving_up.done()
        publisher.gate.set()
        await giving_up
        before = dict(kafka.topics)
        await idle(worker, publisher)
        assert kafka.topics == before

    run(kafka, scenario)


def test_both_are_dropped_when_partitions_change_hands(kafka: MemoryKafka) -> None:
    async def scenario(worker: Worker, publisher: MemoryPublisher) -> None:
        worker.states.forget()
        await idle(worker, publisher)
        assert worker.states.adopted == {}
        assert worker.states.provisional == worker.states.predicted == {}
        assert worker.states.position == {}
        assert await worker.checkpoint() == {}

    run(kafka, scenario)


def test_what_came_before_partitions_changed_hands_is_not_scored(kafka: MemoryKafka) -> None:
    """Scored after them, it would pass for what has to be read again first."""

    async def scenario(worker: Worker, publisher: MemoryPublisher) -> None:
        await idle(worker, publisher)
        async with worker.turn:
            late = asyncio.create_task(
                worker.take(worker.scorer.read(REST), worker.states.generation)
            )
            await asyncio.sleep(0.05)
            worker.states.forget()
        await late
        await idle(worker, publisher)
        assert worker.states.provisional == {}
        assert worker.states.position == {}

    run(kafka, scenario)


def test_a_checkpoint_covers_what_was_there_when_it_began(kafka: MemoryKafka) -> None:
    async def scenario(worker: Worker, publisher: MemoryPublisher) -> None:
        await idle(worker, publisher)
        pending = worker.states.pending()
        await worker.take(worker.scorer.read(REST), 0)
        await idle(worker, publisher)
        worker.states.saved(pending)
        left = worker.states.pending()
        assert (pending.position, left.position) == ({0: REST[0].offset}, {0: len(RECORDS)})
        assert left.checkpoints["WIC"].offset == RECORDS[-1].offset
        assert await worker.checkpoint() == {0: len(RECORDS)}
        assert worker.states.pending().checkpoints == {}

    run(kafka, scenario)


@pytest.mark.parametrize("stations", [1, 33, 100])
def test_every_station_is_in_a_checkpoint(kafka: MemoryKafka, stations: int) -> None:
    """Many are written in parts."""
    kafka.settings = kafka.settings.model_copy(update={"checkpoint_s": 0.2})

    async def main() -> None:
        with new_worker(kafka) as (worker, publisher):
            publisher.gate.set()
            publishing = asyncio.gather(worker.score(), worker.publish())
            await worker.take(
                worker.scorer.read([of_station(f"Q{n:03d}", n) for n in range(stations)]), 0
            )
            await idle(worker, publisher)
            assert await worker.checkpoint() == {0: stations}
            publishing.cancel()

    asyncio.run(main())
    saved = [(record.partition, record.key) for record in kafka.topics["state"]]
    assert saved == [(0, f"Q{n:03d}".encode()) for n in range(stations)]


def of_station(code: str, offset: int) -> RawRecord:
    value = (RECORDS[0].value or b"").replace(b"WIC", code.encode())
    return RawRecord("t.samples", 0, offset, -1, code.encode(), value)
