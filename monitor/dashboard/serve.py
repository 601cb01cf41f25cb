"""Run the page until it is told to stop."""

from __future__ import annotations

import asyncio
import time
from functools import partial

import msgspec
import structlog

from geofield.calibration.versions import positions
from monitor.assembly import Assembly, assemble_all
from monitor.dashboard.board import Board
from monitor.dashboard.connections import PageRunner
from monitor.dashboard.feed import Feed
from monitor.dashboard.hub import Hub
from monitor.dashboard.models import ONE_MODEL, ShownModels, shown_models
from monitor.dashboard.past.folder import HistoryFolder, open_history
from monitor.dashboard.reviews import ReviewDesk
from monitor.dashboard.server import Show, application
from monitor.dashboard.station import Limits
from monitor.dashboard.station_file import ListedStation, read_stations
from monitor.errors import SettingsRefused
from monitor.http.connection import is_loopback
from monitor.kafka.outage import until_answered
from monitor.reviews.publishing import publish_review
from monitor.settings import Settings
from monitor.stopping import or_stop, stop_event
from support.extras import needs

TICK_S = 0.5
STOP_S = 1.0
log = structlog.get_logger("magwatch.dashboard")


def run_dashboard(settings: Settings) -> None:
    """Serve the page until SIGTERM or SIGINT; mistakes of the operator are raised as `Refused`."""
    assemblies = assemble_all(settings)
    assembly, models = assemblies[0], shown_models(assemblies)
    board = new_board(settings, assembly, models)
    history = _history(settings)
    log.info(
        "memory",
        stations=board.limits.stations,
        hours=board.limits.hours,
        field_at_most_mb=round(board.megabytes, 1),
    )
    asyncio.run(_serve(settings, assembly, board, models, history))


def new_board(settings: Settings, assembly: Assembly, models: ShownModels = ONE_MODEL) -> Board:
    """An empty board for these settings."""
    limits = Limits(
        hours=settings.dashboard_hours,
        stations=settings.dashboard_stations,
        silent_after_ms=round(settings.silent_after_s * 1000),
        takeover_ms=round(takeover_s(settings) * 1000),
        tolerance_ms=assembly.accepts.future_tolerance_ms,
    )
    profiles = assembly.rules.profiles
    known = _positions_deg(models) or positions(profiles)[0]
    listed = {code: ListedStation(position_deg) for code, position_deg in known.items()}
    if settings.stations:
        listed |= read_stations(settings.stations)
    expected = models.codes() or profiles
    return Board(assembly.rules.window, limits, listed, expected, models.windows)


def _positions_deg(models: ShownModels) -> dict[str, tuple[float, float]]:
    """Positions of the stations of several models; of two the first counts."""
    places: dict[str, tuple[float, float]] = {}
    for assembly in models.by_name.values():
        places = positions(assembly.rules.profiles)[0] | places
    return places


def takeover_s(settings: Settings) -> float:
    """Longest time until another worker takes over the stations of one that has ended, seconds.

    The broker drops the worker after its session timeout; then the others join again.
    """
    return settings.session_timeout_s + settings.rebalance_timeout_s + settings.batch_wait_s


def _history(settings: Settings) -> HistoryFolder | None:
    if settings.history is None:
        return None
    with needs("archive"):
        import pyarrow.parquet  # noqa: PLC0415, F401 - missing, it is told at the start
    return open_history(settings.history)


async def _serve(
    settings: Settings,
    assembly: Assembly,
    board: Board,
    models: ShownModels,
    history: HistoryFolder | None,
) -> None:
    feed, hub = Feed(settings, assembly.accepts, board, now_ms, models), Hub()
    show = Show(
        board=board,
        hub=hub,
        model=assembly.model,
        profiles=assembly.rules.profiles,
        status=lambda: feed.status,
        left_out=lambda: feed.left_out,
        now_ms=now_ms,
        models=models,
        desk=_desk(settings),
        history=history,
    )
    runner = PageRunner(application(show, settings.dashboard_host), STOP_S)
    with stop_event() as stop:
        await runner.setup()
        try:
            log.info("page", address=await _listen(runner, settings))
            _warn_if_open(settings.dashboard_host)
            following = asyncio.gather(_follow(settings, feed), _publish(board, feed, hub))
            await or_stop(following, stop)
        finally:
            await runner.cleanup()


def _desk(settings: Settings) -> ReviewDesk | None:
    if settings.review_token is None:
        return None
    return ReviewDesk(settings.review_token.get_secret_value(), partial(publish_review, settings))


async def _follow(settings: Settings, feed: Feed) -> None:
    await until_answered(settings)
    await feed.follow()


async def _listen(runner: PageRunner, settings: Settings) -> str:
    host, port = settings.dashboard_host, settings.dashboard_port
    try:
        await runner.listen(host, port)
    except OSError as error:
        raise SettingsRefused(
            f"MAGWATCH_DASHBOARD_PORT: cannot listen on {host}:{port} ({error.strerror}); "
            "choose another with --port"
        ) from None
    bound = runner.addresses[0]
    return f"http://{f'[{bound[0]}]' if ':' in bound[0] else bound[0]}:{bound[1]}"


def _warn_if_open(host: str) -> None:
    if not is_loopback(host):
        log.warning(
            "anyone who reaches this address sees all stations and alerts: the page asks for no "
            "password; put a proxy with one before it",
            host=host,
        )


async def _publish(board: Board, feed: Feed, hub: Hub) -> None:
    """Publish changes twice a second for ever."""
    shown: dict[str, msgspec.Struct] = {}
    while True:
        changes = board.changes(now_ms())
        if changes.stations or changes.alerts or changes.refused or changes.reviews:
            await hub.publish("changes", msgspec.json.encode(changes))
        for name, value in (("status", feed.status), ("left_out", feed.left_out)):
            if value != shown.get(name):
                shown[name] = value
                await hub.publish(name, msgspec.json.encode(value))
        await asyncio.sleep(TICK_S)


def now_ms() -> int:
    """Wall clock in ms since 1970 UTC."""
    return time.time_ns() // 1_000_000
