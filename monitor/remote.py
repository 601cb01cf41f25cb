"""The network of stations as the score topics tell it, whichever worker scored them.

Every model has a network of its own, of all its scores: those in charge and those in shadow.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
import structlog
from aiokafka import ConsumerRecord

from geofield.network import Network, Seen, mark
from monitor.following import Follower
from monitor.records import moment_ms
from monitor.settings import Settings
from monitor.topics import SCORE_TOPICS

# How long before its start a worker reads back: an alert that waits for its class is seldom older.
LOOK_BACK_MS = 2 * 86_400_000
log = structlog.get_logger("magwatch.remote")


class _Model(msgspec.Struct, frozen=True):
    sha256: str


class _Score(msgspec.Struct, frozen=True):
    """What of a score record tells whether its window is a witness."""

    station: str
    window_end: datetime
    model: _Model
    rmse: float | None
    threshold: float | None
    trouble: list[msgspec.Raw] = []


_decoder = msgspec.json.Decoder(_Score)


class ScoreReader:
    """The network so far; `follow` runs for ever, see `Follower`.

    Where no two stations are compared there is nothing to follow: a worker would read back every
    score that it wrote.
    """

    def __init__(self, settings: Settings, empty: Network, model_sha256: str) -> None:
        since_ms = max(empty.since_ms - LOOK_BACK_MS, 0)
        follower = Follower(settings, SCORE_TOPICS, self._take, since_ms)
        self._follower, self.caught_up = follower, follower.caught_up
        self._model_sha256 = model_sha256
        self.network = empty

    async def follow(self) -> None:
        """Hear of all windows for ever."""
        if self.network.distant:
            await self._follower.follow()
        self.caught_up.set()

    def _take(self, records: Iterable[ConsumerRecord]) -> None:
        seen = [one for record in records if (one := self._seen(record)) is not None]
        if seen:
            self.network = self.network.with_windows(seen)

    def _seen(self, record: ConsumerRecord) -> Seen | None:
        try:
            score = _decoder.decode(record.value or b"")
        except (ValueError, RecursionError) as error:
            log.warning("score record not understood", offset=record.offset, error=str(error))
            return None
        if score.model.sha256 != self._model_sha256:
            return None
        return Seen(
            score.station,
            moment_ms(score.window_end),
            mark(score.rmse, score.threshold, trouble=bool(score.trouble)),
            record.timestamp,
        )
