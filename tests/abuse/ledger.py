"""What hostile producers have sent, and what the worker owes for it."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import Counter
from dataclasses import dataclass, field
from threading import Lock
from zlib import crc32

from tests.abuse.batches import Record

Place = tuple[str, int]  # topic without prefix, partition


@dataclass(frozen=True)
class Debt:
    """A dead letter to come: for a record of which kind, why, and of which bytes.

    Without a reason any will do, and the bytes need not be all there.
    """

    kind: str
    reason: str | None
    digest: int


def digest_of(record: Record) -> int:
    """What tells keys and values apart."""
    return crc32(record.value or b"", crc32(record.key or b""))


@dataclass
class Ledger:
    """Filled by several threads; read when they are done.

    Attributes
    ----------
    sent, refused
        Batches of each kind that the broker took, and those that it did not.
    records
        Hostile records by topic.
    owed
        What must become dead letters, by partition and offset of the samples topic.
    """

    sent: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)
    owed: dict[tuple[int, int], Debt] = field(default_factory=dict)
    _spans: dict[Place, list[tuple[int, int]]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def enter(self, kind: str, place: Place, first: int, count: int) -> None:
        """A batch is in a topic."""
        with self._lock:
            self.sent[kind] += 1
            self.records[place[0]] += count
            insort(self._spans.setdefault(place, []), (first, first + count))

    def owe(self, partition: int, offset: int, debt: Debt) -> None:
        """A record of the samples topic must become a dead letter."""
        with self._lock:
            self.owed[partition, offset] = debt

    def refuse(self, kind: str) -> None:
        """The broker did not take a batch."""
        with self._lock:
            self.refused[kind] += 1

    def hostile(self, place: Place, offset: int) -> bool:
        """Whether a record is one of ours."""
        with self._lock:
            spans = self._spans.get(place, [])
            before = bisect_right(spans, (offset, 2**63)) - 1
            return before >= 0 and offset < spans[before][1]
