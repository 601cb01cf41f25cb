"""The planetary K index, the Dst index, and when each value became known.

Kp is published after its three hours are over, so a decision may use only the intervals known by
then, and "not yet known" is never taken for "quiet".
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from geofield.score import KpKnown

_NOTHING = KpKnown(None, complete=False)
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


@dataclass(frozen=True, slots=True, order=True)
class DstInterval:
    """One published value of the disturbance storm time index, usually of an hour.

    Times are those of `KpInterval`; `dst_nt` is in nT, below -50 in a moderate storm.
    """

    start_ms: int
    end_ms: int
    known_ms: int
    dst_nt: float

    def __post_init__(self) -> None:
        if self.end_ms <= self.start_ms or not -5000 <= self.dst_nt <= 5000:
            raise ValueError(f"not a Dst interval: {self}")


@dataclass(frozen=True, slots=True)
class KpHistory:
    """All values so far, ordered by interval and then by the time they became known.

    `dst` stands beside Kp: it can tell a storm, but only Kp can tell that there was none.
    """

    intervals: tuple[KpInterval, ...] = ()
    dst: tuple[DstInterval, ...] = ()
    _dst_ends_ms: tuple[int, ...] = field(init=False, repr=False, compare=False)
    _dst_starts_ms: tuple[int, ...] = field(init=False, repr=False, compare=False)
    _ends_ms: tuple[int, ...] = field(init=False, repr=False, compare=False)
    _starts_ms: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "intervals", tuple(sorted(set(self.intervals))))
        object.__setattr__(self, "_starts_ms", tuple(kp.start_ms for kp in self.intervals))
        object.__setattr__(self, "_ends_ms", tuple(kp.end_ms for kp in self.intervals))
        object.__setattr__(self, "dst", tuple(sorted(set(self.dst))))
        object.__setattr__(self, "_dst_starts_ms", tuple(one.start_ms for one in self.dst))
        object.__setattr__(self, "_dst_ends_ms", tuple(one.end_ms for one in self.dst))

    def with_values(
        self, values: Iterable[KpInterval], dst: Iterable[DstInterval] = ()
    ) -> "KpHistory":
        """The history with further values; a later value of an interval revises the earlier."""
        return KpHistory((*self.intervals, *values), (*self.dst, *dst))

    def between(self, start_ms: int, end_ms: int, as_known_ms: int) -> KpKnown:
        """Kp and Dst over ``start_ms`` to ``end_ms`` with what was known at ``as_known_ms``."""
        kp = {
            (one.start_ms, one.end_ms): one.kp
            for one in self._kp_over(start_ms, end_ms)
            if one.known_ms <= as_known_ms
        }
        dst_nt = {
            (one.start_ms, one.end_ms): one.dst_nt
            for one in self._dst_over(start_ms, end_ms)
            if one.known_ms <= as_known_ms
        }
        if not kp and not dst_nt:
            return _NOTHING
        return KpKnown(
            max(kp.values(), default=None),
            complete=bool(kp) and _covers(sorted(kp), start_ms, end_ms),
            lowest_dst_nt=min(dst_nt.values(), default=None),
        )

    def news_ms(self, start_ms: int, end_ms: int) -> list[int]:
        """The times at which something became known of ``start_ms`` to ``end_ms``, in order."""
        kp = {one.known_ms for one in self._kp_over(start_ms, end_ms)}
        return sorted(kp | {one.known_ms for one in self._dst_over(start_ms, end_ms)})

    def _kp_over(self, start_ms: int, end_ms: int) -> tuple[KpInterval, ...]:
        begin = bisect_right(self._ends_ms, start_ms)
        return self.intervals[begin : bisect_left(self._starts_ms, end_ms)]

    def _dst_over(self, start_ms: int, end_ms: int) -> tuple[DstInterval, ...]:
        begin = bisect_right(self._dst_ends_ms, start_ms)
        return self.dst[begin : bisect_left(self._dst_starts_ms, end_ms)]


def _covers(spans: list[tuple[int, int]], start_ms: int, end_ms: int) -> bool:
    reached_ms = start_ms
    for begin_ms, stop_ms in spans:
        if begin_ms > reached_ms:
            return False
        reached_ms = max(reached_ms, stop_ms)
    return reached_ms >= end_ms
