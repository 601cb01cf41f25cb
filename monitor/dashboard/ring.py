"""The last hours of one station, in a fixed amount of memory."""

from __future__ import annotations

from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from geofield.samples import COMPONENTS, Samples
from geofield.types import Float64

Number = TypeVar("Number", np.float32, np.float64)
BYTES_PER_SAMPLE = len(COMPONENTS) * np.dtype(np.float32).itemsize


class Ring(Generic[Number]):
    """Rows by their number on a grid of time; the newest push the oldest out.

    Rows may come in any order, again, or corrected. NaN, which is what was never received, never
    replaces a value.
    """

    def __init__(self, capacity: int, columns: int, dtype: type[Number]) -> None:
        # not filled: what was never received costs no memory
        self._held: NDArray[Number] = np.empty((capacity, columns), dtype)
        self.first = self.after = 0  # number of the oldest row, and just after the newest

    def __len__(self) -> int:
        return self.after - self.first

    def put(self, first: int, rows: NDArray[Number]) -> None:
        """Take in consecutive rows; those older than the ring reaches are left out."""
        if not len(self):
            self.first = self.after = first
        end = first + len(rows)
        self._open(min(first, self.first), max(end, self.after))
        skipped = max(self.first - first, 0)
        fresh, where = rows[skipped:], self._cells(first + skipped, end)
        self._held[where] = np.where(np.isnan(fresh), self._held[where], fresh)

    def between(self, begin: int, end: int) -> tuple[int, NDArray[Number]]:
        """Rows number `begin` to `end` (exclusive), as far as the ring reaches.

        Returns
        -------
        The number of the first, and the rows [n, columns].
        """
        begin = min(max(begin, self.first), self.after)
        end = min(max(end, begin), self.after)
        return begin, self._held[self._cells(begin, end)]

    def _open(self, first: int, after: int) -> None:
        """Reach from `first` to `after`, NaN where that is new."""
        first = max(first, after - len(self._held))
        for begin, end in ((first, min(self.first, after)), (max(self.after, first), after)):
            self._held[self._cells(begin, end)] = np.nan
        self.first, self.after = first, after

    def _cells(self, begin: int, end: int) -> NDArray[np.int64]:
        return np.arange(begin, end) % len(self._held)


class FieldRing:
    """Samples of a station as float32 less their level.

    Within 500 nT of the level that keeps a thousandth of the quietest background, in half the
    memory.
    """

    def __init__(self, station: str, cadence_ms: int, capacity: int) -> None:
        self._station, self.cadence_ms = station, cadence_ms
        self._level_nt: Float64 | None = None
        self._rows = Ring(capacity, len(COMPONENTS), np.float32)

    def insert(self, samples: Samples) -> None:
        """Take in a record."""
        if self._level_nt is None:
            if np.isnan(samples.field_nt).all(axis=0).any():
                return  # no level yet, and nothing to draw either
            self._level_nt = np.nanmedian(samples.field_nt, axis=0)
        rows = (samples.field_nt - self._level_nt).astype(np.float32)
        self._rows.put(samples.first, rows)

    def between(self, start_ms: int, end_ms: int) -> Samples:
        """Samples from `start_ms` to `end_ms` (exclusive), as far as they are there."""
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
