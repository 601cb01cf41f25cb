"""Geomagnetic indices, and when each of their values became known.

A value is published after its interval is over, so a decision may use only what was known by then,
and "not yet known" is never taken for "quiet".
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import attrgetter

from geofield.frozen import value
from geofield.utc import HOUR_MS

EVENTUALLY_MS = 2**62  # as known when nothing is unknown any more: for looking back


@dataclass(frozen=True, slots=True)
class Index:
    """All that the rest of the program knows of an index.

    Attributes
    ----------
    name
        In records, and the key of their topic.
    source
        Who makes it, and under which licence.
    interval_ms
        Length of the intervals that its values describe; they begin at multiples of it.
    lowest, highest
        No value lies outside.
    falls
        Whether a disturbance makes it fall, as it does Dst.
    tells_quiet
        Whether low values for all of an interval say that there was no disturbance.
    """

    name: str
    source: str
    interval_ms: int
    lowest: float
    highest: float
    falls: bool = False
    tells_quiet: bool = False

    def __hash__(self) -> int:
        return hash(self.name)


KP = Index("Kp", "GFZ, doi 10.5880/Kp.0001, CC BY 4.0", 3 * HOUR_MS, 0, 9, tells_quiet=True)
DST = Index("Dst", "WDC for Geomagnetism, Kyoto", HOUR_MS, -5000, 5000, falls=True)
# has no upper end: it was 11.333 in the storm of May 2024
HP30 = Index("Hp30", "GFZ, doi 10.5880/Hpo.0003, CC BY 4.0", HOUR_MS // 2, 0, 30)
INDICES = {index.name: index for index in (KP, DST, HP30)}


@dataclass(frozen=True, slots=True)
class IndexInterval:
    """One published value.

    Attributes
    ----------
    index
        Of which it is one.
    start_ms, end_ms
        The interval that the value describes (end exclusive).
    known_ms
        When the value became known.
    value
        Kp in thirds, Dst in nT.
    """

    index: Index = field(repr=False, hash=False)
    start_ms: int
    end_ms: int
    known_ms: int
    value: float

    def __post_init__(self) -> None:
        index = self.index
        if self.end_ms <= self.start_ms or not index.lowest <= self.value <= index.highest:
            raise ValueError(f"not a {index.name} interval: {self}")


@value
class IndicesKnown:
    """The indices over some interval, as known when a decision was taken.

    Kp and Dst, by which classes are decided, have the names that they have in checkpoints.

    Attributes
    ----------
    highest
        Highest Kp known in the interval; None when nothing of it was known.
    complete
        Whether Kp was known for all of the interval.
    lowest_dst_nt
        Lowest Dst known in the interval, nT; None when nothing of it was known.
    others
        Name and most disturbed value of each other index of which something was known.
    """

    highest: float | None
    complete: bool
    lowest_dst_nt: float | None = None
    others: tuple[tuple[str, float], ...] = ()

    def at_most(self, limit: float) -> bool:
        """Whether Kp is known for all of the interval and nowhere higher."""
        return self.complete and self.highest is not None and self.highest <= limit

    def exceeds(self, limit: float) -> bool:
        """Whether a known Kp of the interval is higher, the interval complete or not."""
        return self.highest is not None and self.highest > limit


_NOTHING = IndicesKnown(None, complete=False)


@dataclass(frozen=True, slots=True)
class _Series:
    """Values of one index, ordered by interval and then by the time they became known."""

    intervals: tuple[IndexInterval, ...]
    starts_ms: tuple[int, ...]
    ends_ms: tuple[int, ...]

    def over(self, start_ms: int, end_ms: int) -> tuple[IndexInterval, ...]:
        begin = bisect_right(self.ends_ms, start_ms)
        return self.intervals[begin : bisect_left(self.starts_ms, end_ms)]

    def known(self, start_ms: int, end_ms: int, as_known_ms: int) -> dict[tuple[int, int], float]:
        """Values by the begin and end of their interval, in order; the last one known counts."""
        return {
            (interval.start_ms, interval.end_ms): interval.value
            for interval in self.over(start_ms, end_ms)
            if interval.known_ms <= as_known_ms
        }


class IndexHistory:
    """All values so far, by index."""

    __slots__ = ("_series",)

    def __init__(
        self, values: Iterable[IndexInterval] = (), before: "IndexHistory | None" = None
    ) -> None:
        self._series: dict[Index, _Series] = dict(before._series) if before else {}
        new: defaultdict[Index, list[IndexInterval]] = defaultdict(list)
        for interval in values:
            new[interval.index].append(interval)
        for index, some in new.items():
            self._series[index] = _series({*self.of(index), *some})

    def of(self, index: Index) -> tuple[IndexInterval, ...]:
        """Values of one index, ordered by interval and then by the time they became known."""
        return self._series[index].intervals if index in self._series else ()

    def with_values(self, values: Iterable[IndexInterval]) -> "IndexHistory":
        """The history with further values; a later value of an interval revises the earlier."""
        return IndexHistory(values, before=self)

    def between(self, start_ms: int, end_ms: int, as_known_ms: int) -> IndicesKnown:
        """The indices over ``start_ms`` to ``end_ms`` with what was known at ``as_known_ms``."""
        extremes: dict[str, float] = {}
        complete = False
        for index, series in self._series.items():
            values = series.known(start_ms, end_ms, as_known_ms)
            if values:
                extremes[index.name] = (min if index.falls else max)(values.values())
                if index.tells_quiet:
                    complete = _covers(values, start_ms, end_ms)
        if not extremes:
            return _NOTHING
        kp, dst_nt = extremes.pop(KP.name, None), extremes.pop(DST.name, None)
        return IndicesKnown(kp, complete, dst_nt, tuple(sorted(extremes.items())))

    def known(
        self, index: Index, start_ms: int, end_ms: int, as_known_ms: int
    ) -> dict[tuple[int, int], float]:
        """Values of one index as known at `as_known_ms`, by the begin and end of their interval."""
        series = self._series.get(index)
        return series.known(start_ms, end_ms, as_known_ms) if series else {}

    def news_ms(self, start_ms: int, end_ms: int) -> list[int]:
        """The times at which something became known of ``start_ms`` to ``end_ms``, in order."""
        over = (
            interval
            for series in self._series.values()
            for interval in series.over(start_ms, end_ms)
        )
        return sorted({interval.known_ms for interval in over})


def _series(values: set[IndexInterval]) -> _Series:
    order = attrgetter("start_ms", "end_ms", "known_ms", "value")
    intervals = tuple(sorted(values, key=order))
    return _Series(
        intervals,
        tuple(interval.start_ms for interval in intervals),
        tuple(interval.end_ms for interval in intervals),
    )


def _covers(spans: Iterable[tuple[int, int]], start_ms: int, end_ms: int) -> bool:
    """Whether spans, in order of their begins, leave out nothing."""
    reached_ms = start_ms
    for begin_ms, stop_ms in spans:
        if begin_ms > reached_ms:
            return False
        reached_ms = max(reached_ms, stop_ms)
    return reached_ms >= end_ms
