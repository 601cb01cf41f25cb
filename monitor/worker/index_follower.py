"""The indices as they become known, from their topic."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain

from aiokafka import ConsumerRecord

from geofield.indices import IndexHistory
from monitor.kafka.follower import Follower
from monitor.kafka.guard import Guard
from monitor.records.indices import decode_indices
from monitor.settings import Settings


class IndexReader:
    """The indices so far; `follow` runs for ever, see `Follower`."""

    def __init__(self, settings: Settings, on_refused: Callable[[], object]) -> None:
        follower = Follower(settings, ["indices"], self._take)
        self.follow, self.caught_up = follower.follow, follower.caught_up
        self._guard = Guard("index", on_refused)
        self.history = IndexHistory()

    def _take(self, records: Iterable[ConsumerRecord]) -> None:
        read = self._guard(records, lambda record: decode_indices(record.value or b""))
        if values := [*chain.from_iterable(read)]:
            self.history = self.history.with_values(values)
