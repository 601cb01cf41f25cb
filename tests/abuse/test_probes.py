"""The probes against clients that are slow, silent, strange, or too many."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread, active_count

import pytest
from prometheus_client import CollectorRegistry, Gauge

from monitor.http import connection as web
from monitor.http.probe_server import Health, probe_server

PAGES = ("/healthz", "/readyz", "/metrics")
SERVED_IN_S = 5.0  # half of what a connection is given
Address = tuple[str, int]


@contextmanager
def serving(host: str = "127.0.0.1", stations: int = 1) -> Iterator[Address]:
    """Probes of something healthy with so many series."""
    registry, health = CollectorRegistry(), Health(stalled_after_s=60)
    gauge = Gauge("field_of_a_station_nanoteslas", "Help.", ["station"], registry=registry)
    for number in range(stations):
        gauge.labels(f"station-{number:06}").set(number)
    health.waits_for(None)
    with probe_server(host, 0, registry, health) as address:
        yield address


@pytest.fixture(scope="module")
def probes() -> Iterator[Address]:
    with serving() as address:
        yield address


def exchange(address: Address, request: bytes, timeout_s: float = SERVED_IN_S) -> bytes:
    """Everything that comes back until the connection ends."""
    with socket.create_connection(address, timeout_s) as client:
        client.sendall(request)
        return b"".join(iter(lambda: client.recv(65536), b""))


def asked(address: Address, method: str, path: str, host: str | None = "localhost:9464") -> bytes:
    named = "" if host is None else f"Host: {host}\r\n"
    return exchange(address, f"{method} {path} HTTP/1.1\r\n{named}\r\n".encode())


def parts(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, body


def flood(address: Address, count: int, open_ones: ExitStack, said: bytes = b"") -> None:
    """Open connections that say too little, as fast as it goes."""
    for _ in range(count):
        client = open_ones.enter_context(socket.socket())
        client.settimeout(SERVED_IN_S)
        client.connect(address)
        try:
            client.sendall(said)
        except OSError:
            continue  # ended already, to make room


@pytest.mark.parametrize("page", PAGES)
def test_head_is_answered_as_get_is_without_a_body(probes: Address, page: str) -> None:
    status, headers, body = parts(asked(probes, "GET", page))
    head_status, head_headers, nothing = parts(asked(probes, "HEAD", page))
    assert (status, head_status, nothing) == (200, 200, b"")
    assert int(headers["Content-Length"]) == len(body) > 0
    assert head_headers.keys() == headers.keys()


def test_other_methods_and_pages_are_refused(probes: Address) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"):
        status, headers, _ = parts(asked(probes, method, "/healthz"))
        assert (status, headers["Allow"]) == (405, "GET, HEAD")
    assert parts(asked(probes, "GET", "/"))[0] == 404
    assert parts(asked(probes, "HEAD", "/metrics/"))[0] == 404


def malformed() -> dict[str, bytes]:
    return {
        "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        "of HTTP 0.9": b"GET /healthz\r\n\r\n",
        "long line": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        "long header": b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        "many headers": b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 10_000 + b"\r\n",
        "two lengths": b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "no chunk": b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "newline in a header": b"GET / HTTP/1.1\r\nX: a\x00b\r\n\r\n",
    }


@pytest.mark.parametrize("name", malformed())
def test_no_request_of_any_shape_leaves_a_traceback(
    probes: Address, name: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    try:
        answer = exchange(probes, malformed()[name])
    except ConnectionResetError:
        answer = b""  # refused while it was still being sent
    if answer:
        status, headers, _ = parts(answer)
        assert status in (200, 400, 404)
        assert_guarded(headers)
    assert parts(asked(probes, "GET", "/healthz"))[0] == 200
    assert not caplog.records
    assert "Traceback" not in capfd.readouterr().err


def assert_guarded(headers: dict[str, str]) -> None:
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Server"] == "magwatch"


def test_every_answer_has_the_same_headers_and_tells_no_version(probes: Address) -> None:
    answers = [asked(probes, "GET", page) for page in (*PAGES, "/other")]
    answers += [asked(probes, "POST", "/metrics"), asked(probes, "GET", "/metrics", "evil.example")]
    for answer in answers:
        assert_guarded(parts(answer)[1])


def test_a_page_elsewhere_cannot_have_its_own_name_point_here(probes: Address) -> None:
    for name in ("evil.example", "evil.example:9464", "localhost.evil.example", "10.0.0.1", ""):
        status, _, body = parts(asked(probes, "GET", "/metrics", name))
        assert (status, b"not served as" in body) == (403, True), name
    ours = ("localhost", "LOCALHOST:9464", "127.0.0.1:1", "127.9.9.9", "[::1]:9464", "[::1]")
    assert all(parts(asked(probes, "GET", "/metrics", name))[0] == 200 for name in ours)
    assert parts(exchange(probes, b"GET /healthz HTTP/1.0\r\n\r\n"))[0] == 200  # no browser


def test_on_an_open_address_a_scrape_may_use_any_name() -> None:
    with serving("0.0.0.0") as (_, port):  # noqa: S104 - what compose does
        for name in ("worker:9464", "10.1.2.3:9464", "worker-1.geo.example.org"):
            assert parts(asked(("127.0.0.1", port), "GET", "/metrics", name))[0] == 200


def test_a_client_that_hangs_up_leaves_no_traceback(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(stations=5_000) as address:
        for _ in range(10):
            client = socket.create_connection(address, SERVED_IN_S)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            client.recv(1)
            client.close()  # with a reset, in the middle of the answer
        assert parts(asked(address, "GET", "/healthz"))[0] == 200
    assert not caplog.records
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("said", [b"", b"GET /metrics HTTP/1.1\r\nHost: local"])
def test_hundreds_of_silent_connections_do_not_hold_up_a_scrape(
    probes: Address, said: bytes
) -> None:
    threads, files = active_count(), descriptors("self")
    with ExitStack() as open_ones:
        for _ in range(5):
            flood(probes, 100, open_ones, said)
            began_s = time.monotonic()
            assert parts(asked(probes, "GET", "/metrics"))[0] == 200
            assert time.monotonic() - began_s < SERVED_IN_S
        of_server = descriptors("self") - files - 500
        assert of_server <= 2 * web.MAX_CONNECTIONS
        assert active_count() == threads


def test_the_slow_the_silent_and_the_greedy_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A header that never ends, a body that never ends, an answer that nobody reads."""
    monkeypatch.setattr(web, "CONNECTION_LIMIT_S", 1.0)
    requests = (
        b"GET /metrics HTTP/1.1\r\n",
        b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
    )
    with serving(stations=50_000) as address:
        for request in requests:
            with socket.socket() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.settimeout(5.0)
                client.connect(address)
                client.sendall(request)
                began_s = time.monotonic()
                assert ended(client), request
                assert time.monotonic() - began_s < SERVED_IN_S


def ended(client: socket.socket) -> bool:
    """Whether the other side has ended the connection, which goes on sending and never reads."""
    while True:
        try:
            client.sendall(b"X")
        except OSError:
            return True
        time.sleep(0.1)


def test_a_stuck_main_loop_still_answers() -> None:
    """The loop stands in a call that never comes back to it; the probes say so, and go on."""

    async def stuck(health: Health) -> None:
        health.waits_for(None)
        health.beat()
        await asyncio.sleep(0)
        time.sleep(2.0)

    health = Health(stalled_after_s=0.5)
    with probe_server("127.0.0.1", 0, CollectorRegistry(), health) as address:
        main = Thread(target=lambda: asyncio.run(stuck(health)))
        main.start()
        assert parts(asked(address, "GET", "/healthz"))[0] == 200
        time.sleep(0.7)
        assert main.is_alive()
        assert parts(asked(address, "GET", "/healthz"))[0] == 503
        assert parts(asked(address, "HEAD", "/readyz"))[0] == 503
        main.join()


def descriptors(pid: int | str) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
