"""Runs the work of a command until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import structlog

from monitor import ending

CANCEL_S = 2.0  # for the cleanup of cancelled tasks
Result = TypeVar("Result")
log = structlog.get_logger("magwatch.stopping")


@contextmanager
def stop_event() -> Iterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set, instead of raising KeyboardInterrupt."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    before = {number: signal.getsignal(number) for number in ending.SIGNALS}
    for number in ending.SIGNALS:
        loop.add_signal_handler(number, stop.set)  # runs when the loop turns
        signal.signal(number, ending.note_signal)  # runs also while the loop is blocked
    if ending.end_requested():
        stop.set()
    try:
        yield stop
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


async def or_stop(work: Awaitable[Result], stop: asyncio.Event) -> Result | None:
    """The result of `work`, or None if `stop` is set first: then `work` is cancelled."""
    task, stopping = asyncio.ensure_future(work), asyncio.create_task(stop.wait())
    await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if task.done():
        return task.result()
    await cancel_and_wait([task])
    return None


async def until_stopped(work: Awaitable[Result]) -> Result | None:
    """The result of `work`, or None if SIGTERM or SIGINT comes first: then it is cancelled."""
    with stop_event() as stop:
        return await or_stop(work, stop)


async def cancel_and_wait(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel tasks and wait until they have ended, for `CANCEL_S` at most."""
    waiting = set(tasks)
    for task in waiting:
        task.cancel()
    done, _ = await asyncio.wait(waiting, timeout=CANCEL_S)
    for task in done:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.debug("failed while it was cancelled", error=str(error) or type(error).__name__)
