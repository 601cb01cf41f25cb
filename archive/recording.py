"""Recordings: a station's samples from an archive, in its own elements, on a regular grid."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import numpy as np

from geofield.series.limits import without_fills
from geofield.series.orientation import (
    ORIENTATIONS,
    OrientationError,
    orientation_of,
    to_hez,
)
from geofield.series.samples import Samples
from geofield.types import Float64
from geofield.utc import DAY_MS
from support.spans import Span


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Consecutive samples in the orientation of the station.

    Attributes
    ----------
    station
        IAGA code, upper case.
    start_ms
        Time of the first sample, milliseconds since 1970 UTC.
    cadence_ms
        Sampling interval.
    elements
        Arrays of shape [n] by element (``H``, ``E``, ``Z``, ...): nT, angles in degrees, NaN
        where missing.
    position_deg
        Latitude (north) and longitude (east, -180 to 180) in the file; None if it states none.
    offset_ms
        How much later the file stamps its samples than `start_ms` and the cadence say.
    notes
        What the user should know of the file: gaps that were counted, times that stand twice.
    """

    station: str
    start_ms: int
    cadence_ms: int
    elements: Mapping[str, Float64]
    position_deg: tuple[float, float] | None = None
    offset_ms: int = 0
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(next(iter(self.elements.values())))

    @property
    def end_ms(self) -> int:
        """Time just after the last sample (exclusive)."""
        return self.start_ms + len(self) * self.cadence_ms

    def samples(self, declination_deg: float) -> Samples:
        """Samples of H, E, Z in the frame of a reference declination.

        Raises
        ------
        OrientationError
            If the elements make no vector or are out of range.
        """
        field_nt = to_hez(self.elements, declination_deg)
        return Samples(self.station, self.start_ms, self.cadence_ms, field_nt)

    def reference_declination_deg(self) -> float:
        """Median declination in degrees, for use as the station's reference; 0 for HEZ.

        Raises
        ------
        OrientationError
            If the elements make no vector or have no values.
        """
        orientation = orientation_of(frozenset(self.elements))
        return ORIENTATIONS[orientation].declination_deg(self._median)

    def between(self, start_ms: int, end_ms: int) -> "Recording":
        """The available part from `start_ms` to `end_ms` (exclusive)."""
        return self._part(*positions_of(self, start_ms, end_ms))

    def without(self, spans: Iterable[Span]) -> "Recording":
        """The recording with NaN within the spans."""
        overlapping = [span for span in spans if span.overlaps(self.start_ms, self.end_ms)]
        if not overlapping:
            return self  # no second copy of a large recording
        elements = {name: values.copy() for name, values in self.elements.items()}
        for span in overlapping:
            begin, stop = positions_of(self, span.start_ms, span.end_ms)
            for values in elements.values():
                values[begin:stop] = np.nan
        return replace(self, elements=elements)

    def records(self, length: int) -> Iterator["Recording"]:
        """Yield records of `length` samples, which begin at multiples of `length` since 1970."""
        first = self.start_ms // self.cadence_ms
        begin = 0
        while begin < len(self):
            stop = min((first + begin) // length * length + length - first, len(self))
            yield self._part(begin, stop)
            begin = stop

    def holds(self, span: Span) -> bool:
        """Whether any value is known within a span."""
        begin, stop = positions_of(self, span.start_ms, span.end_ms)
        return not all(np.isnan(values[begin:stop]).all() for values in self.elements.values())

    def renamed(self, station: str) -> "Recording":
        """The same samples under another station code."""
        return replace(self, station=station)

    def _median(self, element: str) -> float:
        values = without_fills(self.elements[element])
        real = values[~np.isnan(values)]
        if not len(real):
            raise OrientationError(f"{element} has no values, so there is no declination")
        return float(np.median(real))

    def _part(self, begin: int, stop: int) -> "Recording":
        part = {name: values[begin:stop] for name, values in self.elements.items()}
        return replace(self, start_ms=self.start_ms + begin * self.cadence_ms, elements=part)


class _Gridded(Protocol):
    """Consecutive samples."""

    @property
    def start_ms(self) -> int: ...
    @property
    def cadence_ms(self) -> int: ...
    def __len__(self) -> int: ...


def positions_of(samples: _Gridded, start_ms: int, end_ms: int) -> tuple[int, int]:
    """Begin and stop (exclusive) of the indices of samples from `start_ms` to `end_ms`."""
    begin = min(max(-(-(start_ms - samples.start_ms) // samples.cadence_ms), 0), len(samples))
    stop = min(max(-(-(end_ms - samples.start_ms) // samples.cadence_ms), begin), len(samples))
    return begin, stop


class Recorded(Protocol):
    """A source of records: a recording, whole or in parts."""

    @property
    def station(self) -> str:
        """IAGA code."""

    @property
    def start_ms(self) -> int:
        """Time of the first sample."""

    @property
    def end_ms(self) -> int:
        """Time just after the last sample (exclusive)."""

    @property
    def cadence_ms(self) -> int:
        """Sampling interval."""

    def __len__(self) -> int: ...

    def records(self, length: int) -> Iterator[Recording]:
        """See `Recording.records`."""


class _Part(Protocol):
    """A recording, or a span that can be read as one."""

    @property
    def station(self) -> str: ...
    @property
    def start_ms(self) -> int: ...
    @property
    def end_ms(self) -> int: ...
    @property
    def cadence_ms(self) -> int: ...
    @property
    def elements(self) -> Collection[str]: ...


class _Spanning(Protocol):
    """What lies between two times."""

    @property
    def start_ms(self) -> int: ...
    @property
    def end_ms(self) -> int: ...


_OneSpan = TypeVar("_OneSpan", bound=_Spanning)


def joined(recordings: list[Recording]) -> Recording:
    """Join recordings of one station on one grid; the last in the list counts where they overlap.

    An F or S that not all of them have is left out.

    Raises
    ------
    ValueError
        If they are of different stations, cadences or elements, or not on one grid.
    """
    return joined_and_counted(recordings)[0]


def joined_and_counted(recordings: list[Recording]) -> tuple[Recording, int]:
    """The recordings as `joined` joins them, and how many samples another one has already.

    Raises
    ------
    ValueError
        As `joined` does.
    """
    check_alike(recordings)
    first = min(recordings, key=lambda part: part.start_ms)
    length = (max(part.end_ms for part in recordings) - first.start_ms) // first.cadence_ms
    common = [name for name in first.elements if all(name in part.elements for part in recordings)]
    elements = {name: np.full(length, np.nan) for name in common}
    repeated, reached_ms = 0, first.start_ms
    for part in recordings:
        begin = (part.start_ms - first.start_ms) // first.cadence_ms
        where = slice(begin, begin + len(part))
        if part.start_ms < reached_ms:
            repeated += _both_known(common, elements, where, part)
        for name in common:
            values = part.elements[name]
            target = elements[name][where]
            target[:] = np.where(np.isnan(values), target, values)
        reached_ms = max(reached_ms, part.end_ms)
    return replace(first, elements=elements), repeated


def records_across(pieces: Iterable[Recording], length: int) -> Iterator[Recording]:
    """Yield the records of `Recording.records` of recordings that follow each other."""
    rest: Recording | None = None  # begin of a record that the next piece completes
    for piece in pieces:
        held = piece if rest is None else joined([rest, piece])
        record_ms = length * held.cadence_ms
        complete_ms = held.end_ms // record_ms * record_ms
        yield from held.between(held.start_ms, complete_ms).records(length)
        rest = held.between(complete_ms, held.end_ms)
    if rest is not None:
        yield from rest.records(length)


def _both_known(
    names: Iterable[str], elements: Mapping[str, Float64], where: slice, part: Recording
) -> int:
    """Number of samples of which a part has values that are known already."""
    both = np.zeros(len(part), dtype=bool)
    for name in names:
        both |= ~np.isnan(elements[name][where]) & ~np.isnan(part.elements[name])
    return int(both.sum())


def check_alike(parts: Sequence[_Part]) -> None:
    """Check that parts can be joined to one recording.

    Raises
    ------
    ValueError
        If they are of different stations, cadences or elements, or not on one grid.
    """
    alike = {
        (part.station, part.cadence_ms, orientation_of(frozenset(part.elements))) for part in parts
    }
    if len(alike) != 1:
        raise ValueError(f"these do not belong together: {_described(parts)}")
    offsets_ms = [part.offset_ms for part in parts if isinstance(part, Recording)]
    if offsets_ms and max(offsets_ms) - min(offsets_ms) > parts[0].cadence_ms // 10:
        raise ValueError(
            f"these are not stamped alike: {min(offsets_ms):,} to {max(offsets_ms):,} ms after the "
            f"multiples of the interval: {_described(parts)}"
        )
    if len({part.start_ms % part.cadence_ms for part in parts}) != 1:
        raise ValueError(f"these are not on one grid of samples: {_described(parts)}")


def divided_at_gaps(parts: Sequence[_OneSpan]) -> list[list[_OneSpan]]:
    """Divide recordings of one station, in order of time, at gaps of more than a day."""
    divided: list[list[_OneSpan]] = []
    reached_ms = None
    for part in parts:
        if reached_ms is None or part.start_ms - reached_ms > DAY_MS:
            divided.append([])
        divided[-1].append(part)
        reached_ms = max(reached_ms or part.end_ms, part.end_ms)
    return divided


def _described(parts: Sequence[_Part]) -> str:
    return "; ".join(
        f"{part.station} {''.join(part.elements)} every {part.cadence_ms} ms" for part in parts
    )
