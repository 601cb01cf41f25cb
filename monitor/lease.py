"""Whether this process may still believe in the partitions that it was given.

A process that stood still (a virtual machine that is moved, a machine that swaps) for longer than
the group waits has lost its partitions and has not heard of it. What it publishes on waking is
old: an alert's first version would come to stand after its last one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog

from monitor.settings import Settings

RENEWAL_S = 0.5
HEARTBEATS = 3  # the first one after a standstill already brings the group's answer
log = structlog.get_logger("magwatch.lease")


class Lease:
    """Renewed by the event loop as long as it turns; after a standstill the group is asked first.

    `is_member` says whether the group, as far as was heard, still knows this process.
    """

    def __init__(
        self,
        settings: Settings,
        is_member: Callable[[], bool],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._is_member = is_member
        self._lapses_after_s = settings.session_timeout_s / 2
        self._grace_s = HEARTBEATS * settings.heartbeat_s
        self._now_s = now_s
        self._renewed_s = self._free_s = now_s()

    async def keep(self) -> None:
        """Renew for ever."""
        while True:
            self._renew()
            await asyncio.sleep(RENEWAL_S)

    async def holds(self) -> bool:
        """Whether what was worked out may go out; after a standstill the answer takes a moment."""
        self._renew()
        while (wait_s := self._free_s - self._now_s()) > 0:
            await asyncio.sleep(wait_s)
        return self._is_member()

    def _renew(self) -> None:
        now_s = self._now_s()
        still_s, self._renewed_s = now_s - self._renewed_s, now_s
        if still_s > self._lapses_after_s:
            log.warning("stood still, waiting for word from the group", seconds=round(still_s, 1))
            self._free_s = now_s + self._grace_s
