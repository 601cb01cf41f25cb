"""One client with many pages, or with pages that do not read, takes nothing from the others."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from archive.model import Model, default_model_path, load_model
from monitor.dashboard import connections
from monitor.dashboard.connections import PageRunner
from monitor.dashboard.feed import FeedStatus, UnshownRecords
from monitor.dashboard.hub import MOST_BYTES, Hub
from monitor.dashboard.places import Places, client_of
from monitor.dashboard.server import MAX_PAGES, Show, application
from monitor.kafka.embedded_broker import free_port
from tests.monitor.dashboard.builders import NOW_MS, board
from tests.monitor.dashboard.pages import Page, page

GREEDY, MODEST = "127.0.0.1", "127.0.0.2"  # both are this machine
REQUEST = b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"
PATIENCE_S = 5.0
EVENT_BYTES = 300_000


class Looker:
    """A page that looks on."""

    def __init__(self, url: str, address: str = GREEDY) -> None:
        port = int(url.rpartition(":")[2])
        self.line = socket.create_connection(
            ("127.0.0.1", port), PATIENCE_S, source_address=(address, 0)
        )
        self.line.sendall(REQUEST)
        self.received = b""
        self.wait_for(b"event: reset\n")

    def wait_for(self, text: bytes) -> None:
        """Until the server has said so; what came is in `received`."""
        while text not in self.received:
            part = self.line.recv(65536)
            assert part, self.received
            self.received += part

    def is_closed(self) -> bool:
        """Whether the server has ended it, with what it said at last in `received`."""
        self.line.settimeout(0.2)
        try:
            while part := self.line.recv(65536):
                self.received += part
        except TimeoutError:
            return False
        return True


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page without a broker."""
    environment = {"MAGWATCH_BROKER": f"127.0.0.1:{free_port()}"}
    with page(environment, tmp_path_factory.mktemp("page")) as running:
        yield running


@pytest.fixture
def lookers() -> Iterator[list[Looker]]:
    """Those that a test opens; closed at its end."""
    opened: list[Looker] = []
    yield opened
    for looker in opened:
        looker.line.close()
    time.sleep(0.2)


def test_a_client_with_all_pages_gives_one_to_another(served: Page, lookers: list[Looker]) -> None:
    lookers += [Looker(served.url) for _ in range(MAX_PAGES)]
    modest = Looker(served.url, MODEST)
    lookers.append(modest)
    oldest, *others = lookers[:MAX_PAGES]
    oldest.wait_for(b'event: displaced\ndata: {"pages":64}\n\n')
    assert oldest.is_closed()
    assert not any(looker.is_closed() for looker in (others[0], others[-1], modest))
    # however often it comes back, it takes its own places
    lookers += [Looker(served.url) for _ in range(MAX_PAGES)]
    assert not modest.is_closed()
    assert others[0].is_closed()


def test_behind_a_proxy_the_page_that_has_looked_on_longest_gives_way(
    served: Page, lookers: list[Looker]
) -> None:
    lookers += [Looker(served.url) for _ in range(MAX_PAGES + 2)]
    assert all(looker.is_closed() for looker in lookers[:2])
    assert not any(looker.is_closed() for looker in lookers[-3:])


def test_of_equals_the_oldest_gives_way() -> None:
    places: Places[str] = Places(3)
    assert [places.take(address, address) for address in "abc"] == [None, None, None]
    assert places.take("d", "d") == "a"
    assert places.take("d", "d2") == "d"
    assert len(places) == 3


def test_the_busy_stay_while_their_client_has_others() -> None:
    places: Places[str] = Places(3, busy=lambda guest: guest.startswith("busy"))
    for guest in ("busy 1", "idle", "busy 2"):
        places.take("a", guest)
    assert places.take("b", "new") == "idle"
    assert places.take("c", "newer") == "busy 1"


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9%eth0", "2001:db8:1:2::/64"),
        ("not an address", "not an address"),
        (None, ""),
    ],
)
def test_a_network_of_ipv6_is_one_client(address: str | None, client: str) -> None:
    assert client_of(address) == client


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(default_model_path())


@asynccontextmanager
async def serving(model: Model, hub: Hub) -> AsyncIterator[PageRunner]:
    """A server of this process on a free port."""
    show = Show(
        board=board(),
        hub=hub,
        model=model,
        profiles={},
        status=lambda: FeedStatus("live"),
        left_out=UnshownRecords,
        now_ms=lambda: NOW_MS,
    )
    runner = PageRunner(application(show, "127.0.0.1"), 1.0)
    await runner.setup()
    await runner.listen("127.0.0.1", 0)
    try:
        yield runner
    finally:
        await runner.cleanup()


async def stalled(runner: PageRunner, request: bytes = REQUEST) -> socket.socket:
    """A connection whose client asks and never reads."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.setblocking(False)
    await asyncio.get_running_loop().sock_connect(line, runner.addresses[0])
    await asyncio.get_running_loop().sock_sendall(line, request)
    return line


def waiting_bytes(runner: PageRunner) -> list[int]:
    """What the server holds for each connection, besides what the machine's own buffers do."""
    assert runner.server is not None
    lines = [connection.transport for connection in runner.server.connections]
    return [line.get_write_buffer_size() for line in lines if line is not None]


def test_who_does_not_read_holds_one_event_at_most(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "STALL_S", 1.5)

    async def scene() -> None:
        hub = Hub()
        async with serving(model, hub) as runner:
            lines = [await stalled(runner) for _ in range(20)]
            for _ in range(150):  # 45 MB, far more than sockets hold
                await hub.publish("changes", b"x" * EVENT_BYTES)
                await asyncio.sleep(0.005)
            held = waiting_bytes(runner)
            assert len(held) == 20
            assert max(held) < 2 * EVENT_BYTES
            assert sum(len(event.data) for event in hub._events) <= MOST_BYTES
            await asyncio.sleep(2.0)
            assert waiting_bytes(runner) == []  # they had their time
            for line in lines:
                line.close()

    asyncio.run(scene())


def test_who_asks_and_does_not_read_the_answers_is_ended(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand requests for files on one connection: the next is not looked at meanwhile."""
    monkeypatch.setattr(connections, "STALL_S", 1.0)
    request = b"GET /static/vendor/world.js HTTP/1.1\r\nHost: localhost\r\n\r\n"

    async def scene() -> None:
        async with serving(model, Hub()) as runner:
            line = await stalled(runner, 1000 * request)
            await asyncio.sleep(0.5)
            (held,) = waiting_bytes(runner)
            assert 0 < held < 200_000
            await asyncio.sleep(1.5)
            assert waiting_bytes(runner) == []
            line.close()

    asyncio.run(scene())


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: local"])
def test_who_does_not_ask_is_ended(
    model: Model, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(connections, "IDLE_S", 0.5)

    async def scene() -> None:
        async with serving(model, Hub()) as runner:
            line = await stalled(runner, sent)
            await asyncio.sleep(0.2)
            assert waiting_bytes(runner) == [0]
            await asyncio.sleep(0.8)
            assert waiting_bytes(runner) == []
            line.close()

    asyncio.run(scene())
