"""Runs of `magwatch quakes`: following the USGS, and a catalogue for replays."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from aiokafka.errors import KafkaError

from archive.catalogue import read_catalogue
from geofield.earthquakes.types import Earthquake
from geofield.utc import utc
from monitor.http.client import session
from monitor.http.probe_server import Health
from monitor.http.probes import watched
from monitor.kafka.producer import Publisher
from monitor.kafka.topics import unreachable
from monitor.quake_feed.poller import QuakePoller, publish
from monitor.records.quakes import QUAKE_SCHEMA, QuakeRecord
from monitor.settings import Settings
from monitor.stopping import until_stopped
from support.clock import now_ms

SERVICES = ("summary", "fdsn")
PART = 1000  # records sent at a time
Outcome = TypeVar("Outcome")


def follow_usgs(settings: Settings, health: Health | None = None, *, once: bool) -> list[str]:
    """Follow the USGS, for ever or once; returns a line for each service that failed.

    `health` is good while the broker and one of the services answer.

    Raises
    ------
    BrokerUnreachable
        If the broker goes away before the topic has been read; the same below.
    """

    async def act(poller: QuakePoller) -> list[str]:
        poller.polling.unanswered.update(dict.fromkeys(SERVICES, "not asked yet"))
        reason = partial(poller.polling.waits_for, len(SERVICES), "the USGS")
        async with watched(settings, health, reason):
            work = poller.once() if once else poller.follow()
            return await until_stopped(work) or []

    return _with_poller(settings, act)


def publish_catalogue(settings: Settings, path: Path, delay_s: float) -> tuple[int, int]:
    """Send the earthquakes of a file that are not in the topic; returns how many, and of how many.

    Each is known `delay_s` after its origin time.

    Raises
    ------
    archive.catalogue_formats.CatalogueRefused
        If the file cannot be used.
    """
    catalogue = read_catalogue(path)
    records = [_record(quake, catalogue.name, delay_s) for quake in catalogue.earthquakes]

    async def act(poller: QuakePoller) -> tuple[int, int]:
        news = poller.known.news(records, -math.inf)
        for begin in range(0, len(news), PART):
            part = news[begin : begin + PART]
            await publish(settings, poller.publisher, poller.known, part)
        return len(news), len(records)

    return _with_poller(settings, act)


def _with_poller(
    settings: Settings, act: Callable[[QuakePoller], Coroutine[Any, Any, Outcome]]
) -> Outcome:
    async def run() -> Outcome:
        publisher = Publisher(settings, lambda: None)
        async with session(settings.ingest_contact) as client:
            poller = QuakePoller(settings, publisher, client, now_ms)
            try:
                await publisher.start()
                await poller.catch_up()
                return await act(poller)
            finally:
                await publisher.stop()

    try:
        return asyncio.run(run())
    except KafkaError as error:
        raise unreachable(settings, error) from None


def _record(quake: Earthquake, catalogue: str, delay_s: float) -> QuakeRecord:
    known = utc(quake.time_ms + round(delay_s * 1000))
    return QuakeRecord(
        schema_version=QUAKE_SCHEMA,
        id=quake.event_id,
        ids=[quake.event_id],
        source=catalogue,
        status="catalogued",
        kind="earthquake",
        known=known,
        updated=known,
        time=utc(quake.time_ms),
        latitude_deg=quake.latitude_deg,
        longitude_deg=quake.longitude_deg,
        depth_km=None if math.isnan(quake.depth_km) else quake.depth_km,
        magnitude=quake.magnitude,
    )
