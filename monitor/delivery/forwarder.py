"""Forwards the alert topic to a HTTP receiver: at least once, in order, nothing lost by a kill.

Every alert goes through one line: the next is posted when the one before is delivered and its
offset committed. So no version of an alert overtakes an earlier one, and a kill repeats at most
what was on its way.

A worker that was killed publishes versions again. They are known by alert and version and are not
posted twice, even after a restart of the forwarder: it reads the topic from its start, and what
lies before its group's offset only tells which versions were posted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from monitor.backoff import Backoff
from monitor.delivery.payloads import Shape
from monitor.delivery.receiver import Receiver
from monitor.errors import Refused
from monitor.reading import POLL_MS, behind, groupless_consumer, partitions_of, true_ends
from monitor.records import AlertEvent
from monitor.security import client_security
from monitor.settings import Settings

log = structlog.get_logger("magwatch.webhook")
_decoder = msgspec.json.Decoder(AlertEvent)
Offsets = dict[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to forward.

    Attributes
    ----------
    group
        Consumer group that keeps the offsets.
    from_beginning
        Where a group without offsets begins: with what the topic holds, else with what comes.
    follow
        Go on for ever; else stop at the end that the topic has at the beginning.
    skip_refused
        Go on after an alert that the receiver refuses; else stop.
    """

    group: str
    from_beginning: bool
    follow: bool
    skip_refused: bool


@dataclass(slots=True)
class Tally:
    """What has been done."""

    delivered: int = 0
    refused: int = 0
    unreadable: int = 0
    repeated: int = 0


@dataclass(slots=True)
class Forwarder:
    """Reads, posts and commits."""

    settings: Settings
    plan: Plan
    receiver: Receiver
    shape: Shape
    tally: Tally = field(default_factory=Tally)
    _posted: dict[str, int] = field(default_factory=dict)

    async def run(self) -> None:
        """Forward; a lost broker is waited for.

        Raises
        ------
        Refused
            If the receiver refuses an alert and the plan is to stop then.
        """
        backoff = Backoff()
        while True:
            try:
                self._posted.clear()
                ends = await self._ends()
                async with _consumer(self.settings, self.plan.group) as consumer:
                    await self._forward(consumer, ends, backoff)
                return
            except (KafkaError, OSError) as error:
                pause_s = backoff.pause_s()
                said = str(error) or type(error).__name__
                log.warning("broker lost, trying again", error=said, pause_s=round(pause_s, 1))
                await asyncio.sleep(pause_s)

    async def _ends(self) -> Offsets:
        """Where the topic's partitions end now."""
        topic = self.settings.topic("alerts")
        async with groupless_consumer(self.settings) as consumer:
            numbers = await partitions_of(consumer, topic)
            return await true_ends(consumer, [TopicPartition(topic, number) for number in numbers])

    async def _forward(self, consumer: AIOKafkaConsumer, ends: Offsets, backoff: Backoff) -> None:
        consumer.assign(list(ends))  # once: aiokafka's group commits do not survive a second time
        begins = await self._begins(consumer, ends)
        await consumer.seek_to_beginning(*ends)
        while self.plan.follow or await behind(consumer, ends):
            batches = await consumer.getmany(timeout_ms=POLL_MS)
            backoff.reset()
            for partition, records in batches.items():
                for record in records:
                    await self._take(record, posted=record.offset < begins[partition])
                    if record.offset >= begins[partition]:
                        await consumer.commit({partition: record.offset + 1})

    async def _begins(self, consumer: AIOKafkaConsumer, ends: Offsets) -> Offsets:
        """First offset to post; written down at once, so that a kill now loses nothing to come."""
        begins: Offsets = {}
        for partition in ends:
            offset = await consumer.committed(partition)
            if offset is None:
                offset = 0 if self.plan.from_beginning else ends[partition]
                await consumer.commit({partition: offset})
            begins[partition] = offset
        return begins

    async def _take(self, record: ConsumerRecord, *, posted: bool) -> None:
        if record.value is None:
            return
        try:
            event = _decoder.decode(record.value)
        except msgspec.MsgspecError as error:
            if not posted:
                self.tally.unreadable += 1
                log.error("not an alert, left out", offset=record.offset, error=str(error))
            return
        data = event.data
        if data.version <= self._posted.get(data.alert_id, 0):
            self.tally.repeated += not posted
            return
        if not posted:
            await self._post(record.value, event)
        self._posted[data.alert_id] = data.version

    async def _post(self, value: bytes, event: AlertEvent) -> None:
        about = {"alert_id": event.data.alert_id, "version": event.data.version}
        answer = await self.receiver.deliver(self.shape(value, event), **about)
        if answer.delivered:
            self.tally.delivered += 1
            log.info("alert delivered", station=event.data.station, **about)
            return
        self.tally.refused += 1
        if not self.plan.skip_refused:
            raise Refused(
                f"the receiver refuses alert {event.id} ({answer.said}): mend the receiver, URL or "
                "authorization and start again, nothing is lost; or give --on-refused skip"
            )
        log.error("alert refused, left out", said=answer.said, refused=self.tally.refused, **about)


@asynccontextmanager
async def _consumer(settings: Settings, group: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A started consumer that commits for a group without joining it."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.broker,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        **client_security(settings),
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()
