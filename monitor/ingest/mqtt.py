"""MQTT: one connection for all stations of one account, acknowledged when Kafka has the record.

A broker takes one connection for each client id and drops the one before it, and INTERMAGNET's
client id is the user name: so stations of one account share a connection. The session is kept by
the broker (QoS 1, not clean), so what is published while nobody is connected comes later. paho-mqtt
runs it on a thread of its own; messages are handed to the event loop.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeAlias
from zlib import crc32

import structlog

from archive.recording import Recording
from monitor.http.client import certificate_fault, one_line
from monitor.http.fetch import Unanswered
from monitor.ingest.addresses import SourceAddress
from monitor.ingest.impf import parse_impf
from monitor.ingest.manner import PUSHED
from monitor.ingest.martas import MartasMeta, parse_martas
from monitor.ingest.source import Deliver, SourceMessage
from monitor.ingest.stations import StationPlan
from monitor.ingest.watch import SourceWatch
from support.extras import needs

with needs("ingest"):
    from paho.mqtt.client import MQTT_ERR_SUCCESS, Client, MQTTMessage, topic_matches_sub
    from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

QOS = 1
KEEPALIVE_S = 30
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1, 60
QUIET_S = 3.0  # without a message, after which a catch-up run has all that was kept
CONNECT_S = 15.0  # that a check and a catch-up run wait for a connection
STOP_S = 2.0
MOST_TOPICS = 10_000  # remembered with their stations; a broker may invent any number
Say: TypeAlias = Callable[[str | None], None]
HandOver: TypeAlias = Callable[[SourceMessage], None]
log = structlog.get_logger("magwatch.ingest.mqtt")


class MqttSource:
    """IMPF and MARTAS over one connection to a broker.

    Parameters
    ----------
    name
        In the log and the metrics.
    address
        Broker and user; its topics are not used.
    stations
        Stations by topic filter.
    password
        Of the user; None without one.
    watch
        Told of connections and failures.
    once
        Whether to end when the broker has handed over what it kept.
    """

    manner = PUSHED
    terms = ""

    def __init__(
        self,
        name: str,
        address: SourceAddress,
        stations: Mapping[str, StationPlan],
        password: str | None,
        watch: SourceWatch,
        *,
        once: bool = False,
    ) -> None:
        self.name = name
        self._address = address
        self._stations = stations
        self._password = password
        self._watch = watch
        self._once = once
        self._meta = MartasMeta()
        self._plan_of: dict[str, StationPlan | None] = {}
        self._connection = 0  # counts connections and their ends: an acknowledgement is of one

    @property
    def plans(self) -> Sequence[StationPlan]:
        """Its stations."""
        return list({plan.station: plan for plan in self._stations.values()}.values())

    def parse(self, message: SourceMessage) -> list[Recording]:
        """Samples of a message; see `monitor.ingest.impf` and `martas`."""
        parse = parse_martas if self._is_martas(message) else parse_impf
        return parse(message.plan, message.subject, message.body)

    async def listen(self, deliver: Deliver) -> None:
        """Hand over messages until it is cancelled, or in a catch-up run until none come."""
        loop, heard, told = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

        def hand_over(message: SourceMessage) -> None:  # from the loop
            heard.set()
            readable = self._meta.passed(message) if self._is_martas(message) else [message]
            for one in readable:
                deliver(one)

        def say(problem: str | None) -> None:
            told.set()
            self._watch.state(self.name, problem)

        async with self._connected_by(
            partial(_in_loop, loop, hand_over), partial(_in_loop, loop, say)
        ):
            if not self._once:
                await asyncio.Event().wait()
            await _until_quiet(told, heard)

    async def check(self) -> str:
        """Connect and subscribe once. A running `ingest` of the same account is interrupted."""
        answered: asyncio.Queue[str | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        async with self._connected_by(lambda _: None, partial(_in_loop, loop, answered.put_nowait)):
            try:
                problem = await asyncio.wait_for(answered.get(), CONNECT_S)
            except TimeoutError:
                problem = f"no answer in {CONNECT_S:g} s"
        if problem is not None:
            raise Unanswered(problem)
        return f"connected, {', '.join(self._stations)} subscribed"

    @asynccontextmanager
    async def _connected_by(self, hand_over: HandOver, say: Say) -> AsyncIterator[None]:
        """Connect on a thread of the client's until the block ends."""
        client = self._client(hand_over, say)
        client.connect_async(self._address.host, self._address.port, KEEPALIVE_S)
        client.loop_start()
        try:
            yield
        finally:
            client.disconnect()
            await asyncio.wait_for(asyncio.to_thread(client.loop_stop), STOP_S)

    def _client(
        self,
        hand_over: HandOver,
        say: Say,
    ) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            self._address.user or _client_id(self._stations),
            clean_session=False,
            protocol=MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        if self._address.user:
            client.username_pw_set(self._address.user, self._password)
        if self._address.tls:
            client.tls_set_context(ssl.create_default_context())
        client.reconnect_delay_set(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        client.on_connect = partial(self._connected, say)
        client.on_connect_fail = partial(self._not_connected, say)
        client.on_disconnect = partial(self._disconnected, say)
        client.on_subscribe = partial(self._subscribed, say)
        client.on_message = partial(self._received, hand_over)
        return client

    def _connected(
        self, say: Say, client: Client, _: object, __: object, code: Any, *___: object
    ) -> None:
        self._connection += 1
        if code.is_failure:
            say(f"it refuses the login of {self._address.user or 'nobody'}: {code}")
            return
        result, _mid = client.subscribe([(topics, QOS) for topics in self._stations])
        if result != MQTT_ERR_SUCCESS:
            say(f"not subscribed: error {result}")

    def _subscribed(
        self, say: Say, _: Client, __: object, ___: int, codes: Sequence[Any], *____: object
    ) -> None:
        refused = [
            topics for topics, code in zip(self._stations, codes, strict=False) if code.is_failure
        ]
        say(
            f"it does not allow {', '.join(refused)}: ask for the right to read"
            if refused
            else None
        )

    def _not_connected(self, say: Say, *_: object) -> None:
        error = sys.exc_info()[1]  # paho calls this while it handles the error
        if isinstance(error, ssl.SSLError):
            say(certificate_fault(error))
        else:
            strerror = getattr(error, "strerror", None)
            say(f"cannot connect: {one_line(str(strerror or error or 'no answer'))}")

    def _disconnected(
        self, say: Say, _: Client, __: object, ___: object, code: Any, *____: object
    ) -> None:
        self._connection += 1
        if code.is_failure:
            say(f"connection lost: {code}")

    def _received(
        self, hand_over: HandOver, client: Client, _: object, message: MQTTMessage
    ) -> None:
        acknowledge = partial(self._acknowledge, client, self._connection, message.mid, message.qos)
        plan = self._plan(message.topic)
        if plan is None:  # of a session that was made with another file
            acknowledge()
            return
        hand_over(SourceMessage(plan, message.topic, bytes(message.payload), acknowledge))

    def _is_martas(self, message: SourceMessage) -> bool:
        """Whether the station's address on this connection says so."""
        return any(
            address.payload == "martas" and topic_matches_sub(address.path, message.subject)
            for address in message.plan.sources
            if address.kind == "mqtt"
        )

    def _acknowledge(self, client: Client, connection: int, mid: int, qos: int) -> None:
        """Acknowledge; after a new connection the number may be another message's."""
        if connection == self._connection:
            client.ack(mid, qos)

    def _plan(self, topic: str) -> StationPlan | None:
        if topic not in self._plan_of:
            if len(self._plan_of) >= MOST_TOPICS:
                self._plan_of.clear()
            fitting = (
                plan for topics, plan in self._stations.items() if topic_matches_sub(topics, topic)
            )
            self._plan_of[topic] = next(fitting, None)
            if self._plan_of[topic] is None:
                log.warning("a topic of no station is left alone", topic=one_line(topic))
        return self._plan_of[topic]


async def _until_quiet(told: asyncio.Event, heard: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(told.wait(), CONNECT_S)
        while True:
            heard.clear()
            await asyncio.wait_for(heard.wait(), QUIET_S)
    except TimeoutError:
        return


def _in_loop(loop: asyncio.AbstractEventLoop, call: Callable[[Any], object], argument: Any) -> None:
    """Call in the event loop, from paho's thread, unless the loop has ended."""
    try:
        loop.call_soon_threadsafe(call, argument)
    except RuntimeError:
        log.debug("after the end", argument=str(argument)[:80])


def _client_id(stations: Mapping[str, StationPlan]) -> str:
    """Always the same for the same stations: the broker keeps the session under it."""
    return f"magwatch-{crc32(' '.join(sorted(stations)).encode()):08x}"
