"""Records on their way to Kafka, and what is acknowledged once they are there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from monitor.kafka.producer import Outgoing

MOST_RECORDS = 10_000
LINGER_S = 0.01  # for more to come: at 500 messages a second each batch costs more than its records
Publish: TypeAlias = Callable[[Sequence[Outgoing]], Awaitable[object]]


@dataclass(slots=True)
class Outbox:
    """Publishes all that is there at once, in order, and then calls the acknowledgements.

    Attributes
    ----------
    publish
        Returns when the broker has all records.
    acknowledges
        Whether acknowledgements are called.
    """

    publish: Publish
    acknowledges: bool = True
    _records: list[Outgoing] = field(default_factory=list)
    _acknowledgements: list[Callable[[], None]] = field(default_factory=list)
    _filled: asyncio.Event = field(default_factory=asyncio.Event)
    _empty: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._empty.set()

    def put(
        self, records: Iterable[Outgoing], acknowledgements: Iterable[Callable[[], None]]
    ) -> None:
        """Add records, and what to call when they and all before them are published."""
        self._records += records
        if self.acknowledges:
            self._acknowledgements += acknowledgements
        if self._records or self._acknowledgements:
            self._empty.clear()
            self._filled.set()

    async def run(self) -> None:
        """Publish for ever."""
        while True:
            await self._filled.wait()
            await asyncio.sleep(LINGER_S)
            records, self._records = self._records, []
            acknowledgements, self._acknowledgements = self._acknowledgements, []
            self._filled.clear()
            await self.publish(records)
            for acknowledge in acknowledgements:
                acknowledge()
            if not self._filled.is_set():
                self._empty.set()

    @property
    def crowded(self) -> bool:
        """Whether so much waits, as while Kafka is away, that no more should be asked for."""
        return len(self._records) > MOST_RECORDS

    async def empty(self) -> None:
        """Wait until all that was put in is published."""
        await self._empty.wait()
