"""Recordings in half the memory, so that a year of 1 s samples fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from archive.recording import Recording, joined, positions_of
from geofield.series.limits import without_fills
from geofield.series.orientation import orientation_of
from geofield.types import Float32


@dataclass(frozen=True, slots=True, eq=False)
class CompactRecording:
    """The elements of a recording's vector as float32 deviations from their level.

    Within 500 nT of the level the resolution is 0.00003 nT. That is 1/300 of the resolution of
    archives and 1/1000 of the quietest background.

    Attributes
    ----------
    station, start_ms, cadence_ms
        As in `Recording`.
    level
        Median of each element, nT or degrees.
    departure
        Deviation from the level, by element: shape [n], NaN where missing.
    position_deg
        As in `Recording`.
    rank
        Where parts overlap, that of the higher rank counts.
    """

    station: str
    start_ms: int
    cadence_ms: int
    level: Mapping[str, float]
    departure: Mapping[str, Float32]
    position_deg: tuple[float, float] | None = None
    rank: int = 0

    def __len__(self) -> int:
        return len(next(iter(self.departure.values())))

    @property
    def end_ms(self) -> int:
        """Time just after the last sample (exclusive)."""
        return self.start_ms + len(self) * self.cadence_ms

    def overlaps(self, start_ms: int, end_ms: int) -> bool:
        """Whether there are samples from `start_ms` to `end_ms` (exclusive)."""
        return self.start_ms < end_ms and start_ms < self.end_ms

    def between(self, start_ms: int, end_ms: int) -> Recording:
        """The samples from `start_ms` to `end_ms` (exclusive), as far as there are any."""
        begin, stop = positions_of(self, start_ms, end_ms)
        elements = {
            name: self.level[name] + values[begin:stop].astype(np.float64)
            for name, values in self.departure.items()
        }
        start_ms = self.start_ms + begin * self.cadence_ms
        return Recording(self.station, start_ms, self.cadence_ms, elements)


def compact(recording: Recording, rank: int = 0) -> CompactRecording:
    """Compact the vector elements of a recording."""
    level, departure = {}, {}
    for name in orientation_of(frozenset(recording.elements)):
        # a fill value would not come back exactly
        values = without_fills(np.asarray(recording.elements[name], dtype=np.float64))
        known = values[~np.isnan(values)]
        level[name] = float(np.median(known)) if len(known) else 0.0
        departure[name] = (values - level[name]).astype(np.float32)
    return CompactRecording(
        recording.station,
        recording.start_ms,
        recording.cadence_ms,
        level,
        departure,
        recording.position_deg,
        rank,
    )


def piece(parts: Sequence[CompactRecording], begin_ms: int, stop_ms: int) -> Recording:
    """The samples between two times on one grid, NaN where no part has any.

    Raises
    ------
    ValueError
        If the parts have different grids or elements.
    """
    overlapping = (part for part in parts if part.overlaps(begin_ms, stop_ms))
    by_rank = sorted(overlapping, key=lambda part: part.rank)
    pieces = [part.between(begin_ms, stop_ms) for part in by_rank]
    first = parts[0]
    length = (stop_ms - begin_ms) // first.cadence_ms
    missing = {name: np.full(length, np.nan) for name in first.departure}
    empty = Recording(first.station, begin_ms, first.cadence_ms, missing)
    return joined([empty, *pieces])


def repeated_samples(parts: Sequence[CompactRecording]) -> int:
    """How many samples of parts, in order of time, another one has already.

    Raises
    ------
    ValueError
        As `piece` does.
    """
    repeated = 0
    for number, part in enumerate(parts):
        before = [other for other in parts[:number] if other.overlaps(part.start_ms, part.end_ms)]
        if not before:
            continue
        there = piece(before, part.start_ms, min(part.end_ms, max(o.end_ms for o in before)))
        both = np.zeros(len(there), dtype=bool)
        for name, values in part.departure.items():
            both |= ~np.isnan(there.elements[name]) & ~np.isnan(values[: len(there)])
        repeated += int(both.sum())
    return repeated
