"""Servers that answer as the USGS and Edinburgh do, after what was recorded of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import isnan

import numpy as np
from aiohttp import web

from archive.recording import Recording
from geofield.utc import DAY_MS, time_ms, utc

Reply = Callable[[web.Request], web.StreamResponse]


def nulls(values: list[float]) -> list[float | None]:
    return [None if isnan(value) else round(value, 3) for value in values]


def column(recording: Recording, name: str, start_ms: int, end_ms: int) -> list[float | None]:
    """Values of a span, null where there is nothing, as of the future."""
    length = (end_ms - start_ms) // recording.cadence_ms
    values = np.full(length, np.nan)
    part = recording.between(start_ms, end_ms)
    begin = (part.start_ms - start_ms) // recording.cadence_ms
    if len(part):
        values[begin : begin + len(part)] = part.elements[name]
    return nulls(values.tolist())


def usgs(recordings: Mapping[str, Recording]) -> Reply:
    """`/ws/data/` in JSON: D in minutes of arc, the future as null, errors with status 400."""

    def reply(request: web.Request) -> web.StreamResponse:
        asked = request.query
        if asked["id"] not in recordings or "type" not in asked:
            said = {"metadata": {"status": 400, "error": f"Bad observatory id {asked['id']}"}}
            return web.json_response(said, status=400)
        recording = recordings[asked["id"]]
        cadence_ms = int(asked["sampling_period"]) * 1000
        start_ms, end_ms = time_ms(asked["starttime"]), time_ms(asked["endtime"]) + cadence_ms
        times = range(start_ms, end_ms, cadence_ms)
        assert len(times) * len(asked["elements"].split(",")) <= 144_000
        values = [
            {"id": name, "values": column(recording, name, start_ms, end_ms)}
            for name in asked["elements"].split(",")
        ]
        imo = {"iaga_code": asked["id"], "coordinates": [254.8, 40.1, 1682]}
        head = {"intermagnet": {"imo": imo, "reported_orientation": "HDZF"}}
        return web.json_response(
            {"metadata": head, "times": [utc(at) for at in times], "values": values},
            headers={"Cache-Control": "max-age=60"},
        )

    return reply


def gin(recordings: Mapping[str, Recording], embargoed: str = "") -> Reply:
    """`GetData` of one whole day, as JSON or IAGA-2002."""

    def reply(request: web.Request) -> web.StreamResponse:
        asked = request.query
        assert asked["Request"] == "GetData"
        assert asked["dataDuration"] == "1"
        code = asked["observatoryIagaCode"]
        start_ms = time_ms(asked["dataStartDate"])
        recording = recordings[code]
        columns = {
            name: column(recording, name, start_ms, start_ms + DAY_MS) for name in ("X", "Y", "Z")
        }
        if code == embargoed:
            columns = {name: [None] * len(values) for name, values in columns.items()}
        times = [
            utc(start_ms + n * recording.cadence_ms) for n in range(DAY_MS // recording.cadence_ms)
        ]
        if asked["format"] == "iaga2002":
            return web.Response(text=_iaga2002(code, times, columns))
        info = {"iaga_code": code, "embargo_applied": code == embargoed}
        return web.json_response(
            {"datetime": times, "S": [None] * len(times), **columns, "@info": info}
        )

    return reply


def iaga2002(recording: Recording) -> str:
    """A recording of X, Y, Z as a file."""
    times = [utc(recording.start_ms + n * recording.cadence_ms) for n in range(len(recording))]
    columns = {name: nulls(values.tolist()) for name, values in recording.elements.items()}
    return _iaga2002(recording.station, times, columns)


def _iaga2002(code: str, times: list[str], columns: Mapping[str, list[float | None]]) -> str:
    head = [
        (" Format", "IAGA-2002"),
        (" Source of Data", "Synthetic"),
        (" IAGA CODE", code),
        (" Reported", "XYZF"),
    ]
    lines = [f"{name:<24}{text:<45}|" for name, text in head]
    names = "".join(f"{code}{name}".ljust(10) for name in "XYZF")
    lines.append(f"DATE       TIME         DOY     {names}".ljust(69) + "|")
    for number, at in enumerate(times):
        day = (time_ms(at) - time_ms(f"{at[:4]}-01-01")) // DAY_MS + 1
        values = [columns[name][number] for name in "XYZ"]
        shown = "".join(f"{99_999.0 if value is None else value:10.2f}" for value in values)
        lines.append(f"{at[:10]} {at[11:19]}.000 {day:03}    {shown}  88888.00")
    return "\n".join(lines) + "\n"


@dataclass
class WebServer:
    """A server; `replies` come first, each once, then `usual`."""

    usual: Reply
    replies: list[Reply] = field(default_factory=list)
    asked: list[web.Request] = field(default_factory=list)
    url: str = ""

    def days(self) -> list[str]:
        """Days that were asked for."""
        return [request.query["dataStartDate"] for request in self.asked]


@asynccontextmanager
async def serving(server: WebServer) -> AsyncIterator[WebServer]:
    """The server on a port of this machine."""

    async def handle(request: web.Request) -> web.StreamResponse:
        server.asked.append(request)
        return (server.replies.pop(0) if server.replies else server.usual)(request)

    application = web.Application()
    application.router.add_get("/data", handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/data"
    try:
        yield server
    finally:
        await runner.cleanup()


def page(_: web.Request) -> web.StreamResponse:
    """A login page with status 200."""
    return web.Response(text="<!DOCTYPE html><p>Please log in", content_type="text/html")


def status(number: int, **headers: str) -> Reply:
    return lambda _: web.Response(
        status=number, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


def half(whole: Reply) -> Reply:
    """Half of an answer, with a length that says so."""

    def reply(request: web.Request) -> web.StreamResponse:
        answer = whole(request)
        assert isinstance(answer, web.Response)
        body = answer.body if isinstance(answer.body, bytes) else b""
        return web.Response(body=body[: len(body) // 2], content_type="application/json")

    return reply
