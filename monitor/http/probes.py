"""Health probes of a command without metrics of its own, served if a port was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector

from monitor.http.probe_server import Health, probe_server
from monitor.kafka.login_errors import broker_problem
from monitor.settings import Settings

WATCH_S = 2.0
log = structlog.get_logger("magwatch.probes")


@contextmanager
def health_server(
    settings: Settings, port: int | None, registry: CollectorRegistry | None = None
) -> Iterator[Health | None]:
    """Serve the health of a command until the block ends; yield None without a port.

    `registry` has the metrics of the command, if it has any.

    Raises
    ------
    SettingsRefused
        If the address cannot be bound.
    """
    if port is None:
        yield None
        return
    health, registry = Health(settings.stalled_after_s), registry or CollectorRegistry()
    ProcessCollector(registry=registry)
    with probe_server(settings.metrics_host, port, registry, health) as address:
        log.info("probes", address=f"http://{address[0]}:{address[1]}")
        yield health


@asynccontextmanager
async def watched(
    settings: Settings, health: Health | None, reason: Callable[[], str | None]
) -> AsyncIterator[None]:
    """Keep the health up to date until the block ends.

    Parameters
    ----------
    settings
        Where the broker is; no command is ready without it.
    health
        Health to update; None without probes.
    reason
        Returns the reason why the command cannot work now; None if it can.
    """
    if health is None:
        yield
        return
    watching = asyncio.create_task(_watch(settings, health, reason))
    try:
        yield
    finally:
        watching.cancel()


async def _watch(settings: Settings, health: Health, reason: Callable[[], str | None]) -> None:
    while True:
        health.beat()
        problem = await broker_problem(settings)
        health.waits_for(f"the broker: {problem.said}" if problem else reason())
        await asyncio.sleep(WATCH_S)
