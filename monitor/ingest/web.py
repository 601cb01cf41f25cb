"""Web services: polled politely, and asked for the gaps of other sources.

Politeness: one request to a host at a time and a pause between two, polls of a station at least a
minute apart with a random part, `Retry-After`, a User-Agent with a contact.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import aiohttp
import structlog

from archive.recording import Recording
from monitor.http.fetch import FetchLimits, Unanswered, fetch
from monitor.http.retry import Backoff
from monitor.ingest.manner import POLLED, Manner
from monitor.ingest.source import Deliver, SourceMessage, WebService
from monitor.ingest.stations import LEAST_POLL_S, StationPlan
from monitor.ingest.watch import SourceWatch
from monitor.kafka.guard import reason_of

LIMITS = FetchLimits(timeout_s=120.0, most_bytes=32 * 1024 * 1024)
PAUSE_S = 1.0  # between two requests to a host
JITTER = 0.2  # of a pause, at most
TRIES = 3  # of a backfill and a catch-up run
LONGEST_WAIT_S = 60.0  # that these wait for a service
REMEDY = "write it as the address in stations.toml"
log = structlog.get_logger("magwatch.ingest.web")


@dataclass(slots=True)
class PoliteHost:
    """The requests to one host: one at a time, with a pause between two.

    Attributes
    ----------
    session
        From `monitor.http.client.session`.
    pause_s
        Between two requests.
    """

    session: aiohttp.ClientSession
    pause_s: float = PAUSE_S
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ask(self, url: str) -> bytes:
        """The body of an answer with status 200; raises `Unanswered`."""
        async with self._turn:
            try:
                answer = await fetch(self.session, url, LIMITS, REMEDY)
            finally:
                await asyncio.sleep(self.pause_s)
        return answer.body


@dataclass(slots=True)
class WebSource:
    """One web service for the stations that name it.

    Attributes
    ----------
    name
        In the log and the metrics.
    terms
        Terms of use.
    service
        What to ask for, and how to read it.
    host
        Asks.
    plans
        Stations to poll; none if it only fills gaps.
    watch
        Told of answers and failures.
    wanted_ms
        Returns since when samples of a station are wanted; None if not at present.
    now_ms
        Clock.
    once
        Whether to ask once for all that is wanted, and end.
    least_poll_s
        Shortest time between two polls of a station.
    """

    name: str
    terms: str
    service: WebService
    host: PoliteHost
    plans: Sequence[StationPlan]
    watch: SourceWatch
    wanted_ms: Callable[[StationPlan, str], int | None]
    now_ms: Callable[[], int]
    once: bool = False
    least_poll_s: float = LEAST_POLL_S
    manner: Manner = POLLED

    def parse(self, message: SourceMessage) -> list[Recording]:
        """Samples of an answer."""
        return self.service.parse(message.plan, message.body)

    async def listen(self, deliver: Deliver) -> None:
        """Poll all stations for ever, or ask once for what is wanted."""
        follow = self._catch_up if self.once else self._follow
        await asyncio.gather(*(follow(plan, deliver) for plan in self.plans))

    async def check(self) -> str:
        """Ask for the last hour of the first station."""
        plan, now_ms = self.plans[0], self.now_ms()
        url = self.service.url(plan, now_ms - 3_600_000, now_ms)
        recordings = self._parsed(plan, await self.host.ask(url))
        samples = sum(map(len, recordings))
        return f"answers for {plan.station} with {samples:,} samples"

    async def between(
        self, plan: StationPlan, start_ms: int, end_ms: int
    ) -> AsyncIterator[list[Recording]]:
        """Samples of a span, one request after the other, each tried a few times.

        Raises
        ------
        Unanswered
            If one of them stays without a usable answer.
        """
        for url in self._urls(plan, start_ms, end_ms):
            yield await self._persistent(plan, url)

    async def _follow(self, plan: StationPlan, deliver: Deliver) -> None:
        interval_s = max(plan.table.poll_s or self.service.poll_s, self.least_poll_s)
        backoff = Backoff(first_s=interval_s, most_s=max(interval_s, 1800.0))
        while True:
            try:
                await self._poll(plan, deliver)
            except Unanswered as failure:
                self.watch.state(self.name, str(failure))
                pause_s = max(backoff.pause_s(failure.retry_after_s), self.least_poll_s)
            else:
                backoff.reset()
                pause_s = interval_s
            await asyncio.sleep(pause_s * (1 + JITTER * random.random()))  # noqa: S311 - no secret

    async def _poll(self, plan: StationPlan, deliver: Deliver) -> None:
        """Ask for what is wanted up to now, and hand it over."""
        since_ms = self.wanted_ms(plan, self.name)
        if since_ms is None:
            return
        for url in self._urls(plan, since_ms, self.now_ms()):
            body = await self.host.ask(url)
            self._hand_over(plan, url, body, deliver)

    async def _catch_up(self, plan: StationPlan, deliver: Deliver) -> None:
        since_ms = self.wanted_ms(plan, self.name)
        if since_ms is None:
            return
        try:
            for url in self._urls(plan, since_ms, self.now_ms()):
                body = await self._persistent_body(plan, url)
                self._hand_over(plan, url, body, deliver)
        except Unanswered as failure:
            self.watch.state(self.name, str(failure))

    def _hand_over(self, plan: StationPlan, url: str, body: bytes, deliver: Deliver) -> None:
        if not deliver(SourceMessage(plan, url, body)):
            raise Unanswered("its answer cannot be used")
        self.watch.state(self.name, None)

    async def _persistent(self, plan: StationPlan, url: str) -> list[Recording]:
        return self._parsed(plan, await self._persistent_body(plan, url))

    async def _persistent_body(self, plan: StationPlan, url: str) -> bytes:
        """A usable answer, after a few tries; a service that wants a long pause is left alone."""
        backoff = Backoff(first_s=self.host.pause_s, most_s=LONGEST_WAIT_S)
        for left in reversed(range(TRIES)):
            try:
                body = await self.host.ask(url)
                self._parsed(plan, body)
            except Unanswered as failure:
                wait_s = backoff.pause_s(failure.retry_after_s)
                if not left or wait_s > LONGEST_WAIT_S:
                    raise
                log.info("asked again", source=self.name, said=str(failure), pause_s=wait_s)
                await asyncio.sleep(wait_s)
            else:
                return body
        raise Unanswered("no answer")

    def _parsed(self, plan: StationPlan, body: bytes) -> list[Recording]:
        try:
            return self.service.parse(plan, body)
        except Exception as error:  # hostile bytes may cause any error
            raise Unanswered(reason_of(error)) from None

    def _urls(self, plan: StationPlan, start_ms: int, end_ms: int) -> list[str]:
        """Addresses for a span, each within a part of the service's longest span."""
        longest_ms = self.service.longest_ms
        urls, begin_ms = [], start_ms
        while begin_ms < end_ms:
            stop_ms = min(begin_ms // longest_ms * longest_ms + longest_ms, end_ms)
            urls.append(self.service.url(plan, begin_ms, stop_ms))
            begin_ms = stop_ms
        return urls
