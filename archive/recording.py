"""A station's samples as an archive holds them: its own elements, on a regular grid."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import numpy as np

from archive.spans import Span
from geofield.orientation import FILL_VALUES, OrientationError, orientation_of, to_hez
from geofield.samples import Samples
from geofield.types import Float64
from geofield.windows import DAY_MS


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Consecutive samples in the orientation in which the station reports.

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
        Latitude (north) and longitude (east, -180 to 180) as the file states them, if it does.
    """

    station: str
    start_ms: int
    cadence_ms: int
    elements: Mapping[str, Float64]
    position_deg: tuple[float, float] | None = None

    def __len__(self) -> int:
        return len(next(iter(self.elements.values())))

    @property
    def end_ms(self) -> int:
        """Time just after the last sample (exclusive)."""
        return self.start_ms + len(self) * self.cadence_ms

    def samples(self, declination_deg: float) -> Samples:
        """H, E, Z in the frame of a reference declination.

        Raises
        ------
        OrientationError
            If the elements make no vector or are out of range.
        """
        field_nt = to_hez(self.elements, declination_deg)
        return Samples(self.station, self.start_ms, self.cadence_ms, field_nt)

    def reference_declination_deg(self) -> float:
        """Median declination, to be used as the station's reference; 0 for HEZ, which needs none.

        Raises
        ------
        OrientationError
            If the elements make no vector or hold no values.
        """
        orientation = orientation_of(frozenset(self.elements))
        if orientation == "HEZ":
            return 0.0
        if orientation == "XYZ":
            return float(np.degrees(np.arctan2(self._median("Y"), self._median("X"))))
        return self._median("D")

    def between(self, start_ms: int, end_ms: int) -> "Recording":
        """The part from `start_ms` to `end_ms` (exclusive), as far as it is there."""
        return self._part(*positions_of(self, start_ms, end_ms))

    def without(self, spans: Iterable[Span]) -> "Recording":
        """The same with nothing known within the spans."""
        own = [span for span in spans if span.overlaps(self.start_ms, self.end_ms)]
        if not own:
            return self  # a year takes its memory once
        elements = {name: values.copy() for name, values in self.elements.items()}
        for span in own:
            begin, stop = positions_of(self, span.start_ms, span.end_ms)
            for values in elements.values():
                values[begin:stop] = np.nan
        return replace(self, elements=elements)

    def records(self, length: int) -> Iterator["Recording"]:
        """Cut into pieces of `length` samples that begin at multiples of it since 1970."""
        first = self.start_ms // self.cadence_ms
        begin = 0
        while begin < len(self):
            stop = min((first + begin) // length * length + length - first, len(self))
            yield self._part(begin, stop)
            begin = stop

    def holds(self, span: Span) -> bool:
        """Whether anything is known within a span."""
        begin, stop = positions_of(self, span.start_ms, span.end_ms)
        return not all(np.isnan(values[begin:stop]).all() for values in self.elements.values())

    def renamed(self, station: str) -> "Recording":
        """The same samples under another station code."""
        return replace(self, station=station)

    def _median(self, element: str) -> float:
        values = self.elements[element]
        real = values[np.abs(values) < min(FILL_VALUES)]
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
    """First of the samples from `start_ms` to `end_ms` (exclusive), and the one after the last."""
    begin = min(max(-(-(start_ms - samples.start_ms) // samples.cadence_ms), 0), len(samples))
    stop = min(max(-(-(end_ms - samples.start_ms) // samples.cadence_ms), begin), len(samples))
    return begin, stop


class Recorded(Protocol):
    """A recording, or what gives the same records."""

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
    """A recording, or what can be read as one."""

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


_OnePart = TypeVar("_OnePart", bound=_Part)


def joined(recordings: list[Recording]) -> Recording:
    """Put recordings of one station together on one grid; where they overlap the later one counts.

    Raises
    ------
    ValueError
        If they are of different stations, cadences or elements, or not on one grid.
    """
    check_alike(recordings)
    first = min(recordings, key=lambda part: part.start_ms)
    length = (max(part.end_ms for part in recordings) - first.start_ms) // first.cadence_ms
    elements = {name: np.full(length, np.nan) for name in first.elements}
    for part in recordings:
        begin = (part.start_ms - first.start_ms) // first.cadence_ms
        for name, values in part.elements.items():
            held = elements[name][begin : begin + len(part)]
            held[:] = np.where(np.isnan(values), held, values)
    return replace(first, elements=elements)


def check_alike(parts: Sequence[_Part]) -> None:
    """Refuse what cannot be one recording.

    Raises
    ------
    ValueError
        If they are of different stations, cadences or elements, or not on one grid.
    """
    alike = {(part.station, part.cadence_ms, frozenset(part.elements)) for part in parts}
    if len(alike) != 1:
        raise ValueError(f"these do not belong together: {_described(parts)}")
    if len({part.start_ms % part.cadence_ms for part in parts}) != 1:
        raise ValueError(f"these are not on one grid of samples: {_described(parts)}")


def runs(recordings: list[_OnePart]) -> list[list[_OnePart]]:
    """Divide recordings of one station, in order of time, where more than a day is missing."""
    divided: list[list[_OnePart]] = []
    for part in recordings:
        reached_ms = max((one.end_ms for one in divided[-1]), default=0) if divided else None
        if reached_ms is None or part.start_ms - reached_ms > DAY_MS:
            divided.append([])
        divided[-1].append(part)
    return divided


def _described(parts: Sequence[_Part]) -> str:
    return "; ".join(
        f"{part.station} {''.join(part.elements)} every {part.cadence_ms} ms" for part in parts
    )
