"""Polls services for ever or once, with growing pauses while one fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from monitor.http.fetch import Unanswered
from monitor.http.retry import Backoff

TRIES_ONCE = 3
LONGEST_PAUSE_ONCE_S = 60.0
FIRST_PAUSE_S = 5.0
Poll: TypeAlias = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Polling:
    """Polls any number of services; one that fails takes no other along.

    Attributes
    ----------
    log
        Logger of the command.
    failed
        Log event of a failure, as in *no index, trying again*.
    unanswered
        Of each service that does not answer at present, why.
    """

    log: Any
    failed: str
    unanswered: dict[str, str] = field(default_factory=dict)

    async def follow(
        self, name: str, poll: Poll, every_s: float, first_pause_s: float = FIRST_PAUSE_S
    ) -> None:
        """Poll one service for ever; a failing one is asked again with growing pauses."""
        backoff = Backoff(first_s=first_pause_s, most_s=max(first_pause_s, every_s))
        while True:
            if failure := await self._failure(name, poll):
                self.unanswered[name] = str(failure)
                await self._pause(name, failure, backoff)
            else:
                self.unanswered.pop(name, None)
                backoff.reset()
                await asyncio.sleep(every_s)

    async def once(self, name: str, poll: Poll) -> str | None:
        """Poll one service, a failing one up to three times; the reason if it stays so.

        One that wants to be left alone for more than a minute is not asked again.
        """
        backoff = Backoff(first_s=1.0)
        for left in reversed(range(TRIES_ONCE)):
            failure = await self._failure(name, poll)
            if failure is None:
                break
            wait_s = failure.retry_after_s or 0.0
            if wait_s > LONGEST_PAUSE_ONCE_S:
                return f"{name}: {failure}, to be asked again in {wait_s:,.0f} s"
            if not left:
                return f"{name}: {failure}"
            await self._pause(name, failure, backoff)
        return None

    async def _failure(self, name: str, poll: Poll) -> Unanswered | None:
        """Poll once; why there was nothing to use, if so."""
        try:
            await poll()
        except Unanswered as failure:
            return failure
        except Exception as error:
            self.log.exception("a fault of magwatch, not of the service", source=name)
            return Unanswered(repr(error))
        return None

    async def _pause(self, name: str, error: Unanswered, backoff: Backoff) -> None:
        pause_s = backoff.pause_s(error.retry_after_s)
        self.log.warning(self.failed, source=name, said=str(error), pause_s=round(pause_s, 1))
        await asyncio.sleep(pause_s)

    def waits_for(self, services: int, what: str) -> str | None:
        """Why none of so many services can be used; None while one answers."""
        if len(self.unanswered) < services:
            return None
        said = "; ".join(f"{name}: {why}" for name, why in self.unanswered.items())
        return f"{what} ({said})"
