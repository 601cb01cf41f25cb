"""Fencing: a process that stood still must not publish for partitions that it has lost.

A process may stand still for longer than the group's session timeout, as when a virtual machine is
moved or a machine swaps. It has then lost its partitions without knowing it. Publishing old results
would put an alert's first version after its last one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog

from monitor.settings import Settings

RENEWAL_S = 0.5
HEARTBEATS = 3  # to wait; already the first after a standstill brings the group's answer
log = structlog.get_logger("magwatch.lease")


class Fence:
    """Permission to publish, renewed by the running event loop.

    After a standstill, publishing waits for the answer to a heartbeat. `is_member` returns whether
    the last answer of the group still listed this process.
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
        self._renewed_s = now_s()  # last renewal
        self._free_s = self._renewed_s  # earliest time to publish

    async def renew_forever(self) -> None:
        """Renew for ever."""
        while True:
            self._renew()
            await asyncio.sleep(RENEWAL_S)

    async def may_publish(self) -> bool:
        """Whether results may be published; waits for heartbeats after a standstill."""
        self._renew()
        while (wait_s := self._free_s - self._now_s()) > 0:
            await asyncio.sleep(wait_s)
        return self._is_member()

    def _renew(self) -> None:
        now_s = self._now_s()
        pause_s, self._renewed_s = now_s - self._renewed_s, now_s
        if pause_s > self._lapses_after_s:
            log.warning("stood still, waiting for word from the group", seconds=round(pause_s, 1))
            self._free_s = now_s + self._grace_s
