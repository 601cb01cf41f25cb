"""The indices as they become known, from their topic."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog
from aiokafka import ConsumerRecord

from geofield.indices import DstInterval, KpHistory, KpInterval
from monitor.following import Follower
from monitor.indices import decode_indices
from monitor.settings import Settings

log = structlog.get_logger("magwatch.indices")


class IndexReader:
    """Kp and Dst so far; `follow` runs for ever, see `Follower`."""

    def __init__(self, settings: Settings, on_refused: Callable[[], None]) -> None:
        follower = Follower(settings, ["indices"], self._take)
        self.follow, self.caught_up = follower.follow, follower.caught_up
        self._on_refused = on_refused
        self.history = KpHistory()

    def _take(self, records: Iterable[ConsumerRecord]) -> None:
        kp: list[KpInterval] = []
        dst: list[DstInterval] = []
        for record in records:
            try:
                values = decode_indices(record.value or b"")
            except (ValueError, OverflowError, RecursionError) as error:
                log.warning("index record refused", offset=record.offset, error=str(error))
                self._on_refused()
                continue
            kp += [one for one in values if isinstance(one, KpInterval)]
            dst += [one for one in values if isinstance(one, DstInterval)]
        if kp or dst:
            self.history = self.history.with_values(kp, dst)
