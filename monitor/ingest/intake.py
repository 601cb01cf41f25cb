"""Messages of all sources in, records of the samples topic out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from archive.recording import Recording
from geofield.utc import HOUR_MS, utc
from monitor.http.fetch import Unanswered
from monitor.ingest.outbox import Outbox
from monitor.ingest.series import OrientationDiffers
from monitor.ingest.source import SampleSource, SourceMessage, nothing
from monitor.ingest.source_states import SourceStates
from monitor.ingest.station_feed import FeedOutcome, StationFeed
from monitor.ingest.stations import StationPlan
from monitor.ingest.watch import SourceWatch
from monitor.kafka.guard import reason_of
from monitor.kafka.producer import Outgoing
from monitor.records.dead_letters import dead_letter
from monitor.records.sample_decoder import RawRecord, Reason, Rejected
from monitor.records.sample_encoder import encode_samples
from monitor.settings import Settings
from support.clock import now_ms

TICK_S = 1.0
# mosquitto hands over twenty messages before it waits for acknowledgements; those that wait behind
# a gap must not use them up
MOST_WAITING_MESSAGES = 12
OVERLAP_MS = 600_000  # that a poll asks for again: values may have been corrected
log = structlog.get_logger("magwatch.ingest")


class GapFiller(Protocol):
    """Where gaps are filled from."""

    @property
    def name(self) -> str:
        """Name in the log."""

    @property
    def terms(self) -> str:
        """Terms of use, as far as they are known."""

    def between(
        self, plan: StationPlan, start_ms: int, end_ms: int
    ) -> AsyncIterator[list[Recording]]:
        """Samples of a span, in order; raises `Unanswered` if there are none to have."""


@dataclass
class Intake:
    """Hands messages to their stations and what comes of them to the outbox.

    Attributes
    ----------
    settings
        Names of the topics.
    feeds
        Stations by code.
    outbox
        On the way to Kafka.
    watch
        Told of everything that an operator should see.
    now_s
        Clock of settling and silence, monotonic.
    states
        Told whether a station's sources speak.
    fillers
        What gaps are filled from, by station.
    """

    settings: Settings
    feeds: Mapping[str, StationFeed]
    outbox: Outbox
    watch: SourceWatch
    now_s: Callable[[], float]
    states: SourceStates
    fillers: Mapping[str, GapFiller] = field(default_factory=dict)
    _waiting: dict[str, StationFeed] = field(default_factory=dict)  # those that wait, oldest first
    _fills: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def deliver(self, source: SampleSource, message: SourceMessage) -> bool:
        """Take in a message, and return whether it could be used.

        Nonsense becomes a line in the log, and a dead letter if it does not come again.
        """
        feed = self.feeds[message.plan.station]
        try:
            recordings = source.parse(message)
        except Exception as error:  # hostile bytes may cause any error
            self._refuse(source, message, reason_of(error))
            return False
        try:
            outcome = feed.take(
                source.name, recordings, source.manner, message.acknowledge, self.now_s()
            )
        except OrientationDiffers as error:
            self._refuse(source, message, str(error))
            return False
        self._send(feed, outcome, source.terms)
        self._relieve(feed)
        if outcome.heard:
            self.watch.heard(message.plan.station, now_ms() / 1000)
            self.states.speaks(message.plan.station)
        return True

    def _relieve(self, feed: StationFeed) -> None:
        """Keep the number of messages that wait below what a broker hands over unacknowledged."""
        if feed.waiting_messages:
            self._waiting.setdefault(feed.plan.station, feed)
        else:
            self._waiting.pop(feed.plan.station, None)
        while sum(one.waiting_messages for one in self._waiting.values()) > MOST_WAITING_MESSAGES:
            oldest = self._waiting.pop(next(iter(self._waiting)))
            self._send(oldest, oldest.relieve())

    async def tick(self) -> None:
        """Every second: settle times, silences, backfills."""
        while True:
            now_s = self.now_s()
            for feed in self.feeds.values():
                self._send(feed, feed.tick(now_s))
                self._watch_silence(feed, now_s)
                if feed.plan.backfill and feed.overdue(now_s) and not feed.filling:
                    feed.filling = True
                    self._fills[feed.plan.station] = asyncio.create_task(
                        self._fill(feed, feed.series.gap_ms())
                    )
            await asyncio.sleep(TICK_S)

    def _watch_silence(self, feed: StationFeed, now_s: float) -> None:
        station, silent = feed.plan.station, feed.silent(now_s)
        self.watch.silence(station, silent=silent, silent_s=feed.plan.table.silent_s)
        if silent:
            problems = self.watch.problems
            said = "; ".join(problems[name] for name in feed.sources if name in problems)
            self.states.silent(station, feed.quiet_s(now_s), said)

    async def settle(self, now_ms: int) -> None:
        """End of a catch-up run: fill what is lacking up to now, and publish all that waits."""
        for feed in self.feeds.values():
            gap_ms = feed.series.gap_ms()
            wanted_ms = self.wanted_ms(feed.plan, now_ms)
            await self._fill(feed, gap_ms or (wanted_ms, now_ms))
        await self.outbox.empty()

    def release(self) -> None:
        """Publish what waits and would not come again, as the run is ended by a signal."""
        for task in self._fills.values():
            task.cancel()
        for feed in self.feeds.values():
            if feed.owes:
                self._send(feed, feed.release())

    def wanted_ms(self, plan: StationPlan, now_ms: int) -> int:
        """Since when samples of a station are wanted: its oldest gap, or as far as it reaches."""
        oldest_ms = self.feeds[plan.station].series.oldest_gap_ms()
        reach_ms = now_ms - round(plan.table.reach_h * HOUR_MS)
        wanted_ms = reach_ms if oldest_ms is None else max(oldest_ms - OVERLAP_MS, reach_ms)
        return min(wanted_ms, now_ms) // plan.cadence_ms * plan.cadence_ms

    def wanted_of(self, plan: StationPlan, source: str, now_ms: int) -> int | None:
        """The same, if the source speaks and Kafka takes records; else None."""
        speaks = self.feeds[plan.station].speaks(source, self.now_s())
        return self.wanted_ms(plan, now_ms) if speaks and not self.outbox.crowded else None

    async def _fill(self, feed: StationFeed, gap_ms: tuple[int, int] | None) -> None:
        """Fill a gap as far as the backfill has it; then let all go that waits."""
        try:
            backfill = feed.plan.backfill
            if gap_ms and backfill:
                reach_ms = round(feed.plan.table.reach_h * HOUR_MS)
                start_ms = max(gap_ms[0], gap_ms[1] - reach_ms)
                await self._fill_span(feed, self.fillers[feed.plan.station], start_ms, gap_ms[1])
            self._send(feed, feed.release())
        finally:
            feed.filling = False

    async def _fill_span(
        self, feed: StationFeed, filler: GapFiller, start_ms: int, end_ms: int
    ) -> None:
        station, span = feed.plan.station, f"{utc(start_ms)}/{utc(end_ms)}"
        log.info("filling a gap", station=station, span=span, source=filler.name)
        try:
            async for recordings in filler.between(feed.plan, start_ms, end_ms):
                inside = [recording.between(start_ms, end_ms) for recording in recordings]
                filled = feed.fill([part for part in inside if len(part)], self.now_s())
                self._send(feed, filled, filler.terms, backfill=True)
                await self.outbox.empty()
        except (Unanswered, ValueError) as error:
            log.warning("gap not filled", station=station, span=span, said=reason_of(error))

    def _send(
        self, feed: StationFeed, outcome: FeedOutcome, terms: str = "", *, backfill: bool = False
    ) -> None:
        station = feed.plan.station
        for counts in outcome.counts:
            self.watch.taken(station, counts, backfill=backfill)
        if outcome.gaps and outcome.gap_ms:
            span = f"{utc(outcome.gap_ms[0])}/{utc(outcome.gap_ms[1])}"
            self.watch.gaps(station, outcome.gaps, span)
        if outcome.recordings:
            self.watch.published(station, feed.series.newest_ms, len(outcome.recordings))
        self.outbox.put(
            (self._record(feed.plan, recording, terms) for recording in outcome.recordings),
            outcome.acknowledgements,
        )

    def _record(self, plan: StationPlan, recording: Recording, terms: str) -> Outgoing:
        value = encode_samples(recording, about_station(plan, terms))
        return Outgoing(self.settings.topic("samples"), plan.station.encode(), value)

    def _refuse(self, source: SampleSource, message: SourceMessage, why: str) -> None:
        station = message.plan.station
        self.watch.refused(source.name, station, message.subject, why)
        letters: Sequence[Outgoing] = ()
        if message.acknowledge is not nothing:  # it does not come again, so its bytes are kept
            raw = RawRecord(
                f"{source.name}/{message.subject}", 0, 0, -1, station.encode(), message.body
            )
            rejected = Rejected(Reason.UNREADABLE, why)
            letters = [dead_letter(raw, rejected, self.settings.topic("deadletter"))]
        self.outbox.put(letters, [message.acknowledge])


def about_station(plan: StationPlan, terms: str) -> dict[str, object]:
    """What a record says of its station beside the samples, in the words of IMPF.

    `terms` are the source's; those that the file states count first.
    """
    about: dict[str, object] = {}
    if plan.table.position_deg:
        about["latitude"], about["longitude"] = plan.table.position_deg
    if plan.table.terms or terms:
        about["termsOfUse"] = plan.table.terms or terms
    return about
