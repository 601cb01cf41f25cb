"""The windows of one station for a program that keeps them in memory: a numpy array, moved rarely.

Written from what `docs/records.md` and the manifest of a model say, without the project's own code.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Shape:
    """Window, hop, filter length and lateness, all in samples."""

    samples: int
    hop: int
    taps: int
    lateness: int

    @property
    def half(self) -> int:
        """Samples that the filter needs on either side."""
        return self.taps // 2

    @property
    def span(self) -> int:
        """Samples under a window with both sides of the filter."""
        return self.samples + 2 * self.half


class Buffer:
    """Samples of a station by number since 1970; late ones, repeated ones and gaps are allowed."""

    __slots__ = ("_after", "_field", "_next_end", "_origin", "_shape")

    def __init__(self, shape: Shape, first: int) -> None:
        self._shape = shape
        self._origin = self._after = first
        self._next_end = -(-(first + shape.samples + shape.half) // shape.hop) * shape.hop
        self._field = np.full((4 * shape.span, 3), np.nan)

    def add(self, first: int, field: NDArray[np.float64]) -> tuple[range, NDArray[np.float64]]:
        """Take a record in; ends and samples [n, span, 3] of the windows that are now due."""
        self._make_room(first + len(field))
        oldest = max(self._after - 1 - self._shape.lateness, self._origin)
        field, first = field[max(oldest - first, 0) :], max(first, oldest)
        if len(field):
            begin = first - self._origin
            held = self._field[begin : begin + len(field)]
            held[:] = np.where(np.isnan(field), held, field)
            self._after = max(self._after, first + len(field))
        return self._due()

    def _due(self) -> tuple[range, NDArray[np.float64]]:
        shape = self._shape
        stop = self._after - shape.lateness - shape.half
        ends = range(self._next_end, max(stop, self._next_end), shape.hop)
        windows = np.empty((len(ends), shape.span, 3))
        for row, end in enumerate(ends):
            begin = end - shape.samples - shape.half - self._origin
            windows[row] = self._field[begin : begin + shape.span]
        self._next_end += len(ends) * shape.hop
        return ends, windows

    def _make_room(self, after: int) -> None:
        if after - self._origin <= len(self._field):
            return
        needed = self._next_end - self._shape.samples - self._shape.half
        kept = self._field[max(needed - self._origin, 0) : self._after - self._origin]
        self._origin = max(needed, self._origin)
        size = max(len(self._field), after - self._origin + self._shape.span)
        moved = np.full((size, 3), np.nan)
        moved[: len(kept)] = kept
        self._field = moved
