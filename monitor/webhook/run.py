"""Run a forwarder until it is told to stop."""

from __future__ import annotations

import asyncio

import structlog

from monitor.http.client import session
from monitor.http.probe_server import Health
from monitor.http.probes import watched
from monitor.settings import Settings
from monitor.stopping import until_stopped
from monitor.webhook.forwarder import DeliveryCounts, DeliveryPlan, Forwarder
from monitor.webhook.payloads import Shape
from monitor.webhook.receiver import Receiver
from monitor.webhook.target import Target, check_certificate

log = structlog.get_logger("magwatch.webhook")


def forward(
    settings: Settings,
    plan: DeliveryPlan,
    target: Target,
    shape: Shape,
    health: Health | None = None,
) -> DeliveryCounts:
    """Forward until the end of the topic, SIGTERM or Ctrl-C; return the counts of records.

    `health` is ready while the topic is read and the receiver takes alerts.

    Raises
    ------
    Refused
        If the receiver's certificate is wrong, or it refuses an alert that the plan does not skip.
    """
    return asyncio.run(_forward(settings, plan, target, shape, health))


async def _forward(
    settings: Settings, plan: DeliveryPlan, target: Target, shape: Shape, health: Health | None
) -> DeliveryCounts:
    await check_certificate(target)
    async with session() as client:
        forwarder = Forwarder(settings, plan, Receiver(target, client), shape)
        log.info("delivering alerts", receiver=target.shown, topic=settings.topic("alerts"))
        async with watched(settings, health, forwarder.waits_for):
            await until_stopped(forwarder.run())
        return forwarder.tally
