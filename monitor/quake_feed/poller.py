"""Follows the USGS: new earthquakes from a summary feed, revisions and deletions from FDSN.

The summary feed is what the USGS asks programs to poll, but it loses what it deletes and what is
older than a day. The FDSN service tells what changed since a time, so it is asked at the start,
since before the newest revision of the topic, and from time to time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import aiohttp
import structlog
from aiokafka import ConsumerRecord, TopicPartition
from yarl import URL

from geofield.utc import DAY_MS, HOUR_MS, time_ms, utc
from monitor.http.fetch import FetchedAnswer, FetchLimits, Unanswered, fetch, validators
from monitor.http.polling import Polling
from monitor.kafka.guard import Guard, reason_of
from monitor.kafka.producer import Outgoing, Publisher
from monitor.kafka.topic_reader import open_consumer, partitions_of, read_to_end
from monitor.quake_feed.formats import USGS, QuakeDocument, usgs_quakes
from monitor.records.quakes import QuakeRecord, decode_quake, encode_quake
from monitor.settings import Settings

LIMITS = FetchLimits(timeout_s=60.0, most_bytes=64 * 1024 * 1024)
PAUSE_S = 1.0  # between two requests
FIRST_PAUSE_S = 120.0  # after a failure; a random part shortens it to a minute at least
PAGE = 20_000  # events in an answer: the service refuses more
LOOK_BACK_MS = 30 * DAY_MS  # of the first start
OLDEST_MS = 90 * DAY_MS  # age of an earthquake at a revision that is asked for
OVERLAP_MS = HOUR_MS
MAGNITUDE_BELOW = 1.0  # that a revision may lower the least magnitude to
log = structlog.get_logger("magwatch.quakes")


@dataclass(slots=True)
class KnownRevisions:
    """Revisions of the topic.

    Attributes
    ----------
    seen
        Id, time of the update and whether it is a deletion, of every revision, by every id.
    ids
        All ids.
    newest_ms
        When the newest one of the USGS became known; 0 for none.
    """

    seen: set[tuple[str, str, bool]] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    newest_ms: int = 0

    def take(self, record: QuakeRecord) -> None:
        """Remember a revision of the topic."""
        self.seen.update(_marks(record))
        self.ids.update((record.id, *record.ids))
        if record.source == USGS:
            self.newest_ms = max(self.newest_ms, time_ms(record.known))

    def news(self, records: Iterable[QuakeRecord], magnitude_min: float) -> list[QuakeRecord]:
        """Revisions that are not in the topic, of known events or of at least a magnitude."""
        return [
            record
            for record in records
            if self.seen.isdisjoint(_marks(record)) and self._counts(record, magnitude_min)
        ]

    def _counts(self, record: QuakeRecord, magnitude_min: float) -> bool:
        if not self.ids.isdisjoint((record.id, *record.ids)):
            return True
        large = record.magnitude is not None and record.magnitude >= magnitude_min
        return large and not record.deleted


def _marks(record: QuakeRecord) -> list[tuple[str, str, bool]]:
    return [(one, record.updated, bool(record.deleted)) for one in {record.id, *record.ids}]


@dataclass(slots=True)
class QuakePoller:
    """Polls the two services into the topic.

    Attributes
    ----------
    settings, publisher, client
        Where the broker and the services are; the client is `monitor.http.client.session`.
    now_ms
        Clock.
    page, pause_s
        Events in an answer; time between two requests.
    """

    settings: Settings
    publisher: Publisher
    client: aiohttp.ClientSession
    now_ms: Callable[[], int]
    page: int = PAGE
    pause_s: float = PAUSE_S
    known: KnownRevisions = field(default_factory=KnownRevisions)
    polling: Polling = field(default_factory=lambda: Polling(log, "no quakes, trying again"))
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _summary: dict[str, str] = field(default_factory=dict)  # validators of its last answer
    _asked_ms: int = 0  # when FDSN last told all

    async def catch_up(self) -> None:
        """Read the topic, so that nothing is published again."""
        topic = self.settings.topic("quakes")
        async with open_consumer(self.settings) as consumer:
            numbers = await partitions_of(consumer, topic)
            where = [TopicPartition(topic, number) for number in numbers]
            async for records in read_to_end(consumer, where):
                for record in Guard("quake")(records, _decoded):
                    self.known.take(record)

    async def follow(self) -> None:
        """Poll both for ever."""
        await asyncio.gather(
            self.polling.follow(
                "summary", self.poll_summary, self.settings.quakes_poll_s, FIRST_PAUSE_S
            ),
            self.polling.follow(
                "fdsn", self.poll_changes, self.settings.quakes_changes_s, FIRST_PAUSE_S
            ),
        )

    async def once(self) -> list[str]:
        """Poll both once; a line for each that failed."""
        failures = [
            await self.polling.once("summary", self.poll_summary),
            await self.polling.once("fdsn", self.poll_changes),
        ]
        return [failure for failure in failures if failure]

    async def poll_summary(self) -> int:
        """Ask the summary feed and publish what is new; returns how many revisions.

        Raises
        ------
        Unanswered
            If there is nothing to use; the same below.
        """
        headers, self._summary = self._summary, {}
        url = self.settings.quakes_summary_url
        answer = await self._ask(url, "MAGWATCH_QUAKES_SUMMARY_URL", headers)
        count = 0 if answer.status == 304 else await self._publish("summary", self._parsed(answer))
        self._summary = headers if answer.status == 304 else validators(answer.headers)
        return count

    async def poll_changes(self) -> int:
        """Ask FDSN for all that changed since it was last asked; returns how many were new."""
        now_ms, count, offset = self.now_ms(), 0, 1
        since_ms = self._since_ms(now_ms)  # what is published below would move it
        while True:
            url = self._changes_url(since_ms, offset)
            document = self._parsed(await self._ask(url, "MAGWATCH_QUAKES_FDSN_URL", {}))
            count += await self._publish("fdsn", document)
            if document.features < self.page:
                break
            offset += document.features
        self._asked_ms = now_ms
        return count

    def _since_ms(self, now_ms: int) -> int:
        """Since when changes are asked for: before the last answer, or before the newest revision.

        The newest revision of the topic may be the summary feed's, younger than the last answer
        of FDSN, so its overlap is longer.
        """
        if self._asked_ms:
            return self._asked_ms - OVERLAP_MS
        if not self.known.newest_ms:
            return now_ms - LOOK_BACK_MS
        return self.known.newest_ms - OVERLAP_MS - round(2000 * self.settings.quakes_changes_s)

    def _changes_url(self, since_ms: int, offset: int) -> str:
        asked = {
            "format": "geojson",
            "starttime": utc(since_ms - OLDEST_MS).removesuffix("Z"),
            "updatedafter": utc(since_ms).removesuffix("Z"),
            "includedeleted": "true",
            "minmagnitude": f"{self.settings.quakes_magnitude_min - MAGNITUDE_BELOW:g}",
            "orderby": "time-asc",
            "limit": str(self.page),
            "offset": str(offset),
        }
        return str(URL(self.settings.quakes_fdsn_url).with_query(asked))

    async def _ask(self, url: str, setting: str, headers: dict[str, str]) -> FetchedAnswer:
        async with self._turn:
            try:
                return await fetch(self.client, url, LIMITS, f"set it as {setting}", headers)
            finally:
                await asyncio.sleep(self.pause_s)

    def _parsed(self, answer: FetchedAnswer) -> QuakeDocument:
        try:
            document = usgs_quakes(answer.body, self.now_ms())
        except (ValueError, RecursionError) as error:
            raise Unanswered(f"not GeoJSON of the USGS: {reason_of(error)}") from None
        if document.unusable:
            left_out, example = len(document.unusable), document.unusable[0]
            log.warning("features left out", features=left_out, example=example)
        return document

    async def _publish(self, source: str, document: QuakeDocument) -> int:
        news = self.known.news(document.records, self.settings.quakes_magnitude_min)
        await publish(self.settings, self.publisher, self.known, news)
        if news:
            log.info("quakes published", source=source, revisions=len(news))
        return len(news)


async def publish(
    settings: Settings, publisher: Publisher, known: KnownRevisions, news: list[QuakeRecord]
) -> None:
    """Send revisions to the topic, and remember them."""
    topic = settings.topic("quakes")
    await publisher.publish([Outgoing(topic, *encode_quake(record)) for record in news])
    for record in news:
        known.take(record)


def _decoded(record: ConsumerRecord) -> QuakeRecord:
    return decode_quake(record.value or b"")
