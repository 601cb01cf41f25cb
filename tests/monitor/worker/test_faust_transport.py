"""Faust commits what checkpoints cover, and nothing else."""

import asyncio
import time

from aiokafka import AIOKafkaConsumer

from monitor.settings import load_settings
from monitor.worker.faust_app import create_app
from monitor.worker.faust_transport import FETCH_WAIT_MS
from tests.monitor.feeds import station
from tests.monitor.workers import Site, committed, encoded, send, wait_until, worker

COMMITS_S = 2.0  # several of them


def test_what_no_checkpoint_covers_is_not_committed(site: Site) -> None:
    with worker(site, CHECKPOINT_S="600") as running:
        running.wait_for_records(send(site, encoded(station("WIC", 20, seed=1).records(10))))
        time.sleep(COMMITS_S)
        assert committed(site) == 0


def test_what_a_checkpoint_covers_is_committed_to_the_last_record(site: Site) -> None:
    """Also what was refused, and records of many partitions."""
    codes = ("WIC", "HON", "HER", "KAK", "BOU")
    with worker(site, CHECKPOINT_S="1") as running:
        sent = sum(send(site, encoded(station(code, 5, seed=1).records(10))) for code in codes)
        sent += send(site, [(code.encode(), b"rubbish") for code in codes])
        running.wait_for_records(sent)
        wait_until(lambda: committed(site) == sent)


def test_what_is_dropped_in_a_rebalance_before_the_first_commit_is_read_again(site: Site) -> None:
    """Faust drops what it fetched and seeks to the committed offsets: there may be none yet."""
    sent = send(site, encoded(station("WIC", 20, seed=1).records(10)))

    async def read_twice() -> list[list[int]]:
        app = create_app(site.settings, "unused")
        client = app.consumer._new_consumer_thread()._create_worker_consumer(app.transport)
        client.subscribe([site.settings.topic("samples")])
        await client.start()
        try:
            first = await _offsets(client, sent)
            await client.seek_to_committed()
            return [first, await _offsets(client, sent)]
        finally:
            await client.stop()

    first, again = asyncio.run(read_twice())
    assert first == again == [*range(sent)]


async def _offsets(client: AIOKafkaConsumer, count: int) -> list[int]:
    async with asyncio.timeout(30):
        return [(await client.getone()).offset for _ in range(count)]


def test_the_client_does_not_wait_long_for_partitions_that_have_nothing_new() -> None:
    """Faust fixes 1.5 s, in which partitions far behind would get nothing either."""

    async def fetch_max_wait_ms() -> int:
        app = create_app(load_settings(), "unused")
        client = app.consumer._new_consumer_thread()._create_worker_consumer(app.transport)
        return int(client._fetch_max_wait_ms)

    assert asyncio.run(fetch_max_wait_ms()) == FETCH_WAIT_MS < 100
