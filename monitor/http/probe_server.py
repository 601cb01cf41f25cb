"""Server of `/metrics`, `/healthz`, `/readyz` and `/profiles`, by an event loop on its own thread.

The thread also answers while the worker's event loop is stuck; `/healthz` is then 503.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from monitor.errors import SettingsRefused
from monitor.http.connection import BoundedServer, accepts_host

QUEUED = 1024  # connections in the kernel's queue
METHODS = ("GET", "HEAD")
LOG_EVERY_S = 60.0  # between log lines about connections that cannot be accepted
STOP_S = 0.5  # for answers in progress
log = structlog.get_logger("magwatch.probes")


class Health:
    """Health of the process, written by its event loop and read by the server's thread."""

    def __init__(self, stalled_after_s: float, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._stalled_after_s = stalled_after_s
        self._beat_s = now_s()  # last progress of the event loop
        self._waiting_for: str | None = "start-up"  # None when ready
        # makes the page `/profiles` (JSON, see `monitor.profiles.usage`); None before start-up
        self.profiles: Callable[[], bytes] | None = None

    def beat(self) -> None:
        """Record progress of the event loop."""
        self._beat_s = self._now_s()

    def waits_for(self, reason: str | None) -> None:
        """Set the reason why the process cannot work; None if it can."""
        self._waiting_for = reason

    def alive(self) -> tuple[bool, str]:
        """Whether the event loop makes progress, with a text."""
        age_s = self._now_s() - self._beat_s
        return age_s < self._stalled_after_s, f"event loop seen {age_s:.1f} s ago"

    def ready(self) -> tuple[bool, str]:
        """Whether the process can work now, with a text: a worker would score samples sent now."""
        if not self.alive()[0]:
            return False, "event loop stalled"
        return (
            self._waiting_for is None,
            f"waiting for {self._waiting_for}" if self._waiting_for else "ready",
        )


@contextmanager
def probe_server(
    host: str, port: int, registry: CollectorRegistry, health: Health
) -> Iterator[tuple[str, int]]:
    """Serve the pages until the block ends; yield the address (port 0 takes a free port).

    Raises
    ------
    SettingsRefused
        If the address cannot be bound.
    """
    listener = _listener(host, port)
    address = listener.getsockname()[:2]
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(_LoopErrors().handle)
    thread = Thread(target=loop.run_forever, name="probes", daemon=True)
    thread.start()
    serving = _serve(listener, _Probes(host, registry, health))
    runner = asyncio.run_coroutine_threadsafe(serving, loop).result()
    try:
        yield address
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _listener(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise SettingsRefused(
            f"MAGWATCH_METRICS_PORT: cannot listen on {host}:{port} ({error.strerror}); "
            "choose another with --metrics-port"
        ) from None


async def _serve(listener: socket.socket, probes: _Probes) -> web.ServerRunner:
    server = BoundedServer(probes.answer)
    runner = web.ServerRunner(server, shutdown_timeout=STOP_S)
    await runner.setup()
    # asyncio accepts up to `backlog` connections in one turn; more may wait in the kernel's queue
    await web.SockSite(runner, listener, backlog=server.max_connections).start()
    listener.listen(QUEUED)
    return runner


@dataclass(frozen=True, slots=True)
class _Probes:
    host: str
    registry: CollectorRegistry
    health: Health

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Answer one request, then close the connection: scrapes are a minute apart."""
        response = self._answer(request)
        response.force_close()
        return response

    def _answer(self, request: web.BaseRequest) -> web.Response:
        name = request.headers.get("Host")
        if not accepts_host(self.host, name):
            return _text(403, f"not served as {str(name)[:80]!r}")
        if request.method not in METHODS:
            refused = _text(405, "only GET and HEAD")
            refused.headers["Allow"] = ", ".join(METHODS)
            return refused
        pages = {
            "/metrics": self._metrics,
            "/healthz": lambda: _probe(*self.health.alive()),
            "/readyz": lambda: _probe(*self.health.ready()),
            "/profiles": self._profiles,
        }
        page = pages.get(request.path)
        return page() if page else _text(404, f"not here: {' '.join(pages)}")

    def _metrics(self) -> web.Response:
        kind = {"Content-Type": CONTENT_TYPE_LATEST}
        return web.Response(body=generate_latest(self.registry), headers=kind)

    def _profiles(self) -> web.Response:
        if self.health.profiles is None:
            return _text(503, "waiting for start-up")
        return web.Response(body=self.health.profiles(), content_type="application/json")


def _probe(good: bool, text: str) -> web.Response:
    return _text(200 if good else 503, text)


def _text(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text + "\n")


class _LoopErrors:
    """Logs errors of the event loop; failures to accept connections once a minute."""

    def __init__(self) -> None:
        self._logged_s = -LOG_EVERY_S

    def handle(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not isinstance(context.get("exception"), OSError):
            loop.default_exception_handler(context)
        elif time.monotonic() - self._logged_s >= LOG_EVERY_S:
            self._logged_s = time.monotonic()
            log.warning("connections cannot be accepted", error=str(context["exception"]))
