"""Web application of the page: files, snapshots as JSON, changes as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec
from aiohttp import web
from msgspec import UNSET, UnsetType

from archive.model import Model
from geofield.calibration.versions import Versions, version_at
from geofield.utc import HOUR_MS
from monitor.dashboard.answers import (
    HEADERS,
    Refusal,
    answers,
    asset_answer,
    json_answer,
    whole_number,
)
from monitor.dashboard.assets import Asset, load_assets
from monitor.dashboard.board import Board, Changes
from monitor.dashboard.feed import FeedStatus, UnshownRecords
from monitor.dashboard.hub import Hub, Missed, encode
from monitor.dashboard.models import ONE_MODEL, ShownModels
from monitor.dashboard.past.folder import HistoryFolder
from monitor.dashboard.past.models import PastModel, PastModels
from monitor.dashboard.past.site import past_routes
from monitor.dashboard.places import Places, client_of
from monitor.dashboard.station import Station
from monitor.dashboard.traces import reconstruction, station_trace, under_the_last_windows

BEAT_S = 5.0
FAREWELL_S = 1.0
MAX_PAGES = 64
PIXELS = (50, 4000)


class ModelView(msgspec.Struct, frozen=True):
    """The model; `skill` and `headline`, both of its manifest, are at the bottom of the page."""

    name: str
    version: str
    sha256: str
    skill: str
    headline: str
    band_hz: tuple[float, float]


class Snapshot(msgspec.Struct, frozen=True):
    """Everything that a page needs at its start; events after `event_id` update it."""

    event_id: str
    now_ms: int
    status: FeedStatus
    left_out: UnshownRecords
    hours: float
    model: ModelView
    everything: Changes
    models: dict[str, ModelView] | UnsetType = UNSET  # where there are several, by name
    past: bool = False  # whether days and alerts of a history can be asked for


@dataclass(frozen=True, slots=True)
class Show:
    """The data to show, and functions for the time and the state of the connection."""

    board: Board
    hub: Hub
    model: Model
    profiles: Mapping[str, Versions]
    status: Callable[[], FeedStatus]
    left_out: Callable[[], UnshownRecords]
    now_ms: Callable[[], int]
    models: ShownModels = ONE_MODEL
    history: HistoryFolder | None = None
    model_turn: asyncio.Lock = field(default_factory=asyncio.Lock)  # held to run the model


def application(show: Show, host: str) -> web.Application:
    """The application for a server at `host`; a loopback address answers only its own names."""
    site = _Site(show, load_assets())
    app = web.Application(middlewares=[answers(host)])
    app.add_routes(
        [
            web.get("/", site.index),
            web.get("/healthz", site.health),
            web.get("/static/{name:.+}", site.asset),
            web.get("/api/snapshot", site.snapshot),
            web.get("/api/stations/{code}/trace", site.trace),
            web.get("/api/stations/{code}/reconstruction", site.reconstruction),
            web.get("/events", site.events, allow_head=False),
        ]
    )
    if show.history is not None:
        is_live = show.board.alerts.__contains__
        app.add_routes(past_routes(show.history, _past_models(show), is_live))
    return app


def _past_models(show: Show) -> PastModels:
    several = show.models.by_name.values()
    found = [PastModel(one.model, one.rules.profiles) for one in several]
    found = found or [PastModel(show.model, show.profiles)]
    return {one.model.ref.sha256: one for one in found}


class _Site:
    def __init__(self, show: Show, assets: Mapping[str, Asset]) -> None:
        self._show, self._assets = show, assets
        self._pages = Places[asyncio.Timeout](MAX_PAGES)

    async def index(self, request: web.Request) -> web.Response:
        return asset_answer(request, self._assets["index.html"])

    async def asset(self, request: web.Request) -> web.Response:
        asset = self._assets.get(request.match_info["name"])
        if asset is None:
            raise Refusal(404, "no such file")
        return asset_answer(request, asset)

    async def health(self, _: web.Request) -> web.Response:
        status = self._show.status()
        return web.Response(text=f"{status.kind}\n")

    async def snapshot(self, request: web.Request) -> web.Response:
        show = self._show
        others = {name: one.model for name, one in show.models.by_name.items()}
        now_ms = show.now_ms()
        return json_answer(
            request,
            Snapshot(
                event_id=show.hub.id_of(show.hub.number),
                now_ms=now_ms,
                status=show.status(),
                left_out=show.left_out(),
                hours=show.board.limits.hours,
                model=_view(show.model),
                everything=show.board.everything(now_ms),
                models={name: _view(model) for name, model in others.items()} or UNSET,
                past=show.history is not None,
            ),
        )

    async def trace(self, request: web.Request) -> web.Response:
        station = self._station(request)
        end_ms = self._end_ms(request, station)
        longest_ms = round(self._show.board.limits.hours * HOUR_MS)
        span_ms = whole_number(request, "span_ms", HOUR_MS, (station.field.cadence_ms, longest_ms))
        pixels = whole_number(request, "pixels", 800, PIXELS)
        return json_answer(request, station_trace(station, end_ms - span_ms, end_ms, pixels))

    async def reconstruction(self, request: web.Request) -> web.Response:
        show, station = self._show, self._station(request)
        end_ms = self._end_ms(request, station)
        versions = show.profiles.get(station.code, ())
        known = show.models.behind(station.code, end_ms)
        model, profile = known or (show.model, version_at(versions, end_ms))
        samples = under_the_last_windows(station, end_ms, model.manifest.window)
        async with show.model_turn:  # one at a time, to save processor time
            drawn = await asyncio.to_thread(reconstruction, samples, model, profile)
        return json_answer(request, drawn)

    async def events(self, request: web.Request) -> web.StreamResponse:
        known = request.headers.get("Last-Event-ID") or request.query.get("after", "")
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        page = asyncio.timeout(None)
        try:
            async with page:
                await response.prepare(request)
                displaced = self._pages.take(client_of(request.remote), page)
                if displaced is not None:
                    displaced.reschedule(0)  # at once
                await self._stream(response, self._show.hub.number_of(known))
        except TimeoutError:  # displaced by another page
            await _say_farewell(response)
        except ConnectionError:  # the page was closed
            pass
        finally:
            self._pages.leave(page)
        return response

    async def _stream(self, response: web.StreamResponse, number: int | None) -> None:
        hub, quiet = self._show.hub, True
        while True:
            try:
                event = None if number is None else hub.after(number)
            except Missed:
                number = None
            if number is None:  # the page must load a snapshot
                number = hub.number
                await response.write(encode("reset", b"{}", hub.id_of(number)))
            elif event is not None:
                number = event.number
                await response.write(encode(event.name, event.data, hub.id_of(number)))
            else:
                if quiet:
                    beat = b'{"now_ms":%d}' % self._show.now_ms()
                    await response.write(encode("beat", beat))
                quiet = not await hub.wait(number, BEAT_S)

    def _station(self, request: web.Request) -> Station:
        station = self._show.board.stations.get(request.match_info["code"])
        if station is None:
            raise Refusal(404, "no such station")
        return station

    def _end_ms(self, request: web.Request, station: Station) -> int:
        newest_ms = station.field.end_ms or self._show.now_ms()
        return whole_number(request, "end_ms", newest_ms, (0, 2**53))


def _view(model: Model) -> ModelView:
    about, manifest = model.ref, model.manifest
    band_hz = (manifest.window.low_hz, manifest.window.high_hz)
    return ModelView(
        about.name, about.version, about.sha256, about.skill, manifest.headline, band_hz
    )


async def _say_farewell(response: web.StreamResponse) -> None:
    """Tell a page that it is displaced, so that it does not reconnect by itself."""
    response.force_close()
    try:
        async with asyncio.timeout(FAREWELL_S):
            await response.write(encode("displaced", b'{"pages":%d}' % MAX_PAGES))
    except (TimeoutError, ConnectionError):
        pass  # the client does not read, or is gone
