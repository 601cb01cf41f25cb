"""Work for the pages in threads: few at a time, few waiting, and what was made is kept a while."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar

from monitor.dashboard.answers import Refusal

AT_ONCE = 2
MOST_WAITING = 32
MOST_BYTES = 16_000_000
Made = TypeVar("Made")


class PageWork:
    """Runs functions in threads, a few at a time; more than may wait are refused."""

    def __init__(self, at_once: int = AT_ONCE, most_waiting: int = MOST_WAITING) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._most = at_once + most_waiting
        self._asked = 0

    async def run(self, act: Callable[[], Made]) -> Made:
        """What a function returns. Raises `Refusal` where too many are waiting."""
        if self._asked >= self._most:
            raise Refusal(503, "too many days are asked for at once: try again")
        self._asked += 1
        try:
            async with self._places:
                return await asyncio.to_thread(act)
        finally:
            self._asked -= 1


class KeptBodies:
    """Answers by what they were made of, the least used dropped; other files, another key."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._bodies: OrderedDict[Hashable, bytes] = OrderedDict()
        self._most, self._size = most_bytes, 0

    def get(self, key: Hashable) -> bytes | None:
        """An answer that was kept."""
        body = self._bodies.get(key)
        if body is not None:
            self._bodies.move_to_end(key)
        return body

    def put(self, key: Hashable, body: bytes) -> None:
        """Keep an answer."""
        self._size += len(body) - len(self._bodies.pop(key, b""))
        self._bodies[key] = body
        while self._size > self._most and len(self._bodies) > 1:
            _, dropped = self._bodies.popitem(last=False)
            self._size -= len(dropped)
