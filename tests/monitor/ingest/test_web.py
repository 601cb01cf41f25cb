"""Web services as they were recorded: polled, asked for gaps, and in all their moods."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from archive.recording import Recording
from geofield.utc import DAY_MS
from monitor.ingest.manner import PUSHED
from monitor.ingest.source import nothing
from monitor.ingest.web import WebSource
from tests.monitor.feeds import START_MS, station
from tests.monitor.ingest.local import Local, local_intake, rows_of
from tests.monitor.ingest.web_services import (
    Reply,
    WebServer,
    gin,
    half,
    page,
    serving,
    status,
    usgs,
)

HOUR_MS = 3_600_000
MINUTES = {"H": 20_000.0, "D": 494.0, "Z": 47_000.0}


def minutes(code: str, length: int, start_ms: int = START_MS, elements: str = "XYZ") -> Recording:
    """A synthetic station with a sample a minute."""
    wave = np.round(np.sin(np.arange(length) / 20), 2)
    arrays = {name: 20_000.0 + 1000 * number + wave for number, name in enumerate(elements)}
    return Recording(code, start_ms, 60_000, arrays)


def usgs_minutes(length: int) -> Recording:
    """What the service has: D in minutes of arc."""
    wave = np.round(np.sin(np.arange(length) / 20), 3)
    arrays = {name: value + wave for name, value in MINUTES.items()}
    return Recording("BOU", START_MS, 60_000, arrays)


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not reached():
            await asyncio.sleep(0.01)


async def listening(local: Local, reached: Callable[[], bool]) -> None:
    """Let all sources run until something is reached."""
    tasks = [
        asyncio.create_task(source.listen(partial(local.intake.deliver, source)))
        for source in local.sources
    ]
    try:
        await until(reached)
    finally:
        for task in tasks:
            task.cancel()


def test_usgs_is_polled_from_what_the_topic_has_up_to_now(tmp_path: Path) -> None:
    recording, now_ms = usgs_minutes(300), START_MS + 2 * HOUR_MS
    clock = [now_ms]

    async def play() -> None:
        async with (
            serving(WebServer(usgs({"BOU": recording.between(START_MS, now_ms)}))) as server,
            local_intake(
                tmp_path,
                f'[BOU]\nfrom = "usgs+{server.url}"\ncadence = "PT1M"\nreach_h = 1',
                lambda: clock[0],
            ) as local,
        ):
            await listening(local, lambda: len(local.rows("BOU")) == 60)
            server.usual = usgs({"BOU": recording})
            clock[0] += 30 * 60_000
            await listening(local, lambda: len(local.rows("BOU")) == 90)
            query = dict(server.asked[0].query)
            assert query.pop("starttime") == "2024-05-09T01:00:00Z"
            assert query == {
                "id": "BOU", "endtime": "2024-05-09T01:59:00Z", "elements": "H,D,Z",
                "sampling_period": "60", "type": "variation", "format": "json",
            }  # fmt: skip
            assert server.asked[0].headers["User-Agent"] == "magwatch (test@example.org)"
            assert server.asked[-1].query["starttime"] == "2024-05-09T01:50:00Z"
            part = recording.between(START_MS + HOUR_MS, clock[0])
            degrees = {**part.elements, "D": part.elements["D"] / 60}
            assert b'"termsOfUse":"U.S. public domain"' in (local.records[0].value or b"")
            assert local.rows("BOU") == rows_of(
                Recording("BOU", part.start_ms, 60_000, degrees), decimals=20
            )

    asyncio.run(play())


@pytest.mark.parametrize("form", ["json", "iaga2002"])
def test_gin_is_asked_for_one_day_at_a_time(tmp_path: Path, form: str) -> None:
    recording = minutes("WIC", 1440 + 90)
    now_ms = recording.end_ms + 10 * 60_000

    async def play() -> None:
        async with (
            serving(WebServer(gin({"WIC": recording}))) as server,
            local_intake(
                tmp_path,
                f'[WIC]\nfrom = "gin+{server.url}?format={form}"\ncadence = "PT1M"\nreach_h = 10',
                lambda: now_ms,
                once=True,
            ) as local,
        ):
            (source,) = local.sources
            await source.listen(partial(local.intake.deliver, source))
            await local.intake.outbox.empty()
            assert server.days() == ["2024-05-09", "2024-05-10"]
            assert local.rows() == rows_of(recording, decimals=2)

    asyncio.run(play())


MOODS: dict[str, tuple[Callable[[Reply], Reply], str]] = {
    "error": (lambda _: status(500), "HTTP 500"),
    "too many": (lambda _: status(429, Retry_After="0"), "HTTP 429"),
    "page": (lambda _: page, "web page"),
    "half": (half, "no data in JSON"),
}


@pytest.mark.parametrize("mood", MOODS)
def test_a_bad_answer_is_said_and_costs_no_sample(tmp_path: Path, mood: str) -> None:
    recording = minutes("WIC", 60)
    good = gin({"WIC": recording})
    make, said = MOODS[mood]

    async def play() -> None:
        async with (
            serving(WebServer(good, [make(good)] * 2)) as server,
            local_intake(
                tmp_path,
                f'[WIC]\nfrom = "gin+{server.url}"\ncadence = "PT1M"',
                lambda: recording.end_ms,
                once=True,
            ) as local,
        ):
            (source,) = local.sources
            with pytest.raises(Exception, match=said):
                await source.check()
            await source.listen(partial(local.intake.deliver, source))
            await local.intake.outbox.empty()
            assert local.rows() == rows_of(recording)
            assert not local.watch.problems

    asyncio.run(play())


def test_a_service_that_asks_for_a_pause_gets_it(tmp_path: Path) -> None:
    recording = minutes("WIC", 60)

    async def play() -> None:
        good = gin({"WIC": recording})
        async with (
            serving(WebServer(good, [status(503, Retry_After="3600")])) as server,
            local_intake(
                tmp_path, f'[WIC]\nfrom = "gin+{server.url}"\ncadence = "PT1M"',
                lambda: recording.end_ms, once=True,
            ) as local,
        ):  # fmt: skip
            (source,) = local.sources
            await source.listen(partial(local.intake.deliver, source))
            assert local.watch.problems == {source.name: "HTTP 503"}
            assert len(server.asked) == 1

    asyncio.run(play())


def test_polls_of_a_station_are_a_minute_apart(tmp_path: Path) -> None:
    """The pause is what the source sleeps; the test's clock does not wait for it."""
    pauses: list[float] = []

    async def play() -> None:
        async with (
            serving(WebServer(usgs({"BOU": usgs_minutes(60)}))) as server,
            local_intake(
                tmp_path,
                f'[BOU]\nfrom = "usgs+{server.url}"\ncadence = "PT1M"',
                lambda: START_MS + HOUR_MS,
            ) as local,
        ):
            (source,) = local.sources
            assert isinstance(source, WebSource)
            source.least_poll_s = 60.0
            asleep = asyncio.sleep

            async def sleep(seconds: float) -> None:
                pauses.append(seconds)
                await asleep(0.01)

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("monitor.ingest.web.asyncio.sleep", sleep)
                listen = asyncio.create_task(source.listen(partial(local.intake.deliver, source)))
                await asleep(0.3)
                server.replies = [status(500)] * 3
                await asleep(0.3)
                listen.cancel()

    asyncio.run(play())
    between = [seconds for seconds in pauses if seconds > 1]
    assert len(between) > 4
    assert min(between) >= 60.0
    assert len(set(between)) == len(between)  # jitter


def test_an_embargoed_station_is_named(tmp_path: Path) -> None:
    recording = minutes("ESK", 60)

    async def play() -> None:
        async with (
            serving(WebServer(gin({"ESK": recording}, embargoed="ESK"))) as server,
            local_intake(
                tmp_path, f'[ESK]\nfrom = "gin+{server.url}"\ncadence = "PT1M"',
                lambda: recording.end_ms, once=True,
            ) as local,
        ):  # fmt: skip
            with pytest.raises(Exception, match="ESK is withheld for some days"):
                await local.sources[0].check()

    asyncio.run(play())


def test_a_gap_of_a_station_is_filled_in_order_before_live_data_go_on(tmp_path: Path) -> None:
    seconds = station("WIC", 20, 1, elements="XYZ")

    async def play() -> None:
        async with (
            serving(WebServer(gin({"WIC": seconds}))) as server,
            local_intake(
                tmp_path,
                '[WIC]\nfrom = "mqtt://127.0.0.1/impf/wic/pt1s/1/+"\n'
                f'backfill = "gin+{server.url}"',
                lambda: seconds.end_ms,
            ) as local,
        ):
            feed, (name,) = local.intake.feeds["WIC"], [local.sources[0].name]
            acknowledged: list[int] = []
            feed.series.begin_at(seconds.start_ms)
            for number, part in enumerate(seconds.between(START_MS + 600_000, 2**62).records(60)):
                call = lambda number=number: acknowledged.append(number)  # noqa: E731
                outcome = feed.take(name, [part], PUSHED, call, 0.0)
                local.intake._send(feed, outcome)
            assert local.rows() == []
            assert acknowledged == []
            local.clock_s[0] = 11.0  # the settle time is over
            ticking = asyncio.create_task(local.intake.tick())
            await until(lambda: len(local.rows()) == len(seconds))
            await until(lambda: len(acknowledged) == 10)
            ticking.cancel()
            assert local.rows() == rows_of(seconds)
            assert server.days() == ["2024-05-09"]
            assert feed.series.gaps == 0

    asyncio.run(play())


def test_a_backfill_that_fails_lets_live_data_go_on(tmp_path: Path) -> None:
    seconds = station("WIC", 2, 1, elements="XYZ")

    async def play() -> None:
        async with (
            serving(WebServer(status(500))) as server,
            local_intake(
                tmp_path,
                '[WIC]\nfrom = "mqtt://127.0.0.1/impf/wic/pt1s/1/+"\n'
                f'backfill = "gin+{server.url}"',
                lambda: seconds.end_ms,
            ) as local,
        ):
            feed, name = local.intake.feeds["WIC"], local.sources[0].name
            feed.series.begin_at(seconds.start_ms - DAY_MS)
            local.intake._send(feed, feed.take(name, [seconds], PUSHED, nothing, 0.0))
            local.clock_s[0] = 11.0
            ticking = asyncio.create_task(local.intake.tick())
            await until(lambda: len(local.rows()) == len(seconds))
            ticking.cancel()
            assert len(server.asked) == 3
            assert feed.series.gaps == 1

    asyncio.run(play())
