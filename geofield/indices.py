"""The planetary K index and when each value became known.

Kp is published after its three hours are over, so a decision may use only the intervals known by
then, and "not yet known" is never taken for "quiet".
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from geofield.score import KpKnown

EVENTUALLY_MS = 2**62  # as known when nothing is unknown any more: for looking back


@dataclass(frozen=True, slots=True, order=True)
class KpInterval:
    """One published value.

    Attributes
    ----------
    start_ms, end_ms
        The interval the value describes (end exclusive), usually three hours.
    kp
        0-9 in thirds.
    known_ms
        When the value became known.
    """

    start_ms: int
    end_ms: int
    known_ms: int
    kp: float

    def __post_init__(self) -> None:
        if self.end_ms <= self.start_ms or not 0 <= self.kp <= 9:
            raise ValueError(f"not a Kp interval: {self}")


@dataclass(frozen=True, slots=True)
class KpHistory:
    """All values so far, ordered by interval and then by the time they became known."""

    intervals: tuple[KpInterval, ...] = ()
    _ends_ms: tuple[int, ...] = field(init=False, repr=False, compare=False)
    _starts_ms: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "intervals", tuple(sorted(set(self.intervals))))
        object.__setattr__(self, "_starts_ms", tuple(kp.start_ms for kp in self.intervals))
        object.__setattr__(self, "_ends_ms", tuple(kp.end_ms for kp in self.intervals))

    def with_values(self, values: Iterable[KpInterval]) -> "KpHistory":
        """The history with further values; a later value of an interval revises the earlier."""
        return KpHistory((*self.intervals, *values))

    def between(self, start_ms: int, end_ms: int, as_known_ms: int) -> KpKnown:
        """Kp over ``start_ms`` to ``end_ms`` with what was known at ``as_known_ms``."""
        begin = bisect_right(self._ends_ms, start_ms)
        stop = bisect_left(self._starts_ms, end_ms)
        known = {
            (kp.start_ms, kp.end_ms): kp.kp
            for kp in self.intervals[begin:stop]
            if kp.known_ms <= as_known_ms
        }
        if not known:
            return KpKnown(None, complete=False)
        return KpKnown(max(known.values()), complete=_covers(sorted(known), start_ms, end_ms))


def _covers(spans: list[tuple[int, int]], start_ms: int, end_ms: int) -> bool:
    reached_ms = start_ms
    for begin_ms, stop_ms in spans:
        if begin_ms > reached_ms:
            return False
        reached_ms = max(reached_ms, stop_ms)
    return reached_ms >= end_ms
