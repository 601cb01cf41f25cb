"""The services there are, and a run over some of them."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta

import aiohttp
from aiokafka.errors import KafkaError

from monitor.index_feed import formats
from monitor.index_feed.poller import Poller
from monitor.index_feed.source import Service, Source
from monitor.publisher import Publisher
from monitor.settings import Settings
from monitor.topics import unreachable

LOOK_BACK = timedelta(days=7)
NAMES = ("gfz", "noaa", "kyoto")


def services(settings: Settings) -> list[Service]:
    """All services, with the addresses of the settings."""
    return [
        Service("gfz", _gfz_url(settings.index_gfz_url), formats.gfz_kp),
        Service("noaa", lambda _: settings.index_noaa_url, formats.noaa_kp),
        Service("kyoto", lambda _: settings.index_kyoto_url, formats.kyoto_dst),
    ]


def _gfz_url(base: str) -> Callable[[datetime], str]:
    """The last week in whole days, so that the address, and with it its validators, stay a day."""

    def url(now: datetime) -> str:
        begin = now - LOOK_BACK
        return f"{base}?start={begin:%Y-%m-%d}T00:00:00Z&end={now:%Y-%m-%d}T23:59:59Z&index=Kp"

    return url


def run_poller(settings: Settings, names: Collection[str], *, once: bool) -> list[str]:
    """Poll the named services, for ever or once; returns a line for each that failed.

    Raises
    ------
    BrokerUnreachable
        If the broker goes away before the topic has been read.
    """
    try:
        return asyncio.run(_run(settings, names, once=once))
    except KafkaError as error:
        raise unreachable(settings, error) from None


async def _run(settings: Settings, names: Collection[str], *, once: bool) -> list[str]:
    publisher = Publisher(settings, lambda: None)
    async with aiohttp.ClientSession(headers={"User-Agent": "magwatch"}) as session:
        poller = Poller(settings, publisher, _now)
        chosen = [one for one in services(settings) if one.name in names]
        sources = [Source(service, session, _now) for service in chosen]
        try:
            await poller.catch_up()
            if once:
                failures = await asyncio.gather(*(poller.once(source) for source in sources))
                return [failure for failure in failures if failure]
            await _until_stopped(poller, sources)
        finally:
            await publisher.stop()
    return []


async def _until_stopped(poller: Poller, sources: list[Source]) -> None:
    polling = asyncio.gather(*(poller.follow(source) for source in sources))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, polling.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await polling


def _now() -> datetime:
    return datetime.now(UTC)
