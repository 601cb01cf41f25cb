"""A page of many stations in every state: the real server in a thread, its board filled by hand."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import msgspec
import numpy as np
from aiohttp.test_utils import TestServer

from archive.model import Model
from geofield.calibration.versions import Versions
from geofield.utc import HOUR_MS
from monitor.dashboard.board import Board
from monitor.dashboard.feed import FeedStatus, UnshownRecords
from monitor.dashboard.hub import Hub
from monitor.dashboard.past.folder import open_history
from monitor.dashboard.server import Show, application
from monitor.dashboard.showable import RefusedRecord, SourceView
from monitor.dashboard.station import State
from monitor.dashboard.station_file import ListedStation
from tests.monitor.dashboard.builders import NOW_MS, WINDOW, alert, limits, samples, score

COUNTS = {
    State.ALERT: 5, State.OVER: 3, State.UNSCORED: 8, State.SOURCE_SILENT: 2, State.SILENT: 10,
    State.HELD_BACK: 3, State.REFUSED: 4, State.INSUFFICIENT: 4, State.CALIBRATING: 12,
    State.WAITING: 3, State.OK: 66,
}  # fmt: skip
TOGETHER = 3  # stations at one place, which no map can part


def codes(count: int) -> list[str]:
    """Station codes in an order that has nothing to do with the alphabet."""
    made = ["".join(letters) for letters in product("QAZWS", "XEDCR", "FVTGB")][:count]
    assert len(made) == count
    return made


def places(count: int, seed: int = 7) -> list[tuple[float, float]]:
    """Half of them in Europe, the others to the edges of the map, the last ones at one place."""
    random = np.random.default_rng(seed)
    europe = random.uniform((36, -10), (68, 35), (count // 2, 2))
    world = random.uniform((-85, -180), (85, 180), (count - count // 2 - TOGETHER, 2))
    world[0] = (-89.9, -179.9)
    return [*map(tuple, np.concatenate([europe, world]).tolist()), *TOGETHER * [(47.93, 15.87)]]


def network() -> Board:
    """A board with a station for each of `COUNTS`."""
    states = [state for state, count in COUNTS.items() for _ in range(count)]
    named = codes(len(states))
    # every state everywhere on the map
    where = dict(
        zip(np.random.default_rng(3).permutation(named).tolist(), places(len(named)), strict=True)
    )
    listed = {code: ListedStation(where[code], f"Observatory {code[::-1]}") for code in named}
    board = Board(WINDOW, limits(hours=1.0, stations=len(named)), listed, ())
    board.live_since_ms = NOW_MS - HOUR_MS
    for code, state in zip(named, states, strict=True):
        bring_to(board, code, state)
    board.changes(NOW_MS - 60_000)  # since when windows are due
    return board


def bring_to(board: Board, code: str, state: State) -> None:
    """Records that bring a station of which nothing is known to a state."""
    if state == State.REFUSED:
        board.take_refusal(RefusedRecord(code, "bad-cadence", "cadence PT1M is not 1 s"), NOW_MS)
        return
    received_ms = NOW_MS - HOUR_MS if state == State.SILENT else NOW_MS
    seconds = 30 if state == State.WAITING else 900
    for start_ms in (NOW_MS - 2 * seconds * 1000, NOW_MS - seconds * 1000):  # one alone waits
        board.take_samples(samples(code, start_ms, seconds), received_ms)
    if state == State.SOURCE_SILENT:
        board.take_source(code, SourceView(code, NOW_MS - HOUR_MS, "cannot connect"), NOW_MS)
    if state == State.HELD_BACK:
        board.take_future(samples(code, NOW_MS + HOUR_MS), NOW_MS, dated_by_broker=True)
    for number in range(-20, 1 if state not in {State.UNSCORED, State.WAITING} else -20):
        board.take_score(score(code, number, *of_window(state, last=number == 0)))
    if state == State.ALERT:
        board.take_alert(alert(code, name=f"alert of {code}", classification="local"))


def of_window(state: State, *, last: bool) -> tuple[float | None, str]:
    """Score and quality of a window."""
    if state in {State.CALIBRATING, State.INSUFFICIENT}:
        return None, state.value
    return (4.0 if last and state in {State.OVER, State.ALERT} else 0.5), "ok"


@dataclass
class Served:
    """A running server."""

    url: str
    loop: asyncio.AbstractEventLoop
    board: Board
    hub: Hub

    def change(self, act: Callable[[Board], None]) -> None:
        """Change the board and tell the pages, as `monitor.dashboard.serve` does."""
        asyncio.run_coroutine_threadsafe(self._change(act), self.loop).result(20)

    async def _change(self, act: Callable[[Board], None]) -> None:
        act(self.board)
        await self.hub.publish("changes", msgspec.json.encode(self.board.changes(NOW_MS)))


@contextmanager
def served(
    board: Board,
    model: Model,
    history: Path | None = None,
    profiles: Mapping[str, Versions] | None = None,
) -> Iterator[Served]:
    """A server of this board and history; ended at the end of the block."""
    hub, loop = Hub(), asyncio.new_event_loop()
    show = Show(
        board=board,
        hub=hub,
        model=model,
        profiles=profiles or {},
        status=lambda: FeedStatus("live"),
        left_out=lambda: UnshownRecords(0, ""),
        now_ms=lambda: NOW_MS,
        history=None if history is None else open_history(history),
    )
    server = TestServer(application(show, "127.0.0.1"), loop=loop)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start_server(), loop).result(20)
        yield Served(f"http://127.0.0.1:{server.port}", loop, board, hub)
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()


def worst_first(states: Sequence[tuple[str, str]]) -> list[str]:
    """Codes of (code, state) in the order in which the list has to show them."""
    order = [state.value for state in State]
    return [code for code, _ in sorted(states, key=lambda one: (order.index(one[1]), one[0]))]
