"""The network of stations, read from the score topics and so including other workers' scores.

Each model has its own network, built from its scores in charge and in shadow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

import msgspec
from aiokafka import ConsumerRecord

from geofield.alerts.remote_reference import Seen, StationNetwork, mark
from geofield.utc import DAY_MS, moment_ms
from monitor.kafka.follower import Follower
from monitor.kafka.guard import Guard
from monitor.kafka.topics import SCORE_TOPICS
from monitor.settings import Settings

# A worker reads back so far before its start: unclassified alerts are seldom older.
LOOK_BACK_MS = 2 * DAY_MS
MOST_FUTURE_MS = 3_600_000  # of the broker's time: a window of next year would displace all others


class _Model(msgspec.Struct, frozen=True):
    sha256: str


class _RemoteScore(msgspec.Struct, frozen=True):
    """The fields of a score record that the network needs."""

    station: str
    window_end: datetime
    model: _Model
    rmse: float | None
    threshold: float | None
    trouble: list[msgspec.Raw] = []


_decoder = msgspec.json.Decoder(_RemoteScore)


class ScoreReader:
    """Keeps the network up to date; `follow` runs for ever, see `Follower`.

    Follows the topics only once there are stations to compare. Otherwise a worker would only read
    back its own scores.
    """

    def __init__(
        self,
        settings: Settings,
        empty: StationNetwork,
        model_sha256: str,
        on_refused: Callable[[], object] = lambda: None,
    ) -> None:
        since_ms = max(empty.since_ms - LOOK_BACK_MS, 0)
        follower = Follower(settings, SCORE_TOPICS, self._take, since_ms)
        self._follower, self.caught_up = follower, follower.caught_up
        self._model_sha256 = model_sha256
        self._guard = Guard("score", on_refused)
        self._needed = asyncio.Event()  # set once there are stations to compare
        self.network = empty  # replaced with new windows and stations
        self.place(empty)

    def place(self, network: StationNetwork) -> None:
        """Compare the stations that `network` compares."""
        self.network = replace(self.network, distant=network.distant, joined_ms=network.joined_ms)
        if network.distant and not self._needed.is_set():
            self.caught_up.clear()
            self._needed.set()

    async def follow(self) -> None:
        """Read the scores of all windows for ever."""
        if not self._needed.is_set():
            self.caught_up.set()
        await self._needed.wait()
        await self._follower.follow()

    def _take(self, records: Iterable[ConsumerRecord]) -> None:
        seen = [window for window in self._guard(records, self._seen) if window is not None]
        if seen:
            self.network = self.network.with_windows(seen)

    def _seen(self, record: ConsumerRecord) -> Seen | None:
        score = _decoder.decode(record.value or b"")
        if score.model.sha256 != self._model_sha256:
            return None
        end_ms = moment_ms(score.window_end)
        if end_ms > record.timestamp + MOST_FUTURE_MS and record.timestamp >= 0:
            raise ValueError(f"window_end {score.window_end} is in the future")
        return Seen(
            score.station,
            end_ms,
            mark(score.rmse, score.threshold, faulty=bool(score.trouble)),
            record.timestamp,
        )
