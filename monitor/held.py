"""Recordings held in half the memory, so that a year of one sample a second fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from archive.recording import Recording, joined, positions_of
from geofield.orientation import FILL_VALUES, orientation_of
from geofield.types import Float32, Float64
from geofield.windows import DAY_MS


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """The elements of a recording's vector as float32 less their level.

    Within 500 nT of the level this keeps 0.00003 nT, a three-hundredth of what archives print and
    a thousandth of the quietest background.

    Attributes
    ----------
    station, start_ms, cadence_ms
        As in `Recording`.
    level
        Median of each element, nT or degrees.
    departure
        Arrays of shape [n] by element: difference from the level, NaN where missing.
    position_deg
        As in `Recording`.
    """

    station: str
    start_ms: int
    cadence_ms: int
    level: Mapping[str, float]
    departure: Mapping[str, Float32]
    position_deg: tuple[float, float] | None = None

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
        """The part from `start_ms` to `end_ms` (exclusive), as far as it is there."""
        begin, stop = positions_of(self, start_ms, end_ms)
        elements = {
            name: self.level[name] + values[begin:stop].astype(np.float64)
            for name, values in self.departure.items()
        }
        start_ms = self.start_ms + begin * self.cadence_ms
        return Recording(self.station, start_ms, self.cadence_ms, elements)


def held(recording: Recording) -> Held:
    """Hold what the vector of a recording needs."""
    level, departure = {}, {}
    for name in orientation_of(frozenset(recording.elements)):
        reported: Float64 = np.asarray(recording.elements[name], dtype=np.float64)
        # what stands for missing must not come back as something near it
        missing = np.isin(np.floor(np.abs(reported)), FILL_VALUES)
        values = np.where(missing, np.nan, reported)
        known = values[~np.isnan(values)]
        level[name] = float(np.median(known)) if len(known) else 0.0
        departure[name] = (values - level[name]).astype(np.float32)
    return Held(
        recording.station,
        recording.start_ms,
        recording.cadence_ms,
        level,
        departure,
        recording.position_deg,
    )


def runs_of(parts: Sequence[Held]) -> list[list[Held]]:
    """Divide parts, in order of time, where more than a day is missing."""
    divided: list[list[Held]] = []
    reached_ms = None
    for part in parts:
        if reached_ms is None or part.start_ms - reached_ms > DAY_MS:
            divided.append([])
        divided[-1].append(part)
        reached_ms = max(reached_ms or part.end_ms, part.end_ms)
    return divided


def piece(parts: Sequence[Held], begin_ms: int, stop_ms: int) -> Recording:
    """The samples between two times on one grid; missing where no part has them.

    Raises
    ------
    ValueError
        If the parts are not on one grid or not of one kind.
    """
    found = [part.between(begin_ms, stop_ms) for part in parts if part.overlaps(begin_ms, stop_ms)]
    first = parts[0]
    length = (stop_ms - begin_ms) // first.cadence_ms
    missing = {name: np.full(length, np.nan) for name in first.departure}
    nothing = Recording(first.station, begin_ms, first.cadence_ms, missing)
    return joined([nothing, *found])
