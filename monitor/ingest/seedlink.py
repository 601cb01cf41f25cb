"""SeedLink: one connection for each station, resumed by time.

A SeedLink server does not wait for acknowledgements: it keeps the newest records, and sends again
what it is asked for. Every connection asks for the records from a little before the first sample
that the topic lacks, so a sample that was on its way when this program ended comes again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial

from archive.recording import Recording
from geofield.utc import HOUR_MS, datetime_of
from monitor.http.client import one_line
from monitor.http.fetch import Unanswered
from monitor.http.retry import Backoff
from monitor.ingest.addresses import SourceAddress, seed_channels
from monitor.ingest.manner import PUSHED
from monitor.ingest.miniseed import RecordJoin, parse_miniseed
from monitor.ingest.source import Deliver, SourceMessage, nothing
from monitor.ingest.stations import StationPlan
from monitor.ingest.watch import SourceWatch
from monitor.kafka.guard import reason_of
from support.clock import now_ms
from support.extras import needs

with needs("seedlink"):
    from seedlink_client import AsyncSeedLink, Protocol, SeedLinkError

CONNECT_S = 15.0  # for each step up to the first record
KEEPALIVE_S = 60.0
LONGEST_IDLE_S = 600.0  # without a record, after which it is connected again
QUIET_S = 5.0  # without a record, after which a catch-up run has all that was kept
TURN_S = 2.0  # between two looks whether it is this source's turn
LONGEST_RECORD = 800  # samples of a record of 512 bytes: a server may compare times of starts


class SeedLinkSource:
    """The channels of one station on a SeedLink server.

    Parameters
    ----------
    name
        In the log and the metrics.
    address
        Server and channels.
    plan
        The station.
    watch
        Told of connections and failures.
    wanted_ms
        Returns since when samples are wanted; None if not at present.
    room
        Returns when Kafka has all records.
    once
        Whether to end when the server has sent what it kept.
    """

    manner = PUSHED
    terms = ""

    def __init__(
        self,
        name: str,
        address: SourceAddress,
        plan: StationPlan,
        watch: SourceWatch,
        wanted_ms: Callable[[StationPlan, str], int | None],
        room: Callable[[], Awaitable[object]],
        once: bool = False,
    ) -> None:
        self.name = name
        self.plans: Sequence[StationPlan] = [plan]
        self._address = address
        self._channels = seed_channels(address)
        self._plan = plan
        self._watch = watch
        self._wanted_ms = wanted_ms
        self._room = room
        self._once = once
        self._backoff = Backoff()

    def parse(self, message: SourceMessage) -> list[Recording]:
        """Samples of the records that the message joins."""
        return parse_miniseed(message.plan, self._channels, message.subject, message.body)

    async def listen(self, deliver: Deliver) -> None:
        """Hand over samples for ever, or in a catch-up run until no more come."""
        while True:
            since_ms = self._wanted_ms(self._plan, self.name)
            pause_s = TURN_S
            if since_ms is not None:
                try:
                    await self._follow(since_ms, deliver)
                except Unanswered as failure:
                    self._watch.state(self.name, str(failure))
                pause_s = self._backoff.pause_s()
            if self._once:
                return
            await asyncio.sleep(pause_s)

    async def check(self) -> str:
        """Connect, and read until samples come."""
        since_ms = now_ms() - round(self._plan.table.reach_h * HOUR_MS)
        async with aclosing(self._messages(since_ms, CONNECT_S)) as messages:
            async for message in messages:
                try:
                    samples = sum(map(len, self.parse(message)))
                except ValueError as error:
                    raise Unanswered(reason_of(error)) from None
                return f"connected, sends {message.subject.partition('/')[0]}: {samples:,} samples"
        raise Unanswered(f"connected, and no samples of {self._address.path} came: see its codes")

    async def _follow(self, since_ms: int, deliver: Deliver) -> None:
        idle_s = max(LONGEST_IDLE_S, self._plan.table.silent_s)
        wait_s = QUIET_S if self._once else idle_s
        answers = partial(self._watch.state, self.name, None)
        async with aclosing(self._messages(since_ms, wait_s, answers)) as messages:
            async for message in messages:
                self._backoff.reset()
                deliver(message)
                await self._room()  # what is not read waits at the server
        if not self._once:
            raise Unanswered(f"no record came in {idle_s:g} s: it is connected again")

    async def _messages(
        self, since_ms: int, idle_s: float, answers: Callable[[], None] = nothing
    ) -> AsyncGenerator[SourceMessage, None]:
        """Messages of a connection, until none comes for a while; `answers` is called once."""
        join = RecordJoin(self._plan, self._channels, since_ms)
        asked_ms = since_ms - LONGEST_RECORD * self._plan.cadence_ms
        try:
            async with self._client(asked_ms, idle_s) as client:
                await client.negotiate()
                answers()
                async with aclosing(client.collect(reconnect=False)) as packets:
                    while True:
                        async with asyncio.timeout(idle_s):
                            packet = await anext(packets, None)
                        if packet is None:
                            raise Unanswered("it ended the connection")
                        if (message := join.passed(packet.payload)) is not None:
                            yield message
        except SeedLinkError as error:
            raise Unanswered(one_line(str(error))) from None
        except TimeoutError:
            return

    def _client(self, since_ms: int, idle_s: float) -> AsyncSeedLink:
        channels = self._channels
        client = AsyncSeedLink(
            self._address.host,
            self._address.port,
            timeout=CONNECT_S,
            protocol=Protocol.V3,
            keepalive=KEEPALIVE_S,
            idle_timeout=2 * idle_s,
        )
        selectors = [channels.location + pattern for pattern in channels.patterns]
        client.add_stream(f"{channels.network}_{channels.station}", selectors)
        client.set_timewindow(datetime_of(since_ms).replace(microsecond=0))
        return client
