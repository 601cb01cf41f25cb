"""Hub of server-sent events for all open pages; numbered, the last ones kept for reconnections."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from typing import NamedTuple

MOST_EVENTS = 120
MOST_BYTES = 4_000_000


class Event(NamedTuple):
    """One server-sent event."""

    number: int
    name: str
    data: bytes  # one line of JSON


class Missed(Exception):
    """The requested event is no longer kept."""


class Hub:
    """Publishes events. Each page remembers its own position, so a slow page costs no memory here.

    At most `most_events` events and `most_bytes` are kept, but always the last event.
    """

    def __init__(self, most_events: int = MOST_EVENTS, most_bytes: int = MOST_BYTES) -> None:
        self._run = secrets.token_hex(4)  # numbers of another run are not valid here
        self._events: deque[Event] = deque()
        self._most_events, self._most_bytes, self._bytes = most_events, most_bytes, 0
        self._published = asyncio.Condition()
        self.number = 0  # of the last event

    def id_of(self, number: int) -> str:
        """The id of an event, which a page sends back as Last-Event-ID."""
        return f"{self._run}-{number}"

    def number_of(self, event_id: str) -> int | None:
        """The inverse of `id_of`; None for an id of another run, or an invalid one."""
        run, _, number = event_id.partition("-")
        known = run == self._run and number.isascii() and number.isdigit() and len(number) < 16
        return int(number) if known and int(number) <= self.number else None

    async def publish(self, name: str, data: bytes) -> None:
        """Publish an event to all pages."""
        async with self._published:
            self.number += 1
            self._events.append(Event(self.number, name, data))
            self._bytes += len(data)
            while len(self._events) > 1 and self._is_full():
                self._bytes -= len(self._events.popleft().data)
            self._published.notify_all()

    def after(self, number: int) -> Event | None:
        """The event after `number`; None if there is none yet.

        Raises
        ------
        Missed
            If it is no longer kept.
        """
        if number >= self.number:
            return None
        place = number + 1 - self._events[0].number
        if place < 0:
            raise Missed
        return self._events[place]

    async def wait(self, number: int, seconds: float) -> bool:
        """Wait at most `seconds` for an event after `number`; return whether there is one."""
        try:
            async with asyncio.timeout(seconds), self._published:
                await self._published.wait_for(lambda: self.number > number)
        except TimeoutError:
            return False
        return True

    def _is_full(self) -> bool:
        return len(self._events) > self._most_events or self._bytes > self._most_bytes


def encode(name: str, data: bytes, event_id: str | None = None) -> bytes:
    """An event in the format of server-sent events."""
    head = f"id: {event_id}\n" if event_id is not None else ""
    return f"{head}event: {name}\ndata: ".encode() + data + b"\n\n"
