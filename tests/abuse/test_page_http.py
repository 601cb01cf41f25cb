"""What is no proper request: it gets an answer with the headers of all, and no line in the log."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from monitor.kafka.embedded_broker import free_port
from tests.monitor.dashboard.pages import Page, answered, page

PATIENCE_S = 5.0
MEGABYTE = 1_000_000
POLICY, NOSNIFF = "content-security-policy", "x-content-type-options"


class Answer(NamedTuple):
    """What came back on a connection before it ended."""

    status: int  # 0 if nothing did
    headers: Mapping[str, str]
    body: bytes


def request(line: str, *headers: str, body: bytes = b"", host: str = "localhost") -> bytes:
    lines = [line, *([f"Host: {host}"] if host else []), "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def with_body(*headers: str, body: bytes = b"") -> bytes:
    return request("POST /api/snapshot HTTP/1.1", *headers, body=body)


# Each with the statuses that are right for it; 0 stands for a connection that is closed.
MALFORMED: dict[str, tuple[bytes, set[int]]] = {
    "a method alone": (b"GET\r\n\r\n", {400}),
    "HTTP/0.9": (b"GET /\r\n\r\n", {200, 400}),
    "HTTP/9.9": (request("GET / HTTP/9.9"), {400}),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400}),
    "a word too many": (request("GET / / HTTP/1.1"), {400}),
    "an unknown method": (request("EXPLODE / HTTP/1.1"), {400, 405}),
    "a method in lower case": (request("get / HTTP/1.1"), {400, 405}),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), {400}),
    "SSH": (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", {400}),
    "zeros": (bytes(1000), {400}),
    "high bytes": (bytes(range(128, 256)) * 10, {400}),
    "bare line feeds": (b"GET / HTTP/1.1\nHost: localhost\nConnection: close\n\n", {200, 400}),
    "NUL in the path": (request("GET /\x00 HTTP/1.1"), {400}),
    "NUL in a header": (request("GET / HTTP/1.1", "X: \x00"), {400}),
    "a header without a colon": (request("GET / HTTP/1.1", "nonsense"), {400}),
    "a header without a name": (request("GET / HTTP/1.1", ": x"), {400}),
    "a folded header": (request("GET / HTTP/1.1", "X: a", " b"), {200, 400}),
    "no host": (request("GET / HTTP/1.1", host=""), {200, 400}),
    "two hosts": (request("GET / HTTP/1.1", "Host: localhost"), {200, 400}),
    "another host": (request("GET / HTTP/1.1", host="evil.example"), {403}),
    "a host of nothing": (request("GET / HTTP/1.1", host=" "), {400, 403}),
    "a host of high bytes": (request("GET / HTTP/1.1", host="\xff\xfe"), {400, 403}),
    "a host with a blank": (request("GET / HTTP/1.1", host="local host"), {400, 403}),
    "half an address": (request("GET / HTTP/1.1", host="[::1"), {400, 403}),
    "a host with a path": (request("GET / HTTP/1.1", host="localhost/x@y"), {400, 403}),
    "no port": (request("GET / HTTP/1.1", host="localhost:x"), {400, 403}),
    "a port too high": (request("GET / HTTP/1.1", host="localhost:" + 99 * "9"), {200, 400, 403}),
    "a percent alone": (request("GET /% HTTP/1.1"), {400, 404}),
    "no hexadecimals": (request("GET /static/%zz HTTP/1.1"), {400, 404}),
    "an escaped NUL": (request("GET /static/%00 HTTP/1.1"), {400, 404}),
    "an escaped line end": (request("GET /static/%0d%0aX: HTTP/1.1"), {400, 404}),
    "no UTF-8": (request("GET /api/stations/%ff%fe/trace HTTP/1.1"), {400, 404}),
    "a surrogate": (request("GET /api/stations/%ed%a0%80/trace HTTP/1.1"), {400, 404}),
    "no UTF-8 in the query": (request("GET /events2?after=%ff&%ff HTTP/1.1"), {400, 404}),
    "bytes in the path": (request("GET /\xff\xfe HTTP/1.1"), {400, 404}),
    "upwards": (request("GET /static/../../server.py HTTP/1.1"), {400, 404}),
    "two slashes": (request("GET //evil.example/ HTTP/1.1"), {200, 400, 404}),
    "an absolute address": (request("GET http://evil.example/ HTTP/1.1"), {200, 400, 403, 404}),
    "no address": (request("GET http://[/ HTTP/1.1"), {400, 404}),
    "a star": (request("OPTIONS * HTTP/1.1"), {400, 404, 405}),
    "CONNECT": (request("CONNECT evil.example:443 HTTP/1.1"), {400, 403, 404, 405}),
    "TRACE": (request("TRACE / HTTP/1.1"), {405}),
    "DELETE": (request("DELETE /api/snapshot HTTP/1.1"), {405}),
    "a body": (with_body("Content-Length: 2", body=b"{}"), {405}),
    "a body that never comes": (with_body("Content-Length: 1000"), {405}),
    "a body larger than anything": (with_body("Content-Length: " + 30 * "9"), {400, 405}),
    "a negative length": (with_body("Content-Length: -1"), {400}),
    "a length in words": (with_body("Content-Length: two"), {400}),
    "two lengths": (with_body("Content-Length: 1", "Content-Length: 2", body=b"{}"), {400}),
    "length and chunks": (
        with_body("Content-Length: 3", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        {400, 405},
    ),
    "chunks of garbage": (
        with_body("Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n"),
        {400, 405},
    ),
    "a chunk too large": (
        with_body("Transfer-Encoding: chunked", body=16 * b"f" + b"\r\n{}\r\n"),
        {400, 405},
    ),
    "garbage after a chunk": (
        with_body("Transfer-Encoding: chunked", body=b"1\r\n{xxxxxxxxxxx\r\nyy\r\n"),
        {400, 405},
    ),
    "an unknown coding": (with_body("Transfer-Encoding: bogus", body=b"{}"), {400, 405}),
    "a compressed body that is none": (
        with_body("Content-Encoding: gzip", "Content-Length: 4", body=b"\x00\x01\x02\x03"),
        {400, 405},
    ),
    "expects the impossible": (request("GET / HTTP/1.1", "Expect: 200-miracle"), {417}),
    "expects to go on": (with_body("Content-Length: 2", "Expect: 100-continue"), {100, 405}),
    "a web socket": (
        request("GET / HTTP/1.1", "Upgrade: websocket", "Sec-WebSocket-Key: x", body=9999 * b"x"),
        {200, 400},
    ),
    "events without a body": (request("HEAD /events HTTP/1.1"), {405}),
    "an event id of nobody": (request("GET /nowhere HTTP/1.1", "Last-Event-ID: \xff\xff"), {404}),
    "a tag of nobody": (request("GET / HTTP/1.1", 'If-None-Match: \xff*,,"'), {200}),
    "an impossible range": (request("GET / HTTP/1.1", "Range: bytes=-1-9,x"), {200}),
    "an unknown coding asked for": (request("GET / HTTP/1.1", "Accept-Encoding: ;q=\xff"), {200}),
    "a line of a megabyte": (request(f"GET /{MEGABYTE * 'x'} HTTP/1.1"), {0, 400}),
    "a header of a megabyte": (request("GET / HTTP/1.1", f"X: {MEGABYTE * 'x'}"), {0, 400}),
    "ten thousand headers": (request("GET / HTTP/1.1", *(10_000 * ["X: y"])), {0, 400}),
    "a line a little too long": (request(f"GET /{9000 * 'x'} HTTP/1.1"), {400}),
    "a header a little too long": (request("GET / HTTP/1.1", f"X: {9000 * 'x'}"), {400}),
    "a few headers too many": (request("GET / HTTP/1.1", *(140 * ["X: y"])), {400}),
    "nonsense behind a good one": (
        b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n\x00\x00 nonsense\r\n\r\n",
        {400, 404},
    ),
    "a good one": (request("GET /healthz HTTP/1.1"), {200}),
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page without a broker."""
    environment = {"MAGWATCH_BROKER": f"127.0.0.1:{free_port()}"}
    with page(environment, tmp_path_factory.mktemp("page")) as running:
        yield running


def connected(served: Page, seconds: float = PATIENCE_S) -> socket.socket:
    port = int(served.url.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), timeout=seconds)


def ask(served: Page, data: bytes) -> Answer:
    """Send bytes, and read until the server has ended the connection."""
    received = b""
    with closing(connected(served)) as line:
        try:
            line.sendall(data)
            while part := line.recv(65536):
                received += part
        except ConnectionError:  # it had no wish to read all of it
            pass
    return parsed(received)


def parsed(received: bytes) -> Answer:
    head, _, body = received.partition(b"\r\n\r\n")
    if not head:
        return Answer(0, {}, b"")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): text.strip() for name, _, text in (x.partition(":") for x in lines)}
    return Answer(int(first.split()[1]), headers, body)


@pytest.mark.parametrize("name", MALFORMED)
def test_it_gets_a_proper_answer(served: Page, name: str) -> None:
    data, statuses = MALFORMED[name]
    answer = ask(served, data)
    assert answer.status in statuses, answer
    if answer.status >= 200:
        assert "default-src 'none'" in answer.headers[POLICY]
        assert answer.headers[NOSNIFF] == "nosniff"
        assert answer.headers["server"] == "magwatch"
    if answer.status >= 400:
        assert b"Traceback" not in answer.body
        assert len(answer.body.splitlines()) <= 1


def test_who_hangs_up_early_is_no_fault(served: Page) -> None:
    good = request("GET /static/vendor/world.js HTTP/1.1")
    for end in range(0, len(good), 3):
        with closing(connected(served)) as line:
            line.sendall(good[:end])
    for path in ("/events", "/api/snapshot", "/static/vendor/world.js"):
        line = connected(served)
        line.sendall(request(f"GET {path} HTTP/1.1"))
        line.recv(10)
        # the connection is reset, as by a machine that is switched off
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        line.close()
    assert answered(served.url + "/healthz") == b"broker\n"


@contextmanager
def slow_ones(served: Page, count: int) -> Iterator[None]:
    """Connections, each with half a request."""
    with ExitStack() as held:
        for _ in range(count):
            line = held.enter_context(connected(served))
            line.sendall(b"GET / HTTP/1.1\r\nHost: local")
        yield


def test_hundreds_of_slow_ones_keep_nobody_out(served: Page) -> None:
    with slow_ones(served, 600):
        began_s = time.monotonic()
        assert answered(served.url + "/healthz") == b"broker\n"
        assert time.monotonic() - began_s < 1
        descriptors = len(list(Path(f"/proc/{served.process.pid}/fd").iterdir()))
        assert descriptors < 400


def test_nor_where_there_are_few_descriptors(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as running:
        resource.setrlimit(resource.RLIMIT_NOFILE, (160, hard))
        try:
            environment = {"MAGWATCH_BROKER": f"127.0.0.1:{free_port()}"}
            few = running.enter_context(page(environment, tmp_path))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        with slow_ones(few, 300):
            assert answered(few.url + "/healthz") == b"broker\n"
        assert "Traceback" not in few.log.read_text()


def test_many_at_once_are_answered(served: Page) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda entry: ask(served, entry[0]), list(MALFORMED.values()) * 3))
    assert len(answers) == 3 * len(MALFORMED)
    assert answered(served.url + "/healthz") == b"broker\n"


def test_none_of_it_is_in_the_log(served: Page) -> None:
    """The last test of the file."""
    text = served.log.read_text()
    assert "Traceback" not in text
    broker = ("aiokafka", "waiting for the broker")
    unexpected = [line for line in text.splitlines() if not any(word in line for word in broker)]
    assert len(unexpected) <= 4, unexpected
