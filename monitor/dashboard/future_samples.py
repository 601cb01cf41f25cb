"""Samples from the future, which hold a station back: until that time all others are late."""

from __future__ import annotations

MOST_WAITING = 4
Span = tuple[int, int]


class FutureSamples:
    """Records of a station whose samples are ahead of the clock, treated as by a worker.

    A worker takes in a record far ahead of its station once a second one is near it, see
    `time_jumps`. Times are in ms since 1970 UTC.
    """

    def __init__(self, tolerance_ms: int) -> None:
        self._tolerance_ms = tolerance_ms
        self._waiting: list[Span] = []  # of records without a second one near them
        self._newest_ms: int | None = None  # newest sample taken in
        self._before_ms = 0  # end of the samples before it

    def take(self, span: Span, before_ms: int, dated_by_broker: bool) -> None:
        """Take in a record with samples over `span`; the station's others end at `before_ms`."""
        self._before_ms = before_ms
        reached_ms = max(before_ms, self._newest_ms or 0)
        near = [other for other in self._waiting if self._are_near(span, other)]
        if dated_by_broker or near or span[0] - reached_ms <= self._tolerance_ms:
            self._newest_ms = max(reached_ms, *(end_ms for _, end_ms in (span, *near)))
            self._waiting = []
        elif span not in self._waiting:
            self._waiting = [*self._waiting, span][-MOST_WAITING:]

    def newest_ms(self, now_ms: int, scored_ms: int) -> int | None:
        """Time of the sample that holds the station back; None if there is none.

        `scored_ms` is the end of its newest window with enough samples. If that is later than the
        samples before the jump, the worker has been reset.
        """
        newest_ms = self._newest_ms
        if newest_ms is None or scored_ms > self._before_ms:
            return None
        return newest_ms if newest_ms - now_ms > self._tolerance_ms else None

    def _are_near(self, span: Span, other: Span) -> bool:
        return span != other and max(span[0] - other[1], other[0] - span[1]) <= self._tolerance_ms
