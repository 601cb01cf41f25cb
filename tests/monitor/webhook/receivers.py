"""A real HTTP receiver that answers as a test wants, and remembers what it got."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass(frozen=True)
class Request:
    body: bytes
    headers: dict[str, str]
    came_s: float


@dataclass(frozen=True)
class Reply:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    after_s: float = 0.0


@dataclass
class Script:
    """What to answer; the default decides once the list is used up."""

    replies: list[Reply] = field(default_factory=list)
    otherwise: Callable[[Request], Reply] = lambda _: Reply()
    requests: list[Request] = field(default_factory=list)
    accepted: list[Request] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        self.requests.append(request)
        reply = self.replies.pop(0) if self.replies else self.otherwise(request)
        time.sleep(reply.after_s)
        if 200 <= reply.status < 300:
            self.accepted.append(request)
        return reply

    def wait_for(self, count: int, seconds: float = 30.0) -> None:
        """Until so many were accepted."""
        deadline_s = time.monotonic() + seconds
        while len(self.accepted) < count:
            assert time.monotonic() < deadline_s, f"{len(self.accepted)} of {count} came"
            time.sleep(0.02)


@contextmanager
def receiver(script: Script, port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """URL of a receiver that follows a script; with `tls` by https."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            reply = script.answer(Request(body, dict(self.headers), time.monotonic()))
            try:
                self.send_response(reply.status)
                for name, text in {"Content-Length": "0", **reply.headers}.items():
                    self.send_header(name, text)
                self.end_headers()
            except BrokenPipeError:
                pass  # the client gave up waiting, as it should

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http{'s' * (tls is not None)}://127.0.0.1:{server.server_address[1]}/hook"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
