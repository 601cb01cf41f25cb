"""`magwatch quakes` against a local service of the USGS's shape and a real broker."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from click.testing import CliRunner

from geofield.earthquakes.revisions import settled_earthquakes
from geofield.utc import DAY_MS, HOUR_MS, MINUTE_MS, time_ms, utc
from monitor.commands.quakes import quakes
from monitor.http.client import session
from monitor.http.fetch import Unanswered
from monitor.kafka.producer import Publisher
from monitor.quake_feed.formats import usgs_quakes
from monitor.quake_feed.poller import QuakePoller
from monitor.records.quakes import QuakeRecord, decode_quake, revision_of
from monitor.settings import Settings
from tests.monitor.quake_feed.usgs import Quake, Usgs, serving
from tests.monitor.workers import Site, new_site, received

NOW_MS = time_ms("2026-09-10T12:00:00")
Act = Callable[[QuakePoller, Usgs], Awaitable[None]]


@pytest.fixture
def site(tansu_address: str, tmp_path: Path) -> Site:
    return new_site(tansu_address, tmp_path, Path("unused.onnx"))


def polled(site: Site, usgs: Usgs, act: Act, page: int = 20_000) -> None:
    """Run `act` with a poller that has read the topic, as after a start."""

    async def run() -> None:
        async with serving(usgs), session("quakes@example.org") as client:
            settings = Settings(
                **site.settings.model_dump(include={"broker", "topic_prefix"}),
                quakes_summary_url=f"{usgs.url}/summary",
                quakes_fdsn_url=f"{usgs.url}/query",
            )
            publisher = Publisher(settings, lambda: None)
            poller = QuakePoller(settings, publisher, client, lambda: usgs.now_ms, page, 0.0)
            try:
                await poller.catch_up()
                await act(poller, usgs)
            finally:
                await publisher.stop()

    asyncio.run(run())


def published(site: Site) -> list[QuakeRecord]:
    return [decode_quake(record.value) for record in received(site, "quakes")]


def fresh(name: str = "us1", minutes: int = 10, magnitude: float = 6.0) -> Quake:
    origin_ms = NOW_MS - minutes * MINUTE_MS
    return Quake([name], origin_ms, origin_ms + 5 * MINUTE_MS, magnitude)


def test_a_new_earthquake_is_published_once_with_the_time_it_became_known(site: Site) -> None:
    async def act(poller: QuakePoller, usgs: Usgs) -> None:
        assert await poller.poll_summary() == 1
        assert await poller.poll_summary() == 0
        assert usgs.asked[-1].headers["If-None-Match"]
        assert await poller.poll_changes() == 0
        assert usgs.asked[-1].headers["User-Agent"] == "magwatch (quakes@example.org)"

    async def restarted(poller: QuakePoller, _: Usgs) -> None:
        assert await poller.poll_summary() == 0

    usgs = Usgs(NOW_MS, [fresh()])
    polled(site, usgs, act)
    polled(site, usgs, restarted)
    (record,) = published(site)
    assert (record.id, record.source, record.known) == ("us1", "usgs", utc(NOW_MS))
    assert (record.magnitude, record.depth_km, record.deleted) == (6.0, 35.0, "")
    assert [one.key for one in received(site, "quakes")] == [b"us1"]


def test_revisions_and_deletions_are_further_records_of_the_same_event(site: Site) -> None:
    async def act(poller: QuakePoller, usgs: Usgs) -> None:
        await poller.poll_summary()
        (quake,) = usgs.quakes
        usgs.now_ms += HOUR_MS
        # another network is preferred now, and the event was found to be smaller
        quake.ids, quake.magnitude = ["mx9", "us1"], 4.1
        quake.updated_ms, quake.status = usgs.now_ms - MINUTE_MS, "reviewed"
        assert await poller.poll_changes() == 1
        usgs.now_ms += DAY_MS
        quake.updated_ms, quake.status = usgs.now_ms - MINUTE_MS, "deleted"
        assert await poller.poll_summary() == 0  # it is not told of deletions
        assert await poller.poll_changes() == 1
        assert await poller.poll_changes() == 0

    polled(site, Usgs(NOW_MS, [fresh()]), act)
    first, second, deleted = published(site)
    assert [first.magnitude, second.magnitude] == [6.0, 4.1]
    assert second.ids == ["mx9", "us1"]
    assert deleted.deleted == "deleted by the USGS"
    revisions = [revision_of(record) for record in (first, second, deleted)]
    for settle_ms, left in [(HOUR_MS // 2, [6.0]), (DAY_MS // 2, [4.1]), (9 * DAY_MS, [])]:
        settled = settled_earthquakes(revisions, settle_ms, NOW_MS + 99 * DAY_MS)
        assert [quake.magnitude for quake in settled] == left


def test_what_an_outage_missed_is_asked_for_in_pages(site: Site) -> None:
    async def before(poller: QuakePoller, _: Usgs) -> None:
        await poller.poll_summary()

    async def after(poller: QuakePoller, usgs: Usgs) -> None:
        assert await poller.poll_summary() == 0  # nothing in the last day
        assert await poller.poll_changes() == 5
        assert [request.query["offset"] for request in usgs.asked[1:]] == ["1", "3", "5", "7"]
        since_ms = time_ms(usgs.asked[1].query["updatedafter"])
        assert since_ms == NOW_MS - HOUR_MS - 2 * 900_000

    polled(site, Usgs(NOW_MS, [fresh()]), before)
    missed = [fresh(f"us{n}", minutes=-n * 60) for n in range(2, 7)]
    polled(site, Usgs(NOW_MS + 9 * DAY_MS, [fresh(), *missed]), after, page=2)
    assert sorted(record.id for record in published(site)) == [f"us{n}" for n in range(1, 7)]


def test_small_ones_are_left_out_unless_they_were_larger(site: Site) -> None:
    async def act(poller: QuakePoller, usgs: Usgs) -> None:
        assert await poller.poll_summary() == 1
        usgs.quakes[0].magnitude = 3.9
        usgs.quakes[0].updated_ms += MINUTE_MS
        assert await poller.poll_changes() == 1

    polled(site, Usgs(NOW_MS, [fresh(), fresh("us2", magnitude=4.4)]), act)
    assert [record.magnitude for record in published(site)] == [6.0, 3.9]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (web.Response(status=429, headers={"Retry-After": "1800"}), "HTTP 429"),
        (web.Response(status=400, text="exceeds 20000"), "HTTP 400"),
        (web.Response(text="<p>Please log in", content_type="text/html"), "not GeoJSON"),
    ],
)
def test_an_answer_without_use_is_one_line(site: Site, answer: web.Response, told: str) -> None:
    async def act(poller: QuakePoller, usgs: Usgs) -> None:
        usgs.failing = [answer]
        with pytest.raises(Unanswered, match=told) as refused:
            await poller.poll_changes()
        wait = answer.headers.get("Retry-After")
        assert refused.value.retry_after_s == (float(wait) if wait else None)
        assert await poller.poll_changes() == 1  # since the same time as before

    polled(site, Usgs(NOW_MS, [fresh()]), act)


def test_unusable_features_are_left_out_and_told_apart() -> None:
    body = b"""{"features": [
        {"id": "a", "properties": {"updated": 1, "time": 0, "mag": 5, "type": "earthquake"},
         "geometry": {"coordinates": [190, 10, 5]}},
        {"id": "b", "properties": {"updated": 1, "time": 0}, "geometry": {"coordinates": [0, 91]}},
        {"id": "c", "properties": {"time": 0}},
        {"id": "", "properties": {"updated": 1}},
        {"id": "e", "properties": {"updated": 99999999999999999}},
        {"id": "f", "properties": {"updated": 1, "status": "deleted"}, "geometry": null}
    ]}"""
    document = usgs_quakes(body, 7)
    assert [record.id for record in document.records] == ["a", "f"]
    assert (document.features, len(document.unusable)) == (6, 4)
    assert usgs_quakes(b"", 7).features == 0


def test_a_catalogue_is_published_for_a_replay_once(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "quakes.csv"
    path.write_text(
        "time,latitude,longitude,depth,mag,id\n"
        "2014-04-18T14:27:24.920Z,17.397,-100.972,24,7.2,usb000pq41\n"
        "2014-05-08T17:00:14.000Z,17.235,-100.746,,6.4,usb000qlxu\n"
    )
    arguments = ["--broker", site.settings.broker, "--from-catalogue", str(path)]
    environment = {"MAGWATCH_TOPIC_PREFIX": site.settings.topic_prefix}
    for told in ("2 of 2", "0 of 2"):
        ran = CliRunner().invoke(quakes, [*arguments, "--delay", "1200"], env=environment)
        assert ran.exit_code == 0, ran.output
        assert f"{told} earthquakes to {site.settings.topic_prefix}quakes" in ran.output
    first, second = published(site)
    assert (first.time, first.known) == ("2014-04-18T14:27:24.920Z", "2014-04-18T14:47:24.920Z")
    assert (first.source, second.depth_km) == ("quakes.csv", None)
    quake = revision_of(second).earthquake
    assert quake is not None
    assert math.isnan(quake.depth_km)


def test_once_names_a_service_that_is_away(site: Site) -> None:
    environment = {
        "MAGWATCH_TOPIC_PREFIX": site.settings.topic_prefix,
        "MAGWATCH_QUAKES_SUMMARY_URL": "http://127.0.0.1:9/summary",
        "MAGWATCH_QUAKES_FDSN_URL": "http://127.0.0.1:9/query",
    }
    ran = CliRunner().invoke(quakes, ["--broker", site.settings.broker, "--once"], env=environment)
    assert "summary: cannot connect to 127.0.0.1:9" in str(ran.exception)
    assert "fdsn: cannot connect" in str(ran.exception)
