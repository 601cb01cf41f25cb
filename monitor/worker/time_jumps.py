"""Jumps in time: one record must not advance a station, as a sample of 2199 makes all others late.

A record waits if it is the station's first, or starts further ahead of the station's samples than
MAGWATCH_FUTURE_TOLERANCE_S. A second record near it confirms it, and both are taken in. If enough
other records of the station come first, the waiting record is refused. Only event times and the
order of records decide, so a replay decides the same. A record with a timestamp of the broker does
not wait: its samples have been compared with the broker's clock.

A station stamps its samples at one offset from the multiples of its cadence, as at ``.500`` s. A
record at another offset is refused, or two senders would mix samples of different moments. After
`RESTAMPED` intervals without samples the station may go on at another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from msgspec import structs

from geofield.series.samples import Samples
from geofield.series.stamps import are_alike
from geofield.step import StationState
from monitor.records.sample_decoder import Accepts, RawRecord, Reason, Rejected, read, samples_of
from monitor.worker.checkpoint import StationCheckpoint, Waiting
from monitor.worker.segments import Segment

MOST_OTHERS = 10  # other records that may come before the second one, as from a backlog
MOST_WAITING = 8  # records of a station
RESTAMPED = 60  # intervals without samples, after which their offset may be another one
MOST_BYTES = 512 * 1024  # of a waiting record (5 h of samples): stations may be thousands
_Pair: TypeAlias = tuple[Segment, Samples]
Admitted: TypeAlias = list[_Pair]


@dataclass(slots=True)
class _Station:
    """A station within a batch."""

    newest_ms: int | None  # end of its samples; None without samples
    partition: int | None  # of its samples; None without samples
    waiting: tuple[Waiting, ...]  # its waiting records, oldest first
    offset_ms: int | None  # of the stamps of its samples; None without samples
    last: RawRecord | None = None  # its last record in the batch on `partition`


class TimeJumps:
    """Decides which segments of a batch are taken in, in order.

    Attributes
    ----------
    refused
        Records that were not confirmed or may not wait.
    repeated
        Number of records that equal a waiting one.
    waiting
        Change in the number of waiting records.
    """

    def __init__(self, checkpoints: Mapping[str, StationCheckpoint], accepts: Accepts) -> None:
        self._checkpoints = checkpoints
        self._accepts = accepts
        self._stations: dict[str, _Station] = {}  # the stations of the batch so far
        self.refused: list[tuple[RawRecord, Rejected]] = []
        self.repeated = 0
        self.waiting = 0

    def admit(self, segment: Segment, samples: Samples) -> Admitted:
        """The segments to take in now: none, this one, or also the records it confirms."""
        station = self._station(segment)
        if station.waiting or not self._is_alike(segment, station):
            return [pair for single in segment.alone() for pair in self._decide(single, station)]
        segment, samples = _on_grid(segment, samples, station)
        if len(segment.records) == 1 and self._is_far(segment, station):
            return self._decide_far(segment, samples, station)
        # in a longer segment the second record confirms the first
        return _take(station, (segment, samples))

    def stations(self) -> Iterator[tuple[str, tuple[Waiting, ...], int, RawRecord | None]]:
        """Stations of the batch: name, waiting records, offset of the stamps, last record."""
        for name, station in self._stations.items():
            yield name, station.waiting, station.offset_ms or 0, station.last

    def with_waiting(
        self, after: dict[str, StationCheckpoint], before: Mapping[str, StationCheckpoint]
    ) -> dict[str, StationCheckpoint]:
        """The states `after` the batch with their waiting records, given the states `before` it."""
        changed = {}
        for name, station in self._stations.items():
            base = after.get(name) or before.get(name)
            if not station.waiting and (base is None or not base.waiting):
                continue
            changed[name] = _checkpoint(base, station)
        return {**after, **changed}

    def _station(self, segment: Segment) -> _Station:
        station = self._stations.get(segment.station)
        if station is None:
            checkpoint = self._checkpoints.get(segment.station)
            buffer = checkpoint.state.buffer if checkpoint else None
            newest_ms = buffer.after * self._accepts.cadence_ms if buffer else None
            partition = checkpoint.partition if checkpoint and buffer else None
            offset_ms = checkpoint.offset_ms if checkpoint and buffer else None
            waiting = checkpoint.waiting if checkpoint else ()
            station = _Station(newest_ms, partition, waiting, offset_ms)
            self._stations[segment.station] = station
        if station.partition in (None, segment.last.partition):
            station.last = segment.last
        return station

    def _decide(self, segment: Segment, station: _Station) -> Admitted:
        """The segments to take in with one of a single record."""
        samples = samples_of(segment.reports, self._accepts)
        if isinstance(samples, Rejected):
            self.refused.append((segment.last, samples))
            return []
        if self._is_alike(segment, station):
            segment, samples = _on_grid(segment, samples, station)
        elif not self._is_restamped(segment.reports[0].start_ms, station):
            offset_ms = segment.reports[0].offset_ms
            self.refused.append((segment.last, self._misstamped(offset_ms, station)))
            return []
        if not self._is_far(segment, station):
            return _take(station, (segment, samples)) + self._reached(station)
        return self._decide_far(segment, samples, station)

    def _decide_far(self, segment: Segment, samples: Samples, station: _Station) -> Admitted:
        """The segments to take in with one of a single record far ahead of its station.

        A checkpoint is kept on the partition of its station's last record. A record on another
        partition may not wait, as the next owner of the station would not find it. It is refused
        but can still confirm the next one.
        """
        span_ms = _span_ms(segment)
        for waiting in station.waiting:
            if (waiting.start_ms, waiting.end_ms) == span_ms:
                self.repeated += 1
                return []
            if self._confirms(segment, waiting):
                station.waiting = tuple(w for w in station.waiting if w is not waiting)
                pairs = [*self._waited(waiting), segment.on_grid(samples, waiting.offset_ms)]
                return _take(station, *pairs)
        return self._wait(segment, station)

    def _reached(self, station: _Station) -> Admitted:
        """The waiting records that the new samples confirm; refuses those they contradict."""
        admitted, still_waiting = [], []
        for waiting in station.waiting:
            ahead_ms = waiting.start_ms - (station.newest_ms or 0)
            passed = replace(waiting, others=waiting.others + 1)
            if ahead_ms > self._accepts.future_tolerance_ms and passed.others < MOST_OTHERS:
                still_waiting.append(passed)
            elif 0 <= ahead_ms <= self._accepts.future_tolerance_ms:
                admitted += self._take_reached(waiting, station)
            else:
                self._refuse(waiting)
        station.waiting = tuple(still_waiting)
        return admitted

    def _take_reached(self, waiting: Waiting, station: _Station) -> Admitted:
        cadence_ms, offset_ms = self._accepts.cadence_ms, station.offset_ms
        if offset_ms is None or are_alike(waiting.offset_ms, offset_ms, cadence_ms):
            return _take(station, *(_on_grid(*pair, station) for pair in self._waited(waiting)))
        if self._is_restamped(waiting.start_ms, station):
            return _take(station, *self._waited(waiting))
        self._refuse(waiting, self._misstamped(waiting.offset_ms, station))
        return []

    def _is_alike(self, segment: Segment, station: _Station) -> bool:
        """Whether a segment is stamped as the station's samples are."""
        offset_ms, cadence_ms = segment.reports[0].offset_ms, self._accepts.cadence_ms
        return station.offset_ms is None or are_alike(offset_ms, station.offset_ms, cadence_ms)

    def _is_restamped(self, start_ms: int, station: _Station) -> bool:
        """Whether a record comes so long after the samples that its offset may be another one."""
        newest_ms = station.newest_ms
        return newest_ms is None or start_ms - newest_ms >= RESTAMPED * self._accepts.cadence_ms

    def _misstamped(self, offset_ms: int, station: _Station) -> Rejected:
        return Rejected(
            Reason.OFF_GRID,
            f"the samples are stamped {offset_ms:,} ms after the multiples of the cadence, the "
            f"station's before {station.offset_ms or 0:,} ms: do two senders use its code? It may "
            f"go on at another offset after {RESTAMPED} intervals without samples",
        )

    def _is_far(self, segment: Segment, station: _Station) -> bool:
        if segment.last.by_broker:
            return False
        start_ms, newest_ms = segment.reports[0].start_ms, station.newest_ms
        return newest_ms is None or start_ms - newest_ms > self._accepts.future_tolerance_ms

    def _confirms(self, segment: Segment, waiting: Waiting) -> bool:
        """Whether a record is near a waiting one and stamped alike."""
        offset_ms, (start_ms, end_ms) = segment.reports[0].offset_ms, _span_ms(segment)
        if not are_alike(offset_ms, waiting.offset_ms, self._accepts.cadence_ms):
            return False
        gap_ms = max(waiting.start_ms - end_ms, start_ms - waiting.end_ms)
        return gap_ms <= self._accepts.future_tolerance_ms

    def _waited(self, waiting: Waiting) -> Admitted:
        """The segment of a confirmed record; empty if it was, or is now, refused."""
        if waiting.refused:
            return []
        report = read(waiting.record, self._accepts)
        samples = report if isinstance(report, Rejected) else samples_of([report], self._accepts)
        if isinstance(report, Rejected) or isinstance(samples, Rejected):
            self._refuse(waiting)
            return []
        self.waiting -= 1
        segment = Segment([waiting.record], [report])
        return [segment.on_grid(samples, waiting.offset_ms)]

    def _wait(self, segment: Segment, station: _Station) -> Admitted:
        offset_ms = segment.reports[0].offset_ms
        record, misplaced = segment.last, station.partition not in (None, segment.last.partition)
        if misplaced or record.size_bytes > MOST_BYTES:
            why = "and on another partition than they are" if misplaced else "and too large to wait"
            self.refused.append((record, self._in_vain(why)))
            bare, span_ms = structs.replace(record, value=None), _span_ms(segment)
            waiting = Waiting(bare, *span_ms, refused=True, offset_ms=offset_ms)
        else:
            waiting = Waiting(record, *_span_ms(segment), offset_ms=offset_ms)
            self.waiting += 1
        station.waiting = (*station.waiting, waiting)
        if len(station.waiting) > MOST_WAITING:
            self._refuse(station.waiting[0])
            station.waiting = station.waiting[1:]
        return []

    def _refuse(self, waiting: Waiting, why: Rejected | None = None) -> None:
        if waiting.refused:
            return
        lone = self._in_vain("and none came near it: is the sender's clock right?")
        self.refused.append((waiting.record, why or lone))
        self.waiting -= 1

    def _in_vain(self, why: str) -> Rejected:
        ahead_s = self._accepts.future_tolerance_ms / 1000
        detail = f"the record is more than {ahead_s:g} s ahead of the station's others, {why}"
        return Rejected(Reason.FUTURE, detail)


def _checkpoint(base: StationCheckpoint | None, station: _Station) -> StationCheckpoint:
    """The state with its waiting records; a misplaced record does not change its position."""
    return replace(moved(base, station.last), waiting=station.waiting)


def moved(base: StationCheckpoint | None, last: RawRecord | None) -> StationCheckpoint:
    """A station's state, or a new one, that holds up to its last record, if that is further on."""
    if base is not None:
        behind = last is None or (last.partition == base.partition and last.offset <= base.offset)
        if behind or last is None:
            return base
        return replace(base, partition=last.partition, offset=last.offset)
    if last is None:
        raise ValueError("a station without a state has its first record on its own partition")
    return StationCheckpoint(StationState(), last.partition, last.offset)


def _take(station: _Station, *pairs: _Pair) -> Admitted:
    if not pairs:
        return []
    last = pairs[-1][0].last
    if station.partition != last.partition:
        station.partition, station.last = last.partition, last
    station.offset_ms = pairs[-1][0].reports[-1].offset_ms
    ends_ms = [segment.reports[-1].end_ms for segment, _ in pairs]
    station.newest_ms = max(ends_ms if station.newest_ms is None else [station.newest_ms, *ends_ms])
    return list(pairs)


def _on_grid(segment: Segment, samples: Samples, station: _Station) -> _Pair:
    return (
        (segment, samples)
        if station.offset_ms is None
        else segment.on_grid(samples, station.offset_ms)
    )


def _span_ms(segment: Segment) -> tuple[int, int]:
    return segment.reports[0].start_ms, segment.reports[-1].end_ms
