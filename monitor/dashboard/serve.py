"""Runs the page until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Coroutine

import msgspec
import structlog
from aiohttp import web

from monitor.assembly import Assembly, assemble
from monitor.dashboard.answers import is_loopback
from monitor.dashboard.board import Board, Limits
from monitor.dashboard.feed import Feed, Status
from monitor.dashboard.hub import Hub
from monitor.dashboard.positions import of_profiles, read_positions
from monitor.dashboard.server import Show, application
from monitor.errors import SettingsRefused
from monitor.settings import Settings

TICK_S = 0.5
STOP_S = 1.0
log = structlog.get_logger("magwatch.dashboard")


def run_dashboard(settings: Settings) -> None:
    """Blocks until SIGTERM or SIGINT; raises what the operator has to know."""
    assembly = assemble(settings)
    board = new_board(settings, assembly)
    log.info(
        "memory",
        stations=board.limits.stations,
        hours=board.limits.hours,
        field_at_most_mb=round(board.megabytes, 1),
    )
    asyncio.run(_serve(settings, assembly, board))


def new_board(settings: Settings, assembly: Assembly) -> Board:
    """An empty board for these settings."""
    limits = Limits(
        hours=settings.dashboard_hours,
        stations=settings.dashboard_stations,
        silent_after_ms=round(settings.dashboard_silent_after_s * 1000),
    )
    profiles = assembly.rules.profiles
    positions = read_positions(settings.stations) if settings.stations else {}
    return Board(assembly.rules.window, limits, of_profiles(profiles) | positions, profiles)


async def _serve(settings: Settings, assembly: Assembly, board: Board) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    feed, hub = Feed(settings, assembly.accepts, board, now_ms), Hub()
    show = Show(board, hub, assembly.model, assembly.rules.profiles, lambda: feed.status, now_ms)
    runner = web.AppRunner(
        application(show, settings.dashboard_host), access_log=None, shutdown_timeout=STOP_S
    )
    await runner.setup()
    try:
        log.info("page", address=await _listen(runner, settings))
        _warn_if_open(settings.dashboard_host)
        await _until(stop, feed.follow(), _publish(board, feed, hub))
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, settings: Settings) -> str:
    host, port = settings.dashboard_host, settings.dashboard_port
    try:
        await web.TCPSite(runner, host, port).start()
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


async def _until(stop: asyncio.Event, *work: Coroutine[None, None, None]) -> None:
    """Until the signal, or until some of the work fails, which is raised."""
    tasks: list[asyncio.Task[object]] = [asyncio.create_task(stop.wait())]
    tasks += [asyncio.create_task(part) for part in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _publish(board: Board, feed: Feed, hub: Hub) -> None:
    """Twice a second, what is new: pages need not be told of every record."""
    shown: Status | None = None
    while True:
        changes = board.changes(now_ms())
        if changes.stations or changes.alerts:
            await hub.publish("changes", msgspec.json.encode(changes))
        if feed.status != shown:
            shown = feed.status
            await hub.publish("status", msgspec.json.encode(shown))
        await asyncio.sleep(TICK_S)


def now_ms() -> int:
    """The wall clock: how fresh data are is a question about now."""
    return time.time_ns() // 1_000_000
