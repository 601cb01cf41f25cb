"""Security headers, the Host check and connection limits of the HTTP servers.

Host check: a server on a loopback address answers only requests whose Host header names a loopback
address. Otherwise a web page elsewhere could read it through a browser on this machine, by letting
its own host name resolve to 127.0.0.1 (DNS rebinding). A server on any other address answers under
every name: operators use names of services, containers and proxies that are not known here, and
restrict by network who can reach the port.
"""

from __future__ import annotations

import asyncio
import ipaddress
import resource
from collections.abc import Awaitable, Callable

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "magwatch",  # without a version
}
MAX_CONNECTIONS = 64
SHARE_OF_DESCRIPTORS = 8  # connections take at most an eighth of the file descriptors
CONNECTION_LIMIT_S = 10.0  # Prometheus's default limit for a scrape
LINE_BYTES, HEADER_LINES = 4096, 64
Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def accepts_host(bound: str, name: str | None) -> bool:
    """Whether a server at address `bound` answers a request with the Host header `name`.

    Requests without the header are answered: browsers always send it.
    """
    if name is None or not is_loopback(bound):
        return True
    before, colon, port = name.rpartition(":")
    host = before if colon and port.isdecimal() else name
    return is_loopback(host.removeprefix("[").removesuffix("]").lower())


class BoundedServer(web.Server):
    """A server for short answers, with limits on the number and the duration of connections.

    Every connection is closed after `CONNECTION_LIMIT_S`, also when its client reads or sends
    slowly. A connection beyond the maximum closes the oldest one, so that hundreds of idle clients
    do not keep out one that sends its request at once.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(
            answer,
            access_log=None,
            max_line_size=LINE_BYTES,
            max_field_size=LINE_BYTES,
            max_headers=HEADER_LINES,
            lingering_time=0.0,
        )
        self.max_connections = max_connections(MAX_CONNECTIONS, SHARE_OF_DESCRIPTORS)

    def __call__(self) -> web.RequestHandler:
        """The protocol of a new connection."""
        return QuietConnection(self, loop=self._loop, **self._kwargs)

    def _make_request(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: web.RequestHandler,
        writer: AbstractStreamWriter,
        task: asyncio.Task[None],
    ) -> web.BaseRequest:
        return _Request(message, payload, protocol, writer, task, self._loop)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Close the oldest connections beyond the maximum; start the time limit of this one."""
        super().connection_made(handler, transport)
        still_open = [line for line in self._connections.values() if not line.is_closing()]
        for oldest in still_open[: -self.max_connections]:
            oldest.abort()
        self._loop.call_later(CONNECTION_LIMIT_S, transport.abort)


def max_connections(most: int, share: int) -> int:
    """Connections to hold at once: `most`, or one `share`th of the file descriptors if fewer."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return most
    return max(1, min(most, limit // share))


class QuietConnection(web.RequestHandler):
    """A connection on which only our own errors have a traceback in the log."""

    __slots__ = ()

    def refusal(self, status: int) -> web.Response:
        """The answer to a malformed request."""
        return web.Response(status=status, text="malformed request\n")

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Log a traceback for our own errors only; a malformed request gets its refusal."""
        if status >= 500:
            return super().handle_error(request, status, exc, message)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is on its way already")
        response = self.refusal(status)
        response.force_close()
        return response


class _Request(web.BaseRequest):
    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        """Add the headers; aiohttp calls this for every answer, also to malformed requests."""
        response.headers.update({**HEADERS, "Cache-Control": "no-store"})
