"""Check that records are on the partitions that their keys hash to."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from monitor.kafka.partitioning import home_of
from monitor.metrics.metrics import Metrics
from monitor.records.sample_decoder import RawRecord

MOST_WARNINGS = 100
log = structlog.get_logger("magwatch.placement")


class Placement:
    """Counts and reports misplaced records: they split a station over two workers."""

    def __init__(self, partitions: int, metrics: Metrics) -> None:
        self._partitions = partitions
        self._metrics = metrics
        self._warned: set[bytes] = set()  # keys, at most MOST_WARNINGS

    def check(self, records: Iterable[RawRecord]) -> None:
        """Count misplaced records and warn of each key once."""
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
