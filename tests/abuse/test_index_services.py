"""One bad index service among good ones: `magwatch indices` as a process, once and for ever."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.http.client import session
from monitor.index_feed import formats
from monitor.index_feed.formats import Document
from monitor.index_feed.poller import Poller
from monitor.index_feed.source import Service, Source
from monitor.kafka.producer import Publisher
from monitor.records.indices import decode_record
from tests.abuse.answers import DATES, NUMBERS, answer
from tests.abuse.asking import assert_one_line
from tests.abuse.raw_server import Asked, raw_server
from tests.monitor.index_feed.services import gfz, kyoto, noaa, table
from tests.monitor.workers import Site, end, new_site, received, wait_until
from tests.processes import Magwatch, magwatch

NOT_HASHABLE = answer(b'[[["a"]],["b"]]')
GOOD = {"gfz": gfz(table()), "noaa": noaa(table()), "kyoto": kyoto(24)}
INDEX = {"gfz": "Kp", "noaa": "Kp", "kyoto": "Dst"}
LATER = datetime(2024, 5, 12, tzinfo=UTC)


@pytest.fixture
def site(tansu_address: str, tmp_path: Path) -> Site:
    return new_site(tansu_address, tmp_path, Path("unused.onnx"))


@contextmanager
def environment(
    site: Site, **bad: Callable[[], bytes]
) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Environment with three services, some bad, and the paths that the bad ones are asked for."""
    asked: list[str] = []

    def reply_of(name: str) -> Callable[[Asked], Iterator[bytes]]:
        def reply(request: Asked) -> Iterator[bytes]:
            asked.extend([request.path] * (name in bad))
            yield bad.get(name, lambda: answer(GOOD[name]))()

        return reply

    with ExitStack() as servers:
        urls = {
            f"INDEX_{name.upper()}_URL": f"{servers.enter_context(raw_server(reply_of(name)))}/x"
            for name in GOOD
        }
        yield site.environment(**urls, INDEX_POLL_S="0.2"), asked


def published(site: Site) -> dict[str, int]:
    """How many values came of each service."""
    counts = dict.fromkeys(GOOD, 0)
    for record in received(site, "indices"):
        one = decode_record(record.value)
        assert one.name == INDEX[one.source]
        counts[one.source] += len(one.values)
    return counts


def once(settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return magwatch("indices", "--once", env=settings)


def test_once_bad_services_are_named_in_one_line_and_the_good_one_published(site: Site) -> None:
    busy = answer(b"", (b"Retry-After", DATES[1]), (b"Date", DATES[4]), status=b"503 \x1b[31m")
    with environment(site, kyoto=lambda: NOT_HASHABLE, gfz=lambda: busy) as (settings, asked):
        result = once(settings)
    assert published(site) == {"gfz": 0, "noaa": 8, "kyoto": 0}
    assert result.returncode == 1
    assert len(asked) == 2 * 3
    assert "Traceback" not in result.stderr
    line = result.stderr.splitlines()[-1]
    assert line == "magwatch: gfz: HTTP 503; kyoto: the first row does not name the columns"


def test_once_does_not_wait_longer_than_a_minute(site: Site) -> None:
    """And a strange date is an unknown clock: the document that comes with it is used."""
    busy = answer(b"", (b"Retry-After", b"3600"), status=b"429 Too Many Requests")
    strange = answer(GOOD["kyoto"], (b"Date", DATES[1]), (b"Age", NUMBERS[12]))
    with environment(site, gfz=lambda: busy, kyoto=lambda: strange) as (settings, asked):
        result = once(settings)
    assert len(asked) == 2, "it asked to be left alone"
    assert result.returncode == 1
    line = result.stderr.splitlines()[-1]
    assert line == "magwatch: gfz: HTTP 429, to be asked again in 3,600 s"
    assert published(site) == {"gfz": 0, "noaa": 8, "kyoto": 24}


def test_in_the_loop_a_bad_service_holds_up_no_other_and_is_used_again(site: Site) -> None:
    """While one goes through its horrors, another one revises a value."""
    dates = [answer(b"", (b"Date", one), (b"Retry-After", one)) for one in DATES[1:9]]
    horrors = [NOT_HASHABLE, *dates, answer(b'{"a":' * 100_000), answer(GOOD["noaa"])]
    revised = gfz([*table()[:-1], (table()[-1][0], 9.0)])
    bad = {
        "noaa": lambda: horrors.pop(0) if len(horrors) > 1 else horrors[0],
        "gfz": lambda: answer(GOOD["gfz"] if len(horrors) > 8 else revised),
    }
    log = site.folder / "indices.log"
    with environment(site, **bad) as (settings, _), log.open("wb") as stream:
        process = Magwatch(["indices"], env=settings, stderr=stream)
        try:
            wait_until(lambda: published(site) == {"gfz": 9, "noaa": 8, "kyoto": 24})
            assert process.poll() is None
        finally:
            end(process)
    assert process.returncode == 0
    said = [json.loads(line) for line in log.read_text().splitlines()]
    failures = [one for one in said if one["event"] == "no index, trying again"]
    assert len(failures) == 10
    for one in failures:
        assert one["source"] == "noaa"
        assert_one_line(one["said"], one)
    assert not any("exception" in one for one in said)


def test_a_fault_of_the_program_at_one_service_leaves_the_others_alone(site: Site) -> None:
    def broken(_: bytes) -> Document:
        raise ZeroDivisionError

    async def run(url: str) -> list[str | None]:
        publisher = Publisher(site.settings, lambda: None)
        poller = Poller(site.settings, publisher, lambda: LATER)
        async with session() as client:
            chosen = {"broken": broken, "noaa": formats.noaa_kp}
            services = [Service(name, lambda _: url, parse, "") for name, parse in chosen.items()]
            sources = [Source(one, client, lambda: LATER) for one in services]
            following = asyncio.gather(*(poller.follow(source) for source in sources))
            await asyncio.sleep(0.5)
            assert not following.done()
            following.cancel()
            try:
                return await asyncio.gather(*(poller.once(source) for source in sources))
            finally:
                await publisher.stop()

    with raw_server(lambda _: [answer(GOOD["noaa"])]) as url:
        assert asyncio.run(run(url)) == ["broken: ZeroDivisionError()", None]
    assert published(site)["noaa"] == 8


def test_a_long_history_is_published_in_records_that_a_broker_takes(site: Site) -> None:
    first = datetime(2020, 1, 1, tzinfo=UTC)
    times = [(first + timedelta(hours=3 * number)).isoformat()[:19] for number in range(12_000)]
    long = answer(json.dumps([{"time_tag": at, "Kp": 1} for at in times]).encode())
    with environment(site, noaa=lambda: long) as (settings, _):
        result = once(settings)
    assert result.returncode == 0, result.stderr
    assert published(site)["noaa"] == 12_000
    assert max(len(record.value) for record in received(site, "indices")) < 200_000
