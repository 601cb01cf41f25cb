"""Sends scores, alerts, dead letters and checkpoints, and waits until the broker has them.

Faust's own `send` costs as much as consuming, and a producer's future for each record no less: this
is a raw producer that is given whole batches.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from itertools import count

import msgspec
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, UnknownError
from aiokafka.producer.message_accumulator import BatchBuilder
from msgspec.structs import replace

from monitor.placement import home_of
from monitor.security import client_security
from monitor.settings import Settings
from monitor.topics import MAX_DEAD_LETTER_BYTES

LARGE_BYTES = 512 * 1024  # half of Kafka's default limit
RETRY_S = 1.0
REQUEST_TIMEOUT_MS = 10_000
PROBE_TIMEOUT_S = 3.0

log = structlog.get_logger("magwatch.publisher")


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """One record to send; `topic` is the full name."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int | None = None


class Publisher:
    """An idempotent producer that does not give up: what it accepted is on the broker."""

    def __init__(self, settings: Settings, on_retry: Callable[[], None]) -> None:
        self._settings = settings
        self._on_retry = on_retry
        self._producer: AIOKafkaProducer | None = None
        self._idempotent = True
        self._any = count()

    async def start(self) -> None:
        """Connect; waits for the broker as long as it takes."""
        await self._connected()

    async def stop(self) -> None:
        """Close the connection."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def publish(self, batch: Sequence[Outgoing]) -> None:
        """Send all of `batch` and return when every record is acknowledged by all replicas.

        After a failure the whole batch is sent again by a new producer: records have
        deterministic keys and bytes, so a reader sees a repetition, never a contradiction.
        """
        while batch:
            try:
                await self._send_all(batch)
                return
            except MessageSizeTooLargeError as error:
                # Sending a large dead letter again cannot help, and what is behind it must go on.
                smaller = [self._without_large_letter(item) for item in batch]
                if smaller == list(batch):
                    await self._pause("the broker refuses the size of a batch", error)
                batch = smaller
            except (KafkaError, OSError) as error:
                await self._pause("batch not published, sending again", error)
                await self.stop()

    async def reachable(self) -> bool:
        """Whether the broker answers a metadata request right now."""
        if self._producer is None:
            return False
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                await self._producer.client.fetch_all_metadata()
        except (KafkaError, OSError, TimeoutError):
            return False
        return True

    async def _connected(self) -> AIOKafkaProducer:
        while self._producer is None:
            try:
                self._producer = await self._connect(idempotent=self._idempotent)
            except UnknownError as error:
                # Tansu hands out no producer ids. What is sent is the same whenever it is sent
                # again, so a repetition does no harm; a broker that can, saves us from it.
                log.info("broker without idempotent producers", error=str(error))
                self._idempotent = False
            except (KafkaError, OSError) as error:
                await self._pause("broker not reached", error)
        return self._producer

    async def _connect(self, *, idempotent: bool) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.broker,
            acks="all",
            enable_idempotence=idempotent,
            max_request_size=MAX_DEAD_LETTER_BYTES,
            max_batch_size=256 * 1024,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            **client_security(self._settings),
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        return producer

    async def _send_all(self, batch: Sequence[Outgoing]) -> None:
        """Partitions side by side, each in order; returns when nothing is under way any more."""
        producer = await self._connected()
        numbers = {
            topic: sorted(await producer.partitions_for(topic))
            for topic in {item.topic for item in batch}
        }
        partitions: dict[tuple[str, int], list[Outgoing]] = {}
        for item in batch:
            where = (item.topic, self._partition(item, numbers[item.topic]))
            partitions.setdefault(where, []).append(item)
        sending = [
            self._send(producer, topic, partition, items)
            for (topic, partition), items in partitions.items()
        ]
        for result in await asyncio.gather(*sending, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    async def _send(
        self, producer: AIOKafkaProducer, topic: str, partition: int, items: Sequence[Outgoing]
    ) -> None:
        """Whole batches: a future for each record costs more than to score it."""
        remaining = deque(items)
        while remaining:
            builder = producer.create_batch()
            while remaining and _append(builder, remaining[0]):
                remaining.popleft()
            builder.close()
            await (await producer.send_batch(builder, topic, partition=partition))

    def _partition(self, item: Outgoing, numbers: Sequence[int]) -> int:
        """As asked, or as the key hashes, or any."""
        if item.partition is not None:
            return item.partition
        if item.key is not None:
            return numbers[home_of(item.key, len(numbers))]
        return numbers[next(self._any) % len(numbers)]

    def _without_large_letter(self, item: Outgoing) -> Outgoing:
        """A dead letter that may be too large, without its value; anything else as it is."""
        letter = item.topic == self._settings.topic("deadletter")
        if not letter or item.value is None or len(item.value) < LARGE_BYTES:
            return item
        log.error("a dead letter's value is left out: the broker refuses its size")
        note = ("value-left-out", str(len(item.value)).encode())
        return replace(item, value=None, headers=(*item.headers, note))

    async def _pause(self, event: str, error: Exception) -> None:
        log.warning(event, error=str(error) or type(error).__name__)
        self._on_retry()
        await asyncio.sleep(RETRY_S)


def _append(builder: BatchBuilder, item: Outgoing) -> bool:
    """False if the batch is full; one record always fits."""
    added = builder.append(
        timestamp=None, key=item.key, value=item.value, headers=list(item.headers)
    )
    return added is not None
