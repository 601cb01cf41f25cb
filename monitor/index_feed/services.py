"""The services there are, and a run over some of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from functools import partial

from aiokafka.errors import KafkaError

from geofield.indices import HP30, KP, Index
from monitor.http.client import session
from monitor.http.probe_server import Health
from monitor.http.probes import watched
from monitor.index_feed import formats
from monitor.index_feed.poller import Poller
from monitor.index_feed.source import Service, Source
from monitor.kafka.producer import Publisher
from monitor.kafka.topics import unreachable
from monitor.settings import Settings
from monitor.stopping import until_stopped

LOOK_BACK = timedelta(days=7)
BY_DEFAULT = ("gfz", "noaa", "kyoto")
NAMES = (*BY_DEFAULT, "gfz-hp30")


def services(settings: Settings) -> list[Service]:
    """All services, with the addresses of the settings."""
    gfz, noaa, kyoto = (f"MAGWATCH_INDEX_{who}_URL" for who in ("GFZ", "NOAA", "KYOTO"))
    url = settings.index_gfz_url
    return [
        Service("gfz", _gfz_url(url, KP), partial(formats.gfz_index, KP), gfz),
        Service("noaa", lambda _: settings.index_noaa_url, formats.noaa_kp, noaa),
        Service("kyoto", lambda _: settings.index_kyoto_url, formats.kyoto_dst, kyoto),
        Service("gfz-hp30", _gfz_url(url, HP30), partial(formats.gfz_index, HP30), gfz),
    ]


def _gfz_url(base: str, index: Index) -> Callable[[datetime], str]:
    """The last week in whole days, so that the address, and with it its validators, stay a day."""

    def url(now: datetime) -> str:
        days = f"start={now - LOOK_BACK:%Y-%m-%d}T00:00:00Z&end={now:%Y-%m-%d}T23:59:59Z"
        return f"{base}?{days}&index={index.name}"

    return url


def run_poller(
    settings: Settings, names: Collection[str], health: Health | None = None, *, once: bool
) -> list[str]:
    """Poll the named services, for ever or once; returns a line for each that failed.

    `health` is good while the broker and at least one of the services answer.

    Raises
    ------
    BrokerUnreachable
        If the broker goes away before the topic has been read.
    """
    try:
        return asyncio.run(_run(settings, names, health, once=once))
    except KafkaError as error:
        raise unreachable(settings, error) from None


async def _run(
    settings: Settings, names: Collection[str], health: Health | None, *, once: bool
) -> list[str]:
    poller = Poller(settings, Publisher(settings, lambda: None), _now)
    poller.polling.unanswered.update(dict.fromkeys(names, "not asked yet"))
    async with watched(
        settings, health, partial(poller.polling.waits_for, len(set(names)), "an index service")
    ):
        return await until_stopped(_poll(settings, names, poller, once=once)) or []


async def _poll(
    settings: Settings, names: Collection[str], poller: Poller, *, once: bool
) -> list[str]:
    publisher = poller.publisher
    async with session() as client:
        chosen = [service for service in services(settings) if service.name in names]
        sources = [Source(service, client, _now) for service in chosen]
        try:
            await publisher.start()  # the sources share it
            await poller.catch_up()
            if once:
                failures = await asyncio.gather(*(poller.once(source) for source in sources))
                return [failure for failure in failures if failure]
            await asyncio.gather(*(poller.follow(source) for source in sources))
        finally:
            await publisher.stop()
    return []


def _now() -> datetime:
    return datetime.now(UTC)
