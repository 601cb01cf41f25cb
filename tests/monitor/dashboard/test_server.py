"""The server as a browser meets it: real HTTP on a real port, a board filled by hand."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from aiohttp import ClientSession, ClientTimeout
from aiohttp.test_utils import TestServer

from archive.model import Model, default_model_path, load_model
from geofield.utc import HOUR_MS
from monitor.dashboard.board import Board
from monitor.dashboard.feed import FeedStatus, UnshownRecords
from monitor.dashboard.hub import Hub
from monitor.dashboard.server import Show, application
from tests.monitor.dashboard.builders import NOW_MS, alert, board, samples, score

PATIENCE = ClientTimeout(total=10)
Scene = Callable[["Visit"], Awaitable[None]]


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(default_model_path())


class Visit:
    """A visitor of one running server."""

    def __init__(self, session: ClientSession, server: TestServer, shown: Board, hub: Hub) -> None:
        self.session, self.server, self.board, self.hub = session, server, shown, hub

    async def get(self, path: str, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body as they came over the line."""
        url = f"http://127.0.0.1:{self.server.port}{path}"
        async with self.session.get(url, headers=headers, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, await answer.read()

    async def json(self, path: str) -> Any:
        status, headers, body = await self.get(path)
        assert status == 200, body
        if headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        return json.loads(body)


def visit(model: Model, scene: Scene, host: str = "127.0.0.1") -> None:
    """Play a scene against a server with one station and one alert."""

    async def play() -> None:
        shown, hub = board(), Hub(most_events=3)
        shown.take_samples(samples("WIC", NOW_MS - HOUR_MS, 3600), NOW_MS)
        shown.take_score(score("WIC"))
        shown.take_alert(alert())
        show = Show(
            board=shown,
            hub=hub,
            model=model,
            profiles={},
            status=lambda: FeedStatus("live"),
            left_out=lambda: UnshownRecords(3, "alerts: start is no time"),
            now_ms=lambda: NOW_MS,
        )
        server = TestServer(application(show, host))
        async with server, ClientSession(auto_decompress=False) as session:
            await scene(Visit(session, server, shown, hub))

    asyncio.run(play())


def test_every_answer_forbids_what_is_not_ours(model: Model) -> None:
    async def scene(visitor: Visit) -> None:
        paths = ["/", "/static/page.js", "/static/none.js", "/nowhere", "/api/snapshot", "/healthz"]
        for path in paths:
            _, headers, _ = await visitor.get(path)
            policy = headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self'" in policy
            assert "unsafe" not in policy
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Server"] == "magwatch"

    visit(model, scene)


def test_the_page_asks_nothing_of_anybody_else(model: Model) -> None:
    async def scene(visitor: Visit) -> None:
        _, _, body = await visitor.get("/", **{"Accept-Encoding": "identity"})
        page = body.decode()
        assert "http" not in page.replace("http-equiv", "")
        assert "<script>" not in page
        assert " style=" not in page
        assert "does not predict earthquakes" in page

    visit(model, scene)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server.py",
        "/static/%2e%2e/server.py",
        "/static/..%2fserver.py",
        "/static//etc/passwd",
        "/static/vendor/../../feed.py",
        "/static/",
        "/static/README.md",
        "/static/vendor/README.md",
    ],
)
def test_only_the_files_of_the_page_are_served(model: Model, path: str) -> None:
    async def scene(visitor: Visit) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", visitor.server.port)
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 404")
        assert b"import" not in answer

    visit(model, scene)


def test_a_name_that_is_not_ours_is_refused_on_localhost_alone(model: Model) -> None:
    async def local(visitor: Visit) -> None:
        for name, status in (("localhost:1", 200), ("[::1]", 200), ("evil.example", 403)):
            assert (await visitor.get("/api/snapshot", Host=name))[0] == status

    async def elsewhere(visitor: Visit) -> None:
        assert (await visitor.get("/api/snapshot", Host="magwatch.example"))[0] == 200

    visit(model, local)
    visit(model, elsewhere, host="0.0.0.0")  # noqa: S104 - told to the middleware, not bound


def test_files_are_compressed_and_asked_for_once(model: Model) -> None:
    async def scene(visitor: Visit) -> None:
        path = "/static/vendor/world.js"
        plain = (await visitor.get(path, **{"Accept-Encoding": "identity"}))[2]
        status, headers, body = await visitor.get(path, **{"Accept-Encoding": "gzip"})
        assert (status, headers["Content-Encoding"]) == (200, "gzip")
        assert gzip.decompress(body) == plain
        assert len(body) < len(plain) / 2
        again = await visitor.get(path, **{"If-None-Match": headers["ETag"]})
        assert (again[0], again[2]) == (304, b"")

    visit(model, scene)


def test_the_snapshot_is_everything_and_is_compressed(model: Model) -> None:
    async def scene(visitor: Visit) -> None:
        snapshot = await visitor.json("/api/snapshot")
        (station,) = snapshot["everything"]["stations"]
        assert (station["code"], station["state"], station["alert_id"]) == ("WIC", "alert", "a1")
        assert snapshot["everything"]["alerts"][0]["skill"] == "no skill shown"
        assert snapshot["left_out"] == {"count": 3, "newest": "alerts: start is no time"}
        assert snapshot["model"]["skill"].startswith("no skill shown")
        assert snapshot["model"]["headline"].startswith("What an operator gets")
        assert snapshot["event_id"] == visitor.hub.id_of(0)
        for code in ("AAA", "BBB", "CCC"):
            visitor.board.take_samples(samples(code), NOW_MS)
        _, headers, body = await visitor.get("/api/snapshot")
        assert headers["Content-Encoding"] == "gzip"
        assert json.loads(gzip.decompress(body))["now_ms"] == NOW_MS

    visit(model, scene)


def test_a_trace_and_a_reconstruction_are_served(model: Model) -> None:
    async def scene(visitor: Visit) -> None:
        query = "?span_ms=1800000&pixels=100"
        trace = await visitor.json(f"/api/stations/WIC/trace{query}")
        assert trace["end_ms"] == NOW_MS
        assert trace["columns"] == 18
        assert len(trace["field"]["H"]["nt"]) == len(trace["field"]["H"]["at"]) <= 202
        drawn = await visitor.json("/api/stations/WIC/reconstruction")
        assert len(drawn["time_ms"]) == len(drawn["filtered_nt"]["Z"]) > 0
        earlier = await visitor.json(f"/api/stations/WIC/trace{query}&end_ms={NOW_MS - 600_000}")
        assert earlier["end_ms"] == NOW_MS - 600_000

    visit(model, scene)


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/api/stations/XXX/trace", 404, "no such station"),
        ("/api/stations/WIC/trace?span_ms=long", 400, "span_ms must be a whole number"),
        ("/api/stations/WIC/trace?pixels=-5", 400, "pixels must be a whole number"),
        ("/api/stations/WIC/trace?end_ms=" + "9" * 40, 400, "end_ms must be a whole number"),
        ("/api/nothing", 404, "Not Found"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_a_line(
    model: Model, path: str, status: int, reason: str
) -> None:
    async def scene(visitor: Visit) -> None:
        found, _, body = await visitor.get(path)
        assert found == status
        assert json.loads(body) == {"error": reason}

    visit(model, scene)


def test_nothing_can_be_sent_to_it(model: Model) -> None:
    async def scene(visitor: Visit) -> None:
        url = f"http://127.0.0.1:{visitor.server.port}/api/snapshot"
        async with visitor.session.post(url, data=b"x") as answer:
            assert answer.status == 405

    visit(model, scene)


async def events(visitor: Visit, count: int, query: str = "", **headers: str) -> list[str]:
    """The first events of a stream, each with its lines."""
    url = f"http://127.0.0.1:{visitor.server.port}/events{query}"
    async with visitor.session.get(url, headers=headers, timeout=PATIENCE) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        return [(await answer.content.readuntil(b"\n\n")).decode() for _ in range(count)]


def test_events_go_on_where_the_line_broke(model: Model) -> None:
    async def scene(visitor: Visit) -> None:
        for number in range(2):
            await visitor.hub.publish("changes", b"%d" % number)
        first, second = await events(visitor, 2, f"?after={visitor.hub.id_of(0)}")
        assert first.endswith("event: changes\ndata: 0\n\n")
        event_id = first.splitlines()[0].removeprefix("id: ")
        # the browser's header counts for more than the address that it first asked
        again = await events(visitor, 1, "?after=none", **{"Last-Event-ID": event_id})
        assert again == [second]

    visit(model, scene)


def test_who_missed_too_much_is_told_to_begin_again(model: Model) -> None:
    async def scene(visitor: Visit) -> None:
        for number in range(9):
            await visitor.hub.publish("changes", b"%d" % number)
        for query in ("", "?after=other-3", f"?after={visitor.hub.id_of(2)}"):
            reset, beat = await events(visitor, 2, query)
            assert "event: reset\n" in reset
            assert f"id: {visitor.hub.id_of(9)}\n" in reset
            assert beat == f'event: beat\ndata: {{"now_ms":{NOW_MS}}}\n\n'

    visit(model, scene)
