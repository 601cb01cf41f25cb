"""The poller against a real broker and a local HTTP service."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from click.testing import CliRunner

from archive.kp import kp_intervals
from geofield.indices import HP30, IndexHistory
from geofield.utc import time_ms
from monitor.commands.indices import indices
from monitor.errors import Refused
from monitor.http.fetch import Unanswered
from monitor.index_feed.poller import Poller
from monitor.index_feed.services import BY_DEFAULT, services
from monitor.index_feed.source import Source
from monitor.kafka.producer import Publisher
from monitor.records.indices import IndexRecord, decode_indices, decode_record
from monitor.settings import Settings
from tests.monitor.index_feed.services import (
    DAY,
    Served,
    gfz,
    hp30,
    kyoto,
    noaa,
    service,
    stamp_ms,
    table,
)
from tests.monitor.workers import Site, new_site, received

LATER = DAY + timedelta(days=2)


@pytest.fixture
def site(tansu_address: str, tmp_path: Path) -> Site:
    return new_site(tansu_address, tmp_path, Path("unused.onnx"))


Act = Callable[[Callable[[], Awaitable[int]]], Awaitable[None]]


def polled(site: Site, url: str, act: Act, name: str = "noaa", now: datetime = LATER) -> None:
    """Run `act` with a function that polls one service, at one moment of this machine's clock."""
    settings = Settings(
        **site.settings.model_dump(include={"broker", "topic_prefix"}),
        **{f"index_{name.partition('-')[0]}_url": url},
    )

    async def run() -> None:
        publisher = Publisher(settings, lambda: None)
        async with aiohttp.ClientSession() as session:
            poller = Poller(settings, publisher, lambda: now)
            await poller.catch_up()
            (chosen,) = [one for one in services(settings) if one.name == name]
            source = Source(chosen, session, lambda: now)
            try:
                await act(lambda: poller.poll(source))
            finally:
                await publisher.stop()

    asyncio.run(run())


def published(site: Site) -> list[IndexRecord]:
    return [decode_record(record.value) for record in received(site, "indices")]


def test_kp_comes_with_the_time_it_became_known_and_decides(site: Site) -> None:
    async def act(poll: Callable[[], Awaitable[int]]) -> None:
        assert await poll() == 8

    with service(Served(noaa(table()))) as url:
        polled(site, url, act)
    (record,) = published(site)
    assert (record.name, record.source) == ("Kp", "noaa")
    assert {one.known for one in record.values} == {"2024-05-12T00:00:00Z"}
    values = decode_indices(received(site, "indices")[0].value)
    history, begin_ms = IndexHistory(values), stamp_ms(DAY)
    night = begin_ms + 21 * 3_600_000, begin_ms + 22 * 3_600_000
    assert history.between(*night, stamp_ms(LATER)).highest == pytest.approx(8.667, abs=0.4)
    assert history.between(*night, stamp_ms(LATER) - 1).highest is None


def test_only_news_and_revisions_are_published_and_a_restart_repeats_nothing(site: Site) -> None:
    served = Served(noaa(table()))

    async def act(poll: Callable[[], Awaitable[int]]) -> None:
        assert await poll() == 8
        assert await poll() == 0
        assert served.statuses[-1] == 304
        revised = [(at, 9.0 if at.endswith("T21:00:00") else kp) for at, kp in table()]
        served.body = noaa(revised)
        assert await poll() == 1

    async def restarted(poll: Callable[[], Awaitable[int]]) -> None:
        assert await poll() == 0
        assert served.statuses[-1] == 200

    with service(served) as url:
        polled(site, url, act)
        polled(site, url, restarted)
    assert [len(record.values) for record in published(site)] == [8, 1]
    assert published(site)[1].values[0].value == 9.0


@pytest.mark.parametrize("behind", ["this machine", "the service"])
def test_an_interval_counts_as_over_when_both_clocks_say_so(site: Site, behind: str) -> None:
    """Its value may still grow; and it is published once it is over though nothing changed."""
    early, late = DAY + timedelta(hours=22), DAY + timedelta(days=1, hours=1)
    served = Served(noaa(table()), date=late if behind == "this machine" else early)

    async def unfinished(poll: Callable[[], Awaitable[int]]) -> None:
        assert await poll() == 7
        served.date = late
        assert await poll() == (0 if behind == "this machine" else 1)

    with service(served) as url:
        polled(site, url, unfinished, now=early if behind == "this machine" else late)
    for record in published(site):
        assert all(one.known >= one.end for one in record.values)


def test_an_outage_and_garbage_publish_nothing_and_are_got_over(site: Site) -> None:
    served = Served(b"no such thing", 404)

    async def act(poll: Callable[[], Awaitable[int]]) -> None:
        with pytest.raises(Unanswered, match="HTTP 404"):
            await poll()
        served.status = 200
        with pytest.raises(Unanswered, match="not JSON"):
            await poll()
        served.status, served.headers = 503, {"Retry-After": "120"}
        with pytest.raises(Unanswered) as busy:
            await poll()
        assert busy.value.retry_after_s == 120
        served.status, served.body = 200, b"[" + b" " * (5 * 1024 * 1024)
        with pytest.raises(Unanswered, match="longer than"):
            await poll()
        served.body = noaa(table()[:3])[:-30]
        with pytest.raises(Unanswered):
            await poll()
        served.body = noaa([*table()[:2], ("2024-05-10T06:00:00", 77.0)])
        assert await poll() == 2

    with service(served) as url:
        polled(site, url, act)
        assert len(published(site)) == 1
    polled(site, "http://127.0.0.1:9/", _refuses_to_connect)


async def _refuses_to_connect(poll: Callable[[], Awaitable[int]]) -> None:
    with pytest.raises(Unanswered, match="connect"):
        await poll()


def test_dst_has_the_shape_of_kp(site: Site) -> None:
    async def act(poll: Callable[[], Awaitable[int]]) -> None:
        assert await poll() == 24

    with service(Served(kyoto(24))) as url:
        polled(site, url, act, name="kyoto")
    (record,) = published(site)
    assert (record.name, record.source, record.values[-1].value) == ("Dst", "kyoto", -230.0)
    assert received(site, "indices")[0].key == b"Dst"
    assert record.values[1].start == "2024-05-10T01:00:00Z"


def test_hp30_is_published_and_its_revision_counts_from_when_it_is_known(site: Site) -> None:
    served = Served(hp30([3.0, 4.333, None]))

    async def act(poll: Callable[[], Awaitable[int]]) -> None:
        assert await poll() == 2
        served.body = hp30([3.0, 5.667, 9.333])
        assert await poll() == 2

    with service(served) as url:
        polled(site, url, act, name="gfz-hp30")
    assert "&index=Hp30" in served.paths[0]
    assert [(record.name, record.source) for record in published(site)] == [
        ("Hp30", "gfz-hp30")
    ] * 2
    first, second = (decode_indices(record.value) for record in received(site, "indices"))
    assert [one.value for one in first] == [3.0, 4.333]
    assert [(one.index, one.value) for one in second] == [(HP30, 5.667), (HP30, 9.333)]
    later = IndexHistory([replace(one, known_ms=one.known_ms + 1) for one in second])
    history, known_ms = later.with_values(first), stamp_ms(LATER)
    hour = stamp_ms(DAY), stamp_ms(DAY + timedelta(hours=1))
    assert history.between(*hour, known_ms).others == (("Hp30", 4.333),)
    assert history.between(*hour, known_ms + 1).others == (("Hp30", 5.667),)


def test_hp30_is_polled_only_where_it_is_asked_for(site: Site) -> None:
    served = Served(hp30([3.0]))
    with service(served) as url:
        environment = site.environment(INDEX_GFZ_URL=url)
        arguments = ["--once", "--source", "gfz-hp30"]
        result = CliRunner().invoke(indices, arguments, env=environment)
    assert result.exit_code == 0, result.output
    assert [record.name for record in published(site)] == ["Hp30"]
    assert "gfz-hp30" not in BY_DEFAULT


def test_once_as_a_process_says_which_source_failed(site: Site) -> None:
    served, sources = Served(gfz(table())), ("--source", "gfz", "--source", "noaa")
    with service(served) as url:
        result = subprocess.run(
            [sys.executable, "-m", "monitor", "indices", "--once", *sources],
            env=site.environment(INDEX_GFZ_URL=url, INDEX_NOAA_URL="http://127.0.0.1:9/"),
            capture_output=True,
            text=True,
            check=False,
        )
    assert "&index=Kp" in served.paths[0]
    assert len(published(site)[0].values) == 8
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("magwatch: noaa: ")
    assert "Traceback" not in result.stderr


def test_the_table_is_published_with_a_stated_delay(site: Site) -> None:
    arguments = ["--broker", site.settings.broker, "--from-table", "2024-05-09/2024-05-13"]
    environment = {"MAGWATCH_TOPIC_PREFIX": site.settings.topic_prefix}
    result = CliRunner().invoke(indices, [*arguments, "--delay", "900"], env=environment)
    assert "32 values of Kp, known 900 s after their intervals" in result.output
    (record,) = received(site, "indices")
    begin_ms, end_ms = time_ms("2024-05-09"), time_ms("2024-05-13")
    expected = kp_intervals(begin_ms, end_ms)
    values = decode_indices(record.value)
    assert [(kp.start_ms, kp.value) for kp in values] == [
        (kp.start_ms, kp.value) for kp in expected
    ]
    assert {kp.known_ms - kp.end_ms for kp in values} == {900_000}


@pytest.mark.parametrize(
    "span", ["2024-05-09", "a/b", "2024-05-13/2024-05-09", "1800-01-01/1800-01-02"]
)
def test_a_span_that_cannot_be_meant_is_one_line(site: Site, span: str) -> None:
    arguments = ["--broker", site.settings.broker, "--from-table", span]
    environment = {"MAGWATCH_TOPIC_PREFIX": site.settings.topic_prefix}
    result = CliRunner().invoke(indices, arguments, env=environment)
    assert "--from-table" in (
        str(result.exception) if isinstance(result.exception, Refused) else result.output
    )
