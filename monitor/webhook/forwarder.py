"""Forwarder of the alert topic to an HTTP receiver: at least once, in order, safe against kills.

Alerts are posted one after another. The next one is posted when the one before is delivered and
its offset is committed. So no version of an alert overtakes an earlier one, and a kill repeats at
most one post.

A restarted worker publishes versions again. The forwarder identifies them by alert and version and
does not post them twice, even after its own restart: it reads the topic from the start, and the
records before its group's offset tell which versions were posted.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from monitor.errors import Refused
from monitor.http.retry import Backoff
from monitor.kafka.guard import Guard
from monitor.kafka.outage import error_fields
from monitor.kafka.record_wire import fault_of
from monitor.kafka.topic_reader import POLL_MS, behind, open_consumer, partitions_of, true_ends
from monitor.records.scores_and_alerts import AlertEvent, decode_alert
from monitor.settings import Settings
from monitor.webhook.payloads import Shape
from monitor.webhook.receiver import Receiver

log = structlog.get_logger("magwatch.webhook")
Offsets = dict[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class DeliveryPlan:
    """The range to forward, and how to treat refusals.

    Attributes
    ----------
    group
        Consumer group that keeps the offsets.
    from_beginning
        Whether a group without offsets starts with the oldest record, else with the next new one.
    follow
        Forward for ever; else stop at the end that the topic has now.
    skip_refused
        Continue after an alert that the receiver refuses; else stop.
    """

    group: str
    from_beginning: bool
    follow: bool
    skip_refused: bool


@dataclass(slots=True)
class DeliveryCounts:
    """Counts of records, by their outcome."""

    delivered: int = 0
    refused: int = 0
    unreadable: int = 0
    repeated: int = 0  # posted before


def _event(record: ConsumerRecord) -> AlertEvent:
    return decode_alert(record.value)


@dataclass(slots=True)
class Forwarder:
    """Reads alerts, posts them and commits their offsets."""

    settings: Settings
    plan: DeliveryPlan
    receiver: Receiver
    shape: Shape
    tally: DeliveryCounts = field(default_factory=DeliveryCounts)
    reading: bool = False  # whether the topic can be read now
    _posted: dict[str, int] = field(default_factory=dict)  # last posted version, by alert id
    _guard: Guard = field(default_factory=lambda: Guard("alert"))

    async def run(self) -> None:
        """Forward the alerts; wait for a lost broker.

        Raises
        ------
        Refused
            If the receiver refuses an alert and the plan is not to skip it.
        """
        backoff = Backoff()
        while True:
            try:
                self._posted.clear()
                ends = await self._ends()
                async with open_consumer(self.settings, self.plan.group) as consumer:
                    await self._forward(consumer, ends, backoff)
                return
            except (KafkaError, OSError) as error:
                self.reading = False
                pause_s = backoff.pause_s()
                log.warning(
                    "not read, trying again", pause_s=round(pause_s, 1), **error_fields(error)
                )
                await asyncio.sleep(pause_s)

    def waits_for(self) -> str | None:
        """The reason why alerts cannot be delivered now; None if they can."""
        if self.receiver.failing is not None:
            return f"the receiver: {self.receiver.failing}"
        return None if self.reading else "the alert topic"

    async def _ends(self) -> Offsets:
        """Present end offsets of the topic's partitions."""
        topic = self.settings.topic("alerts")
        async with open_consumer(self.settings) as consumer:
            numbers = await partitions_of(consumer, topic)
            return await true_ends(consumer, [TopicPartition(topic, number) for number in numbers])

    async def _forward(self, consumer: AIOKafkaConsumer, ends: Offsets, backoff: Backoff) -> None:
        consumer.assign(list(ends))  # once: aiokafka commits no more after a second time
        first_offsets = await self._first_offsets(consumer, ends)
        await consumer.seek_to_beginning(*ends)
        while self.plan.follow or await behind(consumer, ends):
            batches = await consumer.getmany(timeout_ms=POLL_MS)
            self.reading = True
            backoff.reset()
            for partition, records in batches.items():
                for record in records:
                    await self._take(record, posted=record.offset < first_offsets[partition])
                    if record.offset >= first_offsets[partition]:
                        await consumer.commit({partition: record.offset + 1})

    async def _first_offsets(self, consumer: AIOKafkaConsumer, ends: Offsets) -> Offsets:
        """First offset to post, by partition; commit it, so that a kill loses no later alert."""
        first_offsets: Offsets = {}
        for partition in ends:
            offset = await consumer.committed(partition)
            if offset is not None and offset > ends[partition]:
                log.warning("the topic was created anew, beginning with it", offset=offset)
                offset = 0
            elif offset is None:
                offset = 0 if self.plan.from_beginning else ends[partition]
            await consumer.commit({partition: offset})
            first_offsets[partition] = offset
        return first_offsets

    async def _take(self, record: ConsumerRecord, *, posted: bool) -> None:
        if record.value is None and not fault_of(record):
            return
        event = next(self._guard([record], _event), None)
        if event is None:
            self.tally.unreadable += not posted
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
