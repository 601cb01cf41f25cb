"""From fetches to batches: records enough at once to be quick, soon enough to be live."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from monitor.codec import RawRecord

MOST_BYTES = 4 * 1024 * 1024  # a backlog of hour-long records must not fill the memory


class Intake:
    """A queue of records; one reader takes batches from it.

    A batch is taken as soon as it is full, or `wait_s` after the one before: a record that comes
    alone does not wait.
    """

    def __init__(self, most_records: int, wait_s: float) -> None:
        self._most_records = most_records
        self._wait_s = wait_s
        self._records: deque[RawRecord] = deque()
        self._bytes = 0
        self._taken_s = -wait_s
        self._some, self._full, self._room = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._room.set()

    def add(self, records: Sequence[RawRecord]) -> None:
        """Queue records behind the others; they are never refused, but see `room`."""
        self._records.extend(records)
        self._bytes += sum(map(_size, records))
        self._mark()

    async def room(self) -> None:
        """Wait until less than a batch is queued."""
        await self._room.wait()

    async def batch(self) -> list[RawRecord]:
        """The next records, at least one, in order."""
        loop = asyncio.get_running_loop()
        batch: list[RawRecord] = []
        while not batch:
            await self._some.wait()
            remaining_s = self._taken_s + self._wait_s - loop.time()
            if remaining_s > 0:
                await _wait(self._full, remaining_s)
            self._taken_s = loop.time()
            batch = self._take()  # nothing, if it was cleared meanwhile
        return batch

    def clear(self) -> None:
        """Partitions changed hands: what waits here is read again, here or elsewhere."""
        self._records.clear()
        self._bytes = 0
        self._mark()

    def _take(self) -> list[RawRecord]:
        batch: list[RawRecord] = []
        size = 0
        while self._records and len(batch) < self._most_records and size < MOST_BYTES:
            record = self._records.popleft()
            batch.append(record)
            size += _size(record)
        self._bytes -= size
        self._mark()
        return batch

    def _mark(self) -> None:
        full = len(self._records) >= self._most_records or self._bytes >= MOST_BYTES
        for event, holds in (
            (self._some, self._records),
            (self._full, full),
            (self._room, not full),
        ):
            if holds:
                event.set()
            else:
                event.clear()


def _size(record: RawRecord) -> int:
    return len(record.value or b"")


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
