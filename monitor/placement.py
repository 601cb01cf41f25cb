"""Which partition a key hashes to, and whether stations' records are on theirs."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import structlog
from aiokafka.partitioner import murmur2

from monitor.codec import RawRecord
from monitor.metrics import Metrics

MOST_WARNINGS = 100
MOST_KEYS = 65_536  # remembered; a sender may invent as many as it likes
log = structlog.get_logger("magwatch.placement")


@lru_cache(MOST_KEYS)
def home_of(key: bytes, partitions: int) -> int:
    """Partition of a key, as Java's and Python's clients choose it."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


class Placement:
    """A sender with another partitioner splits one station over two workers."""

    def __init__(self, partitions: int, metrics: Metrics) -> None:
        self._partitions = partitions
        self._metrics = metrics
        self._warned: set[bytes] = set()

    def check(self, records: Iterable[RawRecord]) -> None:
        """Count the records that are misplaced and warn of each key once."""
        if not self._partitions:
            return
        for record in records:
            key = record.key
            if key and home_of(key, self._partitions) != record.partition:
                self._metrics.intake.misplaced.inc()
                self._warn(key, record.partition)

    def _warn(self, key: bytes, partition: int) -> None:
        if key in self._warned or len(self._warned) >= MOST_WARNINGS:
            return
        self._warned.add(key)
        log.warning(
            "a station's records are on a partition its key does not hash to: "
            "set the sender's partitioner to murmur2 (librdkafka: murmur2_random)",
            key=repr(key),
            partition=partition,
        )
