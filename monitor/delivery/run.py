"""Runs a forwarder until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal

import aiohttp

from monitor.delivery.forwarder import Forwarder, Plan, Tally
from monitor.delivery.payloads import Shape
from monitor.delivery.receiver import Receiver, Target
from monitor.settings import Settings


def forward(settings: Settings, plan: Plan, target: Target, shape: Shape) -> Tally:
    """Blocks until the end of the topic, SIGTERM or Ctrl-C; returns what was done.

    Raises
    ------
    Refused
        If the receiver refuses an alert and the plan is to stop then.
    """
    return asyncio.run(_forward(settings, plan, target, shape))


async def _forward(settings: Settings, plan: Plan, target: Target, shape: Shape) -> Tally:
    async with aiohttp.ClientSession(headers={"User-Agent": "magwatch"}) as session:
        forwarder = Forwarder(settings, plan, Receiver(target, session), shape)
        running = asyncio.create_task(forwarder.run())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, running.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await running
        return forwarder.tally
