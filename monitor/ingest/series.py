"""What of a station is in the topic, and what waits to go there: in order, once, nothing invented.

Samples are numbered from 1970 in steps of the cadence. The topic is mirrored for its newest
`MEMORY` samples, so a sample that comes again is known, and one that differs is a correction.
Nothing here reads a clock or the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from archive.recording import Recording
from geofield.series.limits import without_fills
from geofield.series.orientation import orientation_of
from geofield.types import Bool, Float64
from monitor.ingest.manner import Manner, SampleCounts

MEMORY = 3600  # samples: an hour of seconds, two and a half days of minutes
ROOM = 512  # rows behind the memory before it is moved
MOST_HELD = 3600  # samples that wait behind a gap
LONGEST_NULLS = 60  # samples without a value that are written out within a record


class OrientationDiffers(ValueError):
    """A source reports other elements than the station's."""


@dataclass(slots=True)
class StationSeries:
    """One station's samples, published and waiting.

    Attributes
    ----------
    station, cadence_ms
        Which one, and its interval.
    elements
        Letters of its vector, as `ORIENTATIONS` names them; empty until the first samples.
    after
        Number of the sample after the newest published one; None before the first.
    held_since_s
        When the oldest of the waiting samples came; None if none waits.
    gaps
        Number of gaps that were given up.
    oriented
        Whether the elements are those of the first source of the file.
    """

    station: str
    cadence_ms: int
    elements: str = ""
    after: int | None = None
    held_since_s: float | None = None
    gaps: int = 0
    oriented: bool = False
    counts: SampleCounts = field(default_factory=SampleCounts)
    _rows: Float64 = field(default_factory=lambda: np.empty((MEMORY + ROOM, 3)))
    _filled: int = 0  # rows of the memory; the last is of sample `after` - 1
    _waiting: dict[int, Float64] = field(default_factory=dict)  # rows behind a gap, by number

    def check(self, recording: Recording, *, first_source: bool) -> None:
        """Check that samples have the station's elements.

        The first source of the file may differ from what the topic has of an earlier time; then
        only what is newer than that is taken.

        Raises
        ------
        OrientationDiffers
            If they do not.
        """
        orientation = orientation_of(frozenset(recording.elements))
        if orientation == self.elements:
            self.oriented |= first_source
        elif not self.elements or (first_source and not self.oriented):
            self.elements, self._filled, self.oriented = orientation, 0, first_source
        else:
            raise OrientationDiffers(
                f"it reports {orientation}, and {self.station} has {self.elements}: name "
                "sources of one orientation"
            )

    def begin_at(self, start_ms: int) -> None:
        """Wait for samples from this time on, if there are none yet."""
        if self.after is None:
            self.after = -(-start_ms // self.cadence_ms)

    def take(self, recording: Recording, manner: Manner, now_s: float) -> list[Recording]:
        """What to publish now, in order, given further samples that `check` has passed."""
        self.counts = SampleCounts()
        first, rows = self._rows_of(recording)
        known = _with_values(rows)
        self.counts.missing = int((~known).sum())
        if self.after is None and (manner.nulls_stand or known.any()):
            self.after = first + (0 if manner.nulls_stand else int(known.argmax()))
        after = self.after if self.after is not None else first
        old = min(max(after - first, 0), len(rows))
        changed = self._changed(first, rows[:old], known[:old], corrects=manner.corrects)
        fresh = [*self._fresh(first + old, rows[old:], known[old:], manner, now_s)]
        return [self._recording(at, part) for at, part in [*changed, *fresh]]

    def restore(self, recording: Recording) -> None:
        """Take note of samples that the topic has, in the order of the topic."""
        first, rows = self._rows_of(recording)
        if self.after is None or first + len(rows) > self.after:
            begin = 0 if self.after is None else max(self.after - first, 0)
            self._append(first + begin, rows[begin:])
        else:
            begin = len(rows)
        if begin:
            self._changed(first, rows[:begin], _with_values(rows[:begin]), corrects=True)

    def released(self) -> list[Recording]:
        """What waits, in order: the gaps before it are given up."""
        if not self._waiting:
            return []
        runs = []
        numbers = sorted(self._waiting)
        for begin, stop in _runs(numbers, LONGEST_NULLS):
            first = numbers[begin]
            rows = np.full((numbers[stop - 1] - first + 1, 3), np.nan)
            for number in numbers[begin:stop]:
                rows[number - first] = self._waiting[number]
            self.gaps += first != self.after
            self._append(first, rows)
            runs.append((first, rows))
        self._waiting.clear()
        self.held_since_s = None
        return [self._recording(first, rows) for first, rows in runs]

    def gap_ms(self) -> tuple[int, int] | None:
        """Begin and end of the gap before what waits; None if nothing waits."""
        if self.after is None or not self._waiting:
            return None
        return self.after * self.cadence_ms, min(self._waiting) * self.cadence_ms

    def oldest_gap_ms(self) -> int | None:
        """Time of the oldest sample without a value that the memory still covers."""
        if self.after is None:
            return None
        missing = np.isnan(self._rows[: self._filled]).all(axis=1)
        number = self.after - self._filled + int(missing.argmax()) if missing.any() else self.after
        return number * self.cadence_ms

    @property
    def remembered(self) -> int:
        """Number of the newest samples that are known."""
        return self._filled

    @property
    def newest_ms(self) -> int | None:
        """Time of the newest published sample; None before the first."""
        return (
            None if self.after is None or not self._filled else (self.after - 1) * self.cadence_ms
        )

    @property
    def published_until(self) -> int:
        """Number of the sample up to which all has gone out or was given up."""
        return -(2**62) if self.after is None else self.after

    def _rows_of(self, recording: Recording) -> tuple[int, Float64]:
        """Number of the first sample, and rows [n, 3] without fills."""
        self.elements = self.elements or orientation_of(frozenset(recording.elements))
        columns = [recording.elements[name] for name in self.elements]
        return recording.start_ms // self.cadence_ms, without_fills(np.stack(columns, axis=1))

    def _changed(
        self, first: int, rows: Float64, known: Bool, *, corrects: bool
    ) -> list[tuple[int, Float64]]:
        """Runs of rows that differ from the memory, which is changed; a null changes nothing."""
        if not len(rows) or self.after is None:
            return []
        begin = self.after - self._filled  # number of the first row of the memory
        late = min(max(begin - first, 0), len(rows))
        self.counts.late = int(known[:late].sum())
        rows, first = rows[late:], first + late
        before = self._rows[first - begin : first - begin + len(rows)]
        fills = np.isnan(before) & ~np.isnan(rows)
        differs = ~np.isnan(before) & ~np.isnan(rows) & (before != rows) & corrects
        change = (fills | differs).any(axis=1)
        self.counts.filled = int((fills.any(axis=1) & ~differs.any(axis=1)).sum())
        self.counts.corrected = int(differs.any(axis=1).sum())
        self.counts.duplicate = int(known[late:].sum() - change.sum())
        before[:] = np.where(fills | differs, rows, before)
        numbers = np.flatnonzero(change).tolist()
        return [
            (first + numbers[begin], before[numbers[begin] : numbers[stop - 1] + 1].copy())
            for begin, stop in _runs(numbers, 0)
        ]

    def _fresh(
        self, first: int, rows: Float64, known: Bool, manner: Manner, now_s: float
    ) -> Iterator[tuple[int, Float64]]:
        """Runs of rows that follow what is published; the others wait."""
        if not len(rows) or self.after is None:
            return
        usable = np.ones(len(rows), dtype=bool) if manner.nulls_stand else known
        if not self._waiting and first == self.after and usable.all():
            self.counts.new = int(known.sum())
            self._append(first, rows)
            yield first, rows
            return
        for number in np.flatnonzero(usable).tolist():
            held = self._waiting.get(first + number)
            if held is None:
                self.counts.new += bool(known[number])
                self._waiting[first + number] = rows[number]
            else:
                self.counts.duplicate += bool(known[number])
                self._waiting[first + number] = np.where(np.isnan(rows[number]), held, rows[number])
        yield from self._following()
        if self._waiting and self.held_since_s is None:
            self.held_since_s = now_s
        elif not self._waiting:
            self.held_since_s = None

    def _following(self) -> Iterator[tuple[int, Float64]]:
        """The run of waiting rows that follows what is published."""
        rows: list[Float64] = []
        first = self.published_until
        while (row := self._waiting.pop(first + len(rows), None)) is not None:
            rows.append(row)
        if rows:
            self._append(first, np.array(rows))
            yield first, np.array(rows)

    def full(self) -> bool:
        """Whether no more may wait."""
        return len(self._waiting) > MOST_HELD

    def _append(self, first: int, rows: Float64) -> None:
        """Add published rows to the memory, with NaN for the gap before them."""
        gap = 0 if self.after is None else first - self.after
        self.after = first + len(rows)
        wanted = gap + len(rows)
        if wanted >= MEMORY:  # nothing of before is near enough
            newest = rows[-MEMORY:]
            self._rows[: MEMORY - len(newest)] = np.nan
            self._rows[MEMORY - len(newest) : MEMORY] = newest
            self._filled = MEMORY
            return
        if self._filled + wanted > len(self._rows):
            keep = MEMORY - wanted
            self._rows[:keep] = self._rows[self._filled - keep : self._filled].copy()
            self._filled = keep
        self._rows[self._filled : self._filled + gap] = np.nan
        self._rows[self._filled + gap : self._filled + wanted] = rows
        self._filled += wanted

    def _recording(self, first: int, rows: Float64) -> Recording:
        columns = {name: rows[:, number] for number, name in enumerate(self.elements)}
        return Recording(self.station, first * self.cadence_ms, self.cadence_ms, columns)


def _with_values(rows: Float64) -> Bool:
    """Which rows have any value."""
    return np.asarray(~np.isnan(rows).all(axis=1), dtype=bool)


def _runs(numbers: list[int], most_between: int) -> Iterator[tuple[int, int]]:
    """Begin and stop (exclusive) of runs in rising numbers; a longer distance divides."""
    begin = 0
    for at in range(1, len(numbers) + 1):
        if at == len(numbers) or numbers[at] - numbers[at - 1] - 1 > most_between:
            yield begin, at
            begin = at
