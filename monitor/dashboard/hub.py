"""Events for every page that looks on: numbered, the last ones kept for who comes back."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from typing import NamedTuple

KEPT_EVENTS = 120


class Event(NamedTuple):
    """One server-sent event."""

    number: int
    name: str
    data: bytes  # one line of JSON


class Hub:
    """Publishes events. A page keeps its own place, so a slow one costs no memory here."""

    def __init__(self, kept: int = KEPT_EVENTS) -> None:
        self._run = secrets.token_hex(4)  # numbers of another run mean nothing here
        self._events: deque[Event] = deque(maxlen=kept)
        self._published = asyncio.Condition()
        self.number = 0

    def id_of(self, number: int) -> str:
        """What the page sends back as Last-Event-ID."""
        return f"{self._run}-{number}"

    def number_of(self, event_id: str) -> int | None:
        """The inverse of `id_of`; None for an id of another run, or of nobody's."""
        run, _, number = event_id.partition("-")
        known = run == self._run and number.isascii() and number.isdigit() and len(number) < 16
        return int(number) if known and int(number) <= self.number else None

    async def publish(self, name: str, data: bytes) -> None:
        """Send an event to all."""
        async with self._published:
            self.number += 1
            self._events.append(Event(self.number, name, data))
            self._published.notify_all()

    def since(self, number: int) -> list[Event] | None:
        """Events after `number`; None if some of them are no longer held."""
        oldest = self._events[0].number if self._events else self.number + 1
        if number + 1 < oldest:
            return None
        return [event for event in self._events if event.number > number]

    async def wait(self, number: int, seconds: float) -> None:
        """Until there is an event after `number`, at most so long."""
        try:
            async with asyncio.timeout(seconds), self._published:
                await self._published.wait_for(lambda: self.number > number)
        except TimeoutError:
            return


def encode(name: str, data: bytes, event_id: str | None = None) -> bytes:
    """An event as it goes over the line."""
    head = f"id: {event_id}\n" if event_id is not None else ""
    return f"{head}event: {name}\ndata: ".encode() + data + b"\n\n"
