"""Brokers that fall silent: connections stay, and nothing comes back any more."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from tempfile import TemporaryFile
from threading import Event, Thread

from monitor.kafka.embedded_broker import free_port, tansu_binary
from tests.brokers import _accepts
from tests.monitor.workers import wait_until

PRODUCE, FETCH, OFFSETS, JOIN = 0, 1, 2, 11  # Kafka's numbers of requests
Trigger = Callable[[bytes], bool]


def request(number: int, holding: bytes = b"") -> Trigger:
    """Whether what a client sends is such a request, of a topic with that in its name."""
    return lambda sent: int.from_bytes(sent[4:6]) == number and holding in sent


class Proxy:
    """Stands before a broker and passes on, until it is to be mute.

    `silent` is set once it is: by `mute`, or by the first request that the trigger is for.
    """

    def __init__(self, upstream: tuple[str, int] | None, trigger: Trigger | None = None) -> None:
        self._upstream, self._trigger = upstream, trigger
        self.silent, self._open = Event(), ExitStack()
        self.connections, self.port = 0, 0
        if upstream is None:
            self.silent.set()
        self.come_back()
        self.address = f"127.0.0.1:{self.port}"

    def mute(self, trigger: Trigger | None = None) -> None:
        """Fall silent now, or at such a request."""
        self._trigger = trigger
        if trigger is None:
            self.silent.set()

    def come_back(self) -> None:
        """Listen again, at the same port."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def go(self) -> None:
        """Nobody listens any more, and every connection ends."""
        _end(self._listener)
        self._open.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.callback(_end, client)
            if self._upstream is None or self.silent.is_set():
                continue
            server = socket.create_connection(self._upstream)
            self._open.callback(_end, server)
            for one, other, seen in ((client, server, self._heard), (server, client, None)):
                Thread(target=self._pass_on, args=(one, other, seen), daemon=True).start()

    def _heard(self, sent: bytes) -> None:
        if self._trigger is not None and self._trigger(sent):
            self.silent.set()

    def _pass_on(
        self, one: socket.socket, other: socket.socket, seen: Callable[[bytes], None] | None
    ) -> None:
        with suppress(OSError):
            while data := one.recv(1 << 20):
                if seen is not None:
                    seen(data)
                if not self.silent.is_set():
                    other.sendall(data)
        if not self.silent.is_set():
            _end(other)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def mute_broker() -> Iterator[Proxy]:
    """What takes connections and never answers."""
    proxy = Proxy(None)
    yield proxy
    proxy.go()


@contextmanager
def tansu_behind_a_proxy() -> Iterator[Proxy]:
    """The embedded broker, reached through the proxy alone."""
    port = free_port()
    proxy = Proxy(("127.0.0.1", port))
    command = [
        str(tansu_binary()),
        "broker",
        f"--listener-url=tcp://127.0.0.1:{port}",
        f"--advertised-listener-url=tcp://{proxy.address}",
        "--storage-engine=memory://tansu/",
    ]
    with TemporaryFile() as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            wait_until(lambda: _accepts(port), 20.0)
            yield proxy
        finally:
            proxy.go()
            process.kill()
            process.wait()
