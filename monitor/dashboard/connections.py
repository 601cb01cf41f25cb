"""Connections of the page's server, robust against malformed, excessive, slow or idle clients."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from monitor.dashboard.answers import HEADERS
from monitor.dashboard.places import Places, client_of
from monitor.http.connection import QuietConnection, max_connections

MOST_CONNECTIONS = 256
SHARE_OF_DESCRIPTORS = 4  # a quarter of the file descriptors; as many again may be waiting
IDLE_S = 30.0  # for a complete request, after the connection or the last answer
STALL_S = 30.0  # for a client that does not read
LINGER_S = 1.0  # for the rest of an answered request


class PageConnection(QuietConnection):
    """A client's connection: its faults are not logged, and all answers have our headers."""

    __slots__ = ("_line", "_places", "_stalled")

    def __init__(self, manager: PageServer, **options: Any) -> None:
        super().__init__(manager, **options)
        self._places = manager.places
        self._line: asyncio.Transport | None = None  # set when connected
        self._stalled: asyncio.TimerHandle | None = None  # ends a client that does not read

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        return self._current_request is not None

    def abort(self) -> None:
        """Close at once; unsent data are dropped."""
        if self._line is not None:
            self._line.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place, if necessary that of another connection."""
        self._line = cast(asyncio.Transport, transport)
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        displaced = self._places.take(client_of(peer[0] if peer else None), self)
        if displaced is not None:
            displaced.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Free the place."""
        self._places.leave(self)
        self._reads_again()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Start the time limit of a client that does not read."""
        super().pause_writing()
        self._stalled = self._loop.call_later(STALL_S, self.abort)

    def resume_writing(self) -> None:
        """Stop the time limit: the client reads again."""
        self._reads_again()
        super().resume_writing()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer; add our headers to answers of aiohttp."""
        if not resp.prepared:
            resp.headers.update(HEADERS)
        return await super().finish_response(request, resp, start_time)

    def refusal(self, status: int) -> web.Response:
        """The answer to a malformed request."""
        return web.json_response({"error": HTTPStatus(status).phrase}, status=status)

    def log_exception(self, *args: Any, **options: Any) -> None:
        """Log an error with its traceback, unless the client caused it."""
        fault = options.get("exc_info")
        if not isinstance(fault, HttpProcessingError | web.RequestPayloadError | ConnectionError):
            super().log_exception(*args, **options)

    def _reads_again(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None


class PageServer(web.Server):
    """A server with a limited number of connections."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.places = Places[PageConnection](
            max_connections(MOST_CONNECTIONS, SHARE_OF_DESCRIPTORS), lambda guest: guest.busy
        )

    def __call__(self) -> web.RequestHandler:
        """The protocol of a new connection."""
        return PageConnection(self, loop=self._loop, **self._kwargs)


class PageRunner(web.AppRunner):
    """Runs an application behind a `PageServer`."""

    def __init__(self, app: web.Application, shutdown_timeout_s: float) -> None:
        super().__init__(
            app,
            access_log=None,
            shutdown_timeout=shutdown_timeout_s,
            keepalive_timeout=IDLE_S,
            lingering_time=LINGER_S,
        )

    async def _make_server(self) -> PageServer:
        server = await super()._make_server()
        return PageServer(
            server.request_handler, request_factory=server.request_factory, **server._kwargs
        )

    async def listen(self, host: str, port: int) -> None:
        """Serve at an address; raise `OSError` if it cannot be bound.

        The backlog is limited too, as asyncio accepts all waiting connections before it serves one.
        """
        await web.TCPSite(
            self, host, port, backlog=max_connections(MOST_CONNECTIONS, SHARE_OF_DESCRIPTORS)
        ).start()
