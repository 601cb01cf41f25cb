"""Queue that cuts fetched records into batches: large enough for speed, soon enough to be live."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from monitor.records.sample_decoder import RawRecord

MOST_BYTES = 4 * 1024 * 1024  # limits the memory for a backlog of hour-long records


class RecordQueue:
    """A queue of records from which one reader takes batches.

    A batch is taken when it is full, or `wait_s` after the batch before it. A single record after
    a pause therefore does not wait.
    """

    def __init__(self, most_records: int, wait_s: float) -> None:
        self._most_records = most_records
        self._wait_s = wait_s
        self._records: deque[RawRecord] = deque()
        self._bytes = 0  # size of the queued records
        self._taken_s = -wait_s  # loop time of the last batch
        # set while: a record is queued, a batch is queued, less than a batch is queued
        self._some, self._full, self._room = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._room.set()

    def add(self, records: Sequence[RawRecord]) -> None:
        """Append records, whatever the length of the queue; await `room` first to limit it."""
        self._records.extend(records)
        self._bytes += sum(record.size_bytes for record in records)
        self._mark()

    async def room(self) -> None:
        """Wait until less than a batch is queued."""
        await self._room.wait()

    async def batch(self) -> list[RawRecord]:
        """The next records in order, at least one."""
        loop = asyncio.get_running_loop()
        batch: list[RawRecord] = []
        while not batch:
            await self._some.wait()
            remaining_s = self._taken_s + self._wait_s - loop.time()
            if remaining_s > 0:
                await _wait(self._full, remaining_s)
            self._taken_s = loop.time()
            batch = self._take()  # empty if the queue was cleared meanwhile
        return batch

    def clear(self) -> None:
        """Drop all records after a change of assignment; they are fetched again."""
        self._records.clear()
        self._bytes = 0
        self._mark()

    def _take(self) -> list[RawRecord]:
        batch: list[RawRecord] = []
        size = 0
        while self._records and len(batch) < self._most_records and size < MOST_BYTES:
            record = self._records.popleft()
            batch.append(record)
            size += record.size_bytes
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


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
