"""The stations as a table for the terminal: `magwatch status`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from rich.live import Live
from rich.table import Table

from geofield.utc import utc
from monitor.assembly import assemble
from monitor.dashboard.board import Board
from monitor.dashboard.feed import Feed
from monitor.dashboard.serve import new_board
from monitor.dashboard.station import StationView
from monitor.kafka.topics import require_topics
from monitor.logs import configure_logs
from monitor.settings import Settings
from monitor.stopping import cancel_and_wait, until_stopped
from support.clock import now_ms
from support.table import plain_table, print_table

READ_S = 0.1  # between looks whether the last hour has been read
REDRAW_S = 1.0
HOURS = 1.0  # of samples and scores that are read
WORDS = ("station", "state", "newest sample", "alert", "false alerts")
FIGURES = ("age", "latency", "score", "threshold")


def show_status(settings: Settings, *, watch: bool) -> None:
    """Print the stations of the last hour, once or until SIGTERM or Ctrl-C.

    Raises
    ------
    Refused
        If no broker answers, or a topic is missing.
    """
    require_topics(settings, "samples", "scores", "alerts")
    configure_logs(settings)
    settings = settings.model_copy(update={"dashboard_hours": HOURS})
    asyncio.run(until_stopped(_show(settings, watch=watch)))


async def _show(settings: Settings, *, watch: bool) -> None:
    assembly = assemble(settings)
    board = new_board(settings, assembly)
    feed = Feed(settings, assembly.accepts, board, now_ms)
    async with _following(feed):
        while feed.status.kind != "live":
            await asyncio.sleep(READ_S)
        if not watch:
            print_table(_table(board, now_ms))
            return
        with Live(auto_refresh=False, screen=False) as live:
            while True:
                live.update(_table(board, now_ms), refresh=True)
                await asyncio.sleep(REDRAW_S)


@asynccontextmanager
async def _following(feed: Feed) -> AsyncIterator[None]:
    following = asyncio.create_task(feed.follow())
    try:
        yield
    finally:
        await cancel_and_wait([following])


def _table(board: Board, clock_ms: Callable[[], int]) -> Table:
    at_ms = clock_ms()
    board.changes(at_ms)  # notices stations that fell silent
    return table(board.everything(at_ms).stations, at_ms)


def table(stations: Sequence[StationView], at_ms: int) -> Table:
    """A row for each station at a time, in order of the codes."""
    shown = plain_table(WORDS, FIGURES)
    for view in stations:
        shown.add_row(
            view.code,
            "unscored" if view.unscored else view.state.value,
            utc(view.newest_ms // 1000 * 1000) if view.newest_ms is not None else "-",
            view.alert_id or "-",
            view.promise or "-",
            _seconds(view.newest_ms, at_ms),
            _seconds(view.newest_ms, view.received_ms),
            _figure(view.score),
            _figure(view.threshold),
        )
    return shown


def _seconds(since_ms: int | None, until_ms: int | None) -> str:
    if since_ms is None or until_ms is None:
        return "-"
    return f"{(until_ms - since_ms) / 1000:,.1f} s"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
