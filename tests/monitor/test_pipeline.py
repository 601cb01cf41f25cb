"""A batch is scored while another is published and one taken in; the order of effects stays."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from monitor.assembly import assemble
from monitor.kafka.follower import Follower
from monitor.kafka.producer import Outgoing, Publisher
from monitor.metrics.metrics import Metrics
from monitor.records.sample_decoder import RawRecord
from monitor.records.sample_encoder import encode_samples
from monitor.settings import Settings
from monitor.worker.fencing import Fence
from monitor.worker.index_follower import IndexReader
from monitor.worker.leadership import Leadership
from monitor.worker.network_follower import ScoreReader
from monitor.worker.pipeline import Worker
from monitor.worker.recorder import Observer
from monitor.worker.scorer import Scorer
from monitor.worker.state_store import States
from tests.monitor.feeds import calibrated, station
from tests.monitor.test_end_to_end import THRESHOLD, offline, online
from tests.monitor.workers import Site, received

RECORDING = station("WIC", 40, seed=5, burst=slice(900, 1500))
RECORDS = [
    RawRecord("t.samples", 0, offset, part.end_ms, b"WIC", encode_samples(part))
    for offset, part in enumerate(RECORDING.records(60))
]
FIRST, SECOND, REST = RECORDS[:15], RECORDS[15:30], RECORDS[30:]


class Gated(Publisher):
    """The real one, behind a gate."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, lambda: None)
        self.gate = asyncio.Event()

    async def publish(self, batch: Sequence[Outgoing]) -> None:
        await self.gate.wait()
        await super().publish(batch)


def new_worker(settings: Settings, executor: ThreadPoolExecutor, publisher: Publisher) -> Worker:
    assembly = assemble(settings)
    observer = Observer(Metrics.create(CollectorRegistry(), 10), assembly.rules)
    scorer = Scorer(assembly.rules, assembly.accepts, assembly.model.reconstruct)
    leadership = Leadership()
    worker = Worker(
        settings=settings,
        scorer=scorer,
        states=States(settings, scorer, observer),
        indices=IndexReader(settings, lambda: None),
        remote=ScoreReader(settings, assembly.network, assembly.rules.model.sha256),
        leadership=leadership,
        control=Follower(settings, ["control"], leadership.take),
        publisher=publisher,
        saver=Publisher(settings, lambda: None),
        observer=observer,
        fence=Fence(settings, lambda: True),
        executor=executor,
    )
    worker.indices.caught_up.set()
    return worker


Scenario = Callable[[Worker, Gated], Awaitable[None]]


def run(site: Site, model_path: Path, scenario: Scenario) -> None:
    """Take two batches while the gate is shut."""
    calibrated(site.folder / "profiles", model_path, "WIC", THRESHOLD)

    async def main() -> None:
        publisher = Gated(site.settings)
        with ThreadPoolExecutor(2) as executor:
            worker = new_worker(site.settings, executor, publisher)
            publishing = asyncio.gather(worker.score(), worker.publish())
            async with asyncio.timeout(30):
                await worker.take(worker.scorer.read(FIRST), 0)
                await worker.take(worker.scorer.read(SECOND), 0)
                await worker.windowed.join()
                await scenario(worker, publisher)
            publishing.cancel()
            await asyncio.gather(publisher.stop(), worker.saver.stop())

    asyncio.run(main())


async def idle(worker: Worker, publisher: Gated) -> None:
    publisher.gate.set()
    await worker.windowed.join()
    await worker.steps.join()


def test_the_next_batch_is_scored_while_one_is_published(
    tansu_site: Site, model_path: Path
) -> None:
    async def scenario(worker: Worker, publisher: Gated) -> None:
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

    run(tansu_site, model_path, scenario)
    scores, alerts = offline(tansu_site, [RECORDING])
    assert online(tansu_site, "scores") == scores
    assert online(tansu_site, "alerts") == alerts


def test_a_batch_is_taken_in_while_the_one_before_is_scored(
    tansu_site: Site, model_path: Path
) -> None:
    async def scenario(worker: Worker, publisher: Gated) -> None:
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

    run(tansu_site, model_path, scenario)
    scores, alerts = offline(tansu_site, [RECORDING])
    assert online(tansu_site, "scores") == scores
    assert online(tansu_site, "alerts") == alerts


def test_both_are_dropped_when_partitions_change_hands(tansu_site: Site, model_path: Path) -> None:
    async def scenario(worker: Worker, publisher: Gated) -> None:
        worker.states.forget()
        await idle(worker, publisher)
        assert worker.states.adopted == {}
        assert worker.states.provisional == worker.states.predicted == {}
        assert worker.states.position == {}
        assert await worker.checkpoint() == {}

    run(tansu_site, model_path, scenario)


def test_what_came_before_partitions_changed_hands_is_not_scored(
    tansu_site: Site, model_path: Path
) -> None:
    """Scored after them, it would pass for what has to be read again first."""

    async def scenario(worker: Worker, publisher: Gated) -> None:
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

    run(tansu_site, model_path, scenario)


def test_a_checkpoint_covers_what_was_there_when_it_began(
    tansu_site: Site, model_path: Path
) -> None:
    async def scenario(worker: Worker, publisher: Gated) -> None:
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

    run(tansu_site, model_path, scenario)


@pytest.mark.parametrize("stations", [1, 33, 100])
def test_every_station_is_in_a_checkpoint(site: Site, model_path: Path, stations: int) -> None:
    """Many are written in parts."""
    settings = site.settings.model_copy(update={"checkpoint_s": 0.2})

    async def main() -> None:
        with ThreadPoolExecutor(2) as executor:
            worker = new_worker(settings, executor, Publisher(settings, lambda: None))
            publishing = asyncio.gather(worker.score(), worker.publish())
            await worker.take(
                worker.scorer.read([of_station(f"Q{n:03d}", n) for n in range(stations)]), 0
            )
            while not worker.states.adopted:
                await asyncio.sleep(0.01)
            assert await worker.checkpoint() == {0: stations}
            publishing.cancel()
            await asyncio.gather(worker.publisher.stop(), worker.saver.stop())

    asyncio.run(main())
    saved = [(record.partition, record.key) for record in received(site, "state")]
    assert saved == [(0, f"Q{n:03d}".encode()) for n in range(stations)]


def of_station(code: str, offset: int) -> RawRecord:
    value = (RECORDS[0].value or b"").replace(b"WIC", code.encode())
    return RawRecord("t.samples", 0, offset, -1, code.encode(), value)
