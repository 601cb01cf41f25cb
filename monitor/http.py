"""`/metrics`, `/healthz` and `/readyz` from a thread of the standard library's server.

A thread, so that a stuck event loop is seen from outside instead of silencing its own probe.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from monitor.errors import SettingsRefused


class Health:
    """What the probes answer. Written by the event loop, read by the server's thread."""

    def __init__(self, stalled_after_s: float, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._stalled_after_s = stalled_after_s
        self._beat_s = now_s()
        self._waiting_for: str | None = "start-up"

    def beat(self) -> None:
        """The event loop made progress."""
        self._beat_s = self._now_s()

    def waits_for(self, reason: str | None) -> None:
        """Say what keeps the worker from its work; None when nothing does."""
        self._waiting_for = reason

    def alive(self) -> tuple[bool, str]:
        """Whether the event loop still turns."""
        age_s = self._now_s() - self._beat_s
        return age_s < self._stalled_after_s, f"event loop seen {age_s:.1f} s ago"

    def ready(self) -> tuple[bool, str]:
        """Whether samples sent now would be scored now."""
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
    """Serve the three pages until the block ends; yields the address (port 0 takes a free one).

    Raises
    ------
    SettingsRefused
        If the address cannot be bound.
    """
    try:
        server = ThreadingHTTPServer((host, port), _handler(registry, health))
    except OSError as error:
        reason = f"cannot listen on {host}:{port} ({error.strerror})"
        raise SettingsRefused(f"MAGWATCH_METRICS_PORT: {reason}") from None
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, name="probes", daemon=True)
    thread.start()
    try:
        yield str(server.server_address[0]), server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(registry: CollectorRegistry, health: Health) -> type[BaseHTTPRequestHandler]:
    class Probes(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(200, generate_latest(registry), CONTENT_TYPE_LATEST)
            elif path == "/healthz":
                self._probe(*health.alive())
            elif path == "/readyz":
                self._probe(*health.ready())
            else:
                self._answer(404, b"not here: /metrics /healthz /readyz\n", "text/plain")

        def _probe(self, good: bool, text: str) -> None:
            self._answer(200 if good else 503, text.encode() + b"\n", "text/plain")

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """A line per scrape would drown the log."""

    return Probes
