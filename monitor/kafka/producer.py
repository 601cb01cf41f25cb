"""Producer that sends batches of records and waits until the broker has them.

Faust's `send` costs as much as consuming, and so does a future for each record. This producer
therefore hands whole batches to aiokafka.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import count

import msgspec
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    UnknownError,
)
from aiokafka.producer.message_accumulator import BatchBuilder

from monitor.kafka.outage import error_fields
from monitor.kafka.partitioning import home_of
from monitor.kafka.security import client_security
from monitor.kafka.topics import MAX_DEAD_LETTER_BYTES
from monitor.settings import Settings

TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)
RETRY_S = 1.0
REQUEST_TIMEOUT_MS = 10_000
PROBE_TIMEOUT_S = 3.0

log = structlog.get_logger("magwatch.publisher")


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """A record to send; `topic` is the full name."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int | None = None


class TooLarge(Exception):
    """The broker refuses a record for its size."""

    def __init__(self, item: Outgoing) -> None:
        size = len(item.key or b"") + len(item.value or b"")
        super().__init__(
            f"{item.topic} refuses a record of {size:,} bytes, key {item.key!r:.80}: "
            "raise the topic's max.message.bytes"
        )
        self.item = item


async def always() -> bool:
    """Permit every attempt to send."""
    return True


class Publisher:
    """An idempotent producer that retries until the broker has all records.

    Parameters
    ----------
    settings
        Where the broker is.
    on_retry
        Called before each further attempt.
    smaller
        Returns a smaller record to send in place of one that is too large for the broker, or the
        record itself if it cannot be smaller. That is sent again until the broker takes it.
    """

    def __init__(
        self,
        settings: Settings,
        on_retry: Callable[[], None],
        smaller: Callable[[Outgoing], Outgoing] = lambda item: item,
    ) -> None:
        self._settings = settings
        self._on_retry = on_retry
        self._smaller = smaller
        self._producer: AIOKafkaProducer | None = None  # None until connected
        self._idempotent = True  # until the broker turns out not to support it
        self._any = count()  # spreads records without key or partition

    async def start(self) -> None:
        """Connect; wait for the broker as long as it takes."""
        await self._connected()

    async def stop(self) -> None:
        """Close the connection."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def publish(
        self, batch: Sequence[Outgoing], permitted: Callable[[], Awaitable[bool]] = always
    ) -> bool:
        """Send `batch` and wait until every record is acknowledged by all replicas.

        After a failure the whole batch is sent again by a new producer. Records have deterministic
        keys and bytes, so a reader sees repetitions but never contradictions. `permitted` is asked
        at the last moment before each attempt. Returns False if it forbids one.
        """
        while batch:
            try:
                return await self._send_all(batch, permitted)
            except TooLarge as error:
                refused, smaller = error.item, self._smaller(error.item)
                if smaller is refused:
                    await self._pause("record not published, sending again", error)
                    continue
                log.error("record sent without its value", error=str(error))
                batch = [smaller if item is refused else item for item in batch]
            except (KafkaError, OSError) as error:
                await self._pause("batch not published, sending again", error)
                await self.stop()
        return True

    async def reachable(self) -> bool:
        """Whether the broker answers a metadata request now."""
        if self._producer is None:
            return False
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                await self._producer.client.fetch_all_metadata()
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("no answer", **error_fields(error))
            return False
        return True

    async def _connected(self) -> AIOKafkaProducer:
        while self._producer is None:
            try:
                self._producer = await self._connect(idempotent=self._idempotent)
            except UnknownError as error:
                # Tansu has no producer ids. Without idempotence a retry may repeat records. That is
                # harmless, as they have the same bytes.
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

    async def _send_all(
        self, batch: Sequence[Outgoing], permitted: Callable[[], Awaitable[bool]]
    ) -> bool:
        """Send to all partitions concurrently, in order within each, and wait for all of them.

        Returns whether this was permitted.
        """
        producer = await self._connected()
        numbers = {
            topic: sorted(await producer.partitions_for(topic))
            for topic in {item.topic for item in batch}
        }
        partitions: dict[tuple[str, int], list[Outgoing]] = {}
        for item in batch:
            target = (item.topic, self._partition(item, numbers[item.topic]))
            partitions.setdefault(target, []).append(item)
        if not await permitted():
            return False
        sending = [
            self._send(producer, topic, partition, items)
            for (topic, partition), items in partitions.items()
        ]
        for result in await asyncio.gather(*sending, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result
        return True

    async def _send(
        self, producer: AIOKafkaProducer, topic: str, partition: int, items: Sequence[Outgoing]
    ) -> None:
        """Send records in whole batches: a future for each record costs more than scoring it.

        Raises
        ------
        TooLarge
            If the broker refuses a record in a batch of its own.
        """
        remaining = deque(items)
        while remaining:
            batch = []
            builder = producer.create_batch()
            while remaining and _append(builder, remaining[0]):
                batch.append(remaining.popleft())
            builder.close()
            try:
                await (await producer.send_batch(builder, topic, partition=partition))
            except TOO_LARGE:
                if len(batch) == 1:
                    raise TooLarge(batch[0]) from None
                for item in batch:
                    await self._send(producer, topic, partition, [item])

    def _partition(self, item: Outgoing, numbers: Sequence[int]) -> int:
        """Partition of a record: as asked, else by its key, else in turn."""
        if item.partition is not None:
            return item.partition
        if item.key is not None:
            return numbers[home_of(item.key, len(numbers))]
        return numbers[next(self._any) % len(numbers)]

    async def _pause(self, event: str, error: Exception) -> None:
        log.warning(event, **error_fields(error))
        self._on_retry()
        await asyncio.sleep(RETRY_S)


def _append(builder: BatchBuilder, item: Outgoing) -> bool:
    """Append a record; return False if the batch is full. The first record always fits."""
    added = builder.append(
        timestamp=None, key=item.key, value=item.value, headers=list(item.headers)
    )
    return added is not None
