"""The feed outlives its broker, and leaves nothing behind in it."""

import asyncio
import time
from collections.abc import Callable
from contextlib import closing

from kafka.admin import NewTopic

from archive.model import default_model_path
from monitor.assembly import assemble
from monitor.dashboard.board import Board
from monitor.dashboard.feed import Feed
from monitor.dashboard.serve import new_board, now_ms
from monitor.kafka.embedded_broker import embedded_broker, free_port
from monitor.kafka.sending import open_producer
from monitor.kafka.topics import admin, create_topics, missing_topics, plans
from monitor.offline.pacing import interleaved
from monitor.offline.replay import Sent, flush, send
from monitor.records.sources import encode_source
from monitor.settings import Settings
from tests.monitor.feeds import station

PATIENCE_S = 40.0


def fill(settings: Settings, code: str) -> None:
    """Topics, and twenty minutes of one station."""
    create_topics(settings)
    producer, sent = open_producer(settings), Sent()
    send(producer, settings, interleaved([station(code, 20, seed=1)], 60), sent, lambda _: None)
    flush(producer, settings, sent)
    producer.close()


async def until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.05)


async def outage(settings: Settings, feed: Feed, board: Board, port: int) -> None:
    following = asyncio.create_task(feed.follow())
    for code in ("AAA", "BBB"):
        await until(lambda: feed.status.kind == "broker")
        with embedded_broker(port) as broker:
            await until(lambda: feed.status.kind == "topics")
            assert len(missing_topics(settings)) == len(plans(settings))
            await asyncio.to_thread(fill, settings, code)
            await until(lambda code=code: feed.status.kind == "live" and code in board.stations)  # type: ignore[misc]
            broker.process.kill()
    assert not following.done()
    following.cancel()


def test_it_waits_for_broker_and_topics_creates_none_and_goes_on_after_an_outage() -> None:
    port = free_port()
    settings = Settings(broker=f"127.0.0.1:{port}", model=default_model_path())
    assembly = assemble(settings)
    board = new_board(settings, assembly)
    asyncio.run(outage(settings, Feed(settings, assembly.accepts, board, now_ms), board, port))
    assert sorted(board.stations) == ["AAA", "BBB"]


async def without_dead_letters(settings: Settings, feed: Feed, board: Board) -> None:
    following = asyncio.create_task(feed.follow())
    await until(lambda: feed.status.kind == "live" and "AAA" in board.stations)
    await asyncio.to_thread(create_topics, settings)  # those that were not there
    await asyncio.to_thread(send_letter_and_source, settings)
    await until(lambda: {"BBB", "CCC"} <= board.stations.keys())
    assert not following.done()
    following.cancel()


def send_letter_and_source(settings: Settings) -> None:
    with closing(open_producer(settings)) as producer:
        headers = [("reason", b"bad-cadence"), ("detail", b"PT1M")]
        producer.send(settings.topic("deadletter"), b"{}", b"BBB", headers).get(10)
        source = encode_source("CCC", "silent", now_ms(), "")
        producer.send(settings.topic("sources"), source, b"CCC").get(10)


def test_dead_letters_and_sources_are_read_when_they_are_there() -> None:
    with embedded_broker() as broker:
        settings = Settings(broker=broker.address, model=default_model_path())
        with closing(admin(settings)) as client:
            names = [settings.topic(name) for name in ("samples", "scores", "alerts")]
            client.create_topics([NewTopic(name, 1, 1) for name in names])
        producer, sent = open_producer(settings), Sent()
        send(producer, settings, interleaved([station("AAA", 2, seed=1)], 60), sent, lambda _: None)
        flush(producer, settings, sent)
        producer.close()
        assembly = assemble(settings)
        board = new_board(settings, assembly)
        feed = Feed(settings, assembly.accepts, board, now_ms)
        asyncio.run(without_dead_letters(settings, feed, board))
