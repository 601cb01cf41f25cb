"""Ring buffers for the last hours of a station, of fixed size."""

from __future__ import annotations

from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from geofield.series.samples import COMPONENTS, Samples
from geofield.types import Float64

Number = TypeVar("Number", np.float32, np.float64)
BYTES_PER_SAMPLE = len(COMPONENTS) * np.dtype(np.float32).itemsize


class SampleRing(Generic[Number]):
    """Rows by their number on a grid of time; new rows displace the oldest.

    Rows may come in any order, repeated, or corrected. NaN stands for missing values and never
    replaces a value.
    """

    def __init__(self, capacity: int, columns: int, dtype: type[Number]) -> None:
        # not filled, so that unused rows take no memory
        self._cyclic: NDArray[Number] = np.empty((capacity, columns), dtype)
        self.first = self.after = 0  # number of the oldest row, and just after the newest

    def __len__(self) -> int:
        return self.after - self.first

    def put(self, first: int, rows: NDArray[Number]) -> None:
        """Put in consecutive rows; rows older than the ring are ignored."""
        if not len(self):
            self.first = self.after = first
        end = first + len(rows)
        self._open(min(first, self.first), max(end, self.after))
        skipped = max(self.first - first, 0)
        fresh, where = rows[skipped:], self._cells(first + skipped, end)
        self._cyclic[where] = np.where(np.isnan(fresh), self._cyclic[where], fresh)

    def between(self, begin: int, end: int) -> tuple[int, NDArray[Number]]:
        """Rows with the numbers `begin` to `end` (exclusive), as far as the ring has them.

        Returns
        -------
        The number of the first row, and the rows [n, columns].
        """
        begin = min(max(begin, self.first), self.after)
        end = min(max(end, begin), self.after)
        return begin, self._cyclic[self._cells(begin, end)]

    def _open(self, first: int, after: int) -> None:
        """Extend the ring to rows from `first` to `after`; new rows are NaN."""
        first = max(first, after - len(self._cyclic))
        for begin, end in ((first, min(self.first, after)), (max(self.after, first), after)):
            self._cyclic[self._cells(begin, end)] = np.nan
        self.first, self.after = first, after

    def _cells(self, begin: int, end: int) -> NDArray[np.int64]:
        return np.arange(begin, end) % len(self._cyclic)


class FieldRing:
    """Samples of a station as float32 deviations from their level.

    This takes half the memory of float64. Within 500 nT of the level the resolution is a thousandth
    of the quietest background.
    """

    def __init__(self, station: str, cadence_ms: int, capacity: int) -> None:
        self._station, self.cadence_ms = station, cadence_ms
        self._level_nt: Float64 | None = None  # median of the first record, by component
        self._rows = SampleRing(capacity, len(COMPONENTS), np.float32)

    def insert(self, samples: Samples) -> None:
        """Put in a record."""
        if self._level_nt is None:
            if np.isnan(samples.field_nt).all(axis=0).any():
                return  # a component has no value, so there is no level yet
            self._level_nt = np.nanmedian(samples.field_nt, axis=0)
        rows = (samples.field_nt - self._level_nt).astype(np.float32)
        self._rows.put(samples.first, rows)

    def between(self, start_ms: int, end_ms: int) -> Samples:
        """Samples from `start_ms` to `end_ms` (exclusive), as far as the ring has them."""
        begin, end = -(-start_ms // self.cadence_ms), -(-end_ms // self.cadence_ms)
        first, rows = self._rows.between(begin, end)
        field_nt = rows.astype(np.float64)
        if self._level_nt is not None:
            field_nt += self._level_nt
        return Samples(self._station, first * self.cadence_ms, self.cadence_ms, field_nt)

    @property
    def end_ms(self) -> int | None:
        """Time just after the newest sample; None before the first."""
        return self._rows.after * self.cadence_ms if len(self._rows) else None
