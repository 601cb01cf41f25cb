"""A local server that answers as the USGS's summary feed and FDSN event service do.

Shapes after the services' documentation, not recorded from them.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from geofield.utc import DAY_MS, time_ms

MOST = 20_000


@dataclass
class Quake:
    """An event as the USGS has it now."""

    ids: list[str]
    time_ms: int
    updated_ms: int
    magnitude: float | None = 6.0
    status: str = "automatic"
    kind: str = "earthquake"

    def feature(self) -> dict[str, object]:
        return {
            "type": "Feature",
            "id": self.ids[0],
            "properties": {
                "mag": self.magnitude,
                "place": "10 km S of somewhere",
                "time": self.time_ms,
                "updated": self.updated_ms,
                "status": self.status,
                "ids": f",{','.join(self.ids)},",
                "magType": "mww",
                "type": self.kind,
            },
            "geometry": {"type": "Point", "coordinates": [-99.5, 17.25, 35.0]},
        }


@dataclass
class Usgs:
    """The service: its events, its clock, and what it was asked."""

    now_ms: int
    quakes: list[Quake] = field(default_factory=list)
    asked: list[web.Request] = field(default_factory=list)
    failing: list[web.Response] = field(default_factory=list)  # come first, each once
    url: str = ""

    def summary(self, request: web.Request) -> web.Response:
        """The last day, without what was deleted; 304 if it is as it was."""
        shown = [
            quake.feature()
            for quake in self.quakes
            if quake.time_ms > self.now_ms - DAY_MS and quake.status != "deleted"
        ]
        etag = f'"{hash(json.dumps(shown))}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        return web.json_response(_collection(shown), headers={"ETag": etag})

    def query(self, request: web.Request) -> web.Response:
        """What changed; no data is 204, too many events without a limit is 400."""
        asked = request.query
        assert "starttime" in asked  # without it the service takes the last 30 days
        chosen = [
            quake
            for quake in sorted(self.quakes, key=lambda quake: quake.time_ms)
            if quake.time_ms >= time_ms(asked["starttime"])
            and quake.updated_ms > time_ms(asked["updatedafter"])
            and (quake.status != "deleted" or asked.get("includedeleted") == "true")
            and (quake.magnitude is None or quake.magnitude >= float(asked["minmagnitude"]))
        ]
        first, limit = int(asked.get("offset", 1)) - 1, int(asked.get("limit", 0))
        if not limit and len(chosen) > MOST:
            return web.Response(status=400, text=f"{len(chosen)} matching events exceeds {MOST}")
        chosen = chosen[first : first + limit] if limit else chosen
        if not chosen:
            return web.Response(status=204)
        return web.json_response(_collection([quake.feature() for quake in chosen]))


def _collection(features: list[dict[str, object]]) -> dict[str, object]:
    return {"type": "FeatureCollection", "metadata": {"status": 200}, "features": features}


@asynccontextmanager
async def serving(usgs: Usgs) -> AsyncIterator[Usgs]:
    """The service on a port of this machine."""

    async def handle(request: web.Request) -> web.Response:
        usgs.asked.append(request)
        if usgs.failing:
            return usgs.failing.pop(0)
        return usgs.summary(request) if request.path == "/summary" else usgs.query(request)

    application = web.Application()
    application.router.add_get("/summary", handle)
    application.router.add_get("/query", handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    usgs.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield usgs
    finally:
        await runner.cleanup()
