"""A real HTTP server that sends exactly the bytes that a test wants, as slowly as it wants."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

Piece = bytes | float | None  # bytes to send, seconds to wait, or None: reset the connection
RESET = struct.pack("ii", 1, 0)  # SO_LINGER without a time: closing sends RST


@dataclass(frozen=True)
class Asked:
    """A request."""

    path: str
    body: bytes


Reply = Callable[[Asked], Iterable[Piece]]


class _Server(ThreadingTCPServer):
    request_queue_size = 200
    daemon_threads = True
    block_on_close = False  # an endless answer ends with the process


@contextmanager
def raw_server(reply: Reply) -> Iterator[str]:
    """URL, without a slash at its end, of a server that answers once on each connection."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            try:
                for piece in reply(_request(self.request)):
                    _send(self.request, piece)
            except OSError:
                pass  # the client has had enough

    server = _Server(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _send(connection: socket.socket, piece: Piece) -> None:
    if piece is None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    elif isinstance(piece, float):
        time.sleep(piece)
    else:
        connection.sendall(piece)


def _request(connection: socket.socket) -> Asked:
    head, body = b"", b""
    while b"\r\n\r\n" not in head:
        head += _received(connection)
    head, body = head.split(b"\r\n\r\n", 1)
    lines = head.lower().split(b"\r\n")
    (length, *_) = [int(one[15:]) for one in lines if one.startswith(b"content-length:")] or [0]
    while len(body) < length:
        body += _received(connection)
    return Asked(head.split(b" ")[1].decode(), body)


def _received(connection: socket.socket) -> bytes:
    if not (some := connection.recv(65536)):
        raise ConnectionError("closed in the middle of a request")
    return some
