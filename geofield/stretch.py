"""What an online calibration keeps of a station's windows, until it is known which were quiet.

Kp comes hours after a window, so every window that may count is kept as a candidate and judged
once its Kp is known, or has not come in time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from geofield.indices import KpHistory
from geofield.score import KpKnown
from geofield.types import Bool, Float16, Float32, Int64

_LARGEST = 6e4  # float16 ends at 65504; no quiet value comes near


@dataclass(frozen=True, slots=True)
class Quiet:
    """When a window is quiet.

    Attributes
    ----------
    max_kp
        Highest Kp of a quiet window.
    wait_ms
        A Kp that has not come so long after the window will not come.
    window_ms
        Length of a window.
    """

    max_kp: float
    wait_ms: int
    window_ms: int


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Candidates on the grid of window ends.

    Half precision is a two-thousandth of a value, far below what a fit can tell apart, and halves
    the checkpoints.

    Attributes
    ----------
    first_end_ms
        End of the window of the first row.
    values
        Shape [n, c]: what is kept of each window; NaN where it does not count.
    judged
        The rows before this one are known to be quiet.
    kp_known
        Whether Kp was known for any of them. Once it was, a window without it is no longer quiet.
    """

    first_end_ms: int = 0
    values: Float16 = field(default_factory=lambda: np.empty((0, 1), np.float16))
    judged: int = 0
    kp_known: bool = False

    def kept(self) -> Bool:
        """Which rows count: [n]."""
        judged = np.arange(len(self.values)) < self.judged
        return judged & ~np.isnan(self.values[:, 0])

    def end_ms(self, hop_ms: int) -> Int64:
        """Window ends of the rows: [n]."""
        return self.first_end_ms + hop_ms * np.arange(len(self.values))

    def with_windows(self, end_ms: Int64, values: Float32, hop_ms: int, most: int) -> "Stretch":
        """With later windows [k, c]; of more than `most` rows the oldest are forgotten."""
        if not len(end_ms):
            return self
        held, first_ms = (self.values, self.first_end_ms) if len(self.values) else (None, end_ms[0])
        rows = (end_ms - first_ms) // hop_ms
        begin = max(int(rows[-1]) + 1 - most, 0)
        grid = np.full((int(rows[-1]) + 1 - begin, values.shape[1]), np.nan, np.float16)
        if held is not None:
            grid[: max(len(held) - begin, 0)] = held[begin:]
        fits = rows >= begin
        grid[rows[fits] - begin] = np.clip(values[fits], -_LARGEST, _LARGEST)
        judged = max(self.judged - begin, 0)
        return Stretch(int(first_ms) + begin * hop_ms, grid, judged, self.kp_known)

    def without(self, after_ms: int, until_ms: int, hop_ms: int) -> "Stretch":
        """Without the windows that end after the one and not after the other time."""
        end_ms = self.end_ms(hop_ms)
        values = self.values.copy()
        values[(end_ms > after_ms) & (end_ms <= until_ms)] = np.nan
        return replace(self, values=values)

    def without_oldest(self, rows: int, hop_ms: int) -> "Stretch":
        """Without so many of the first rows."""
        first_ms = self.first_end_ms + rows * hop_ms
        return Stretch(first_ms, self.values[rows:], max(self.judged - rows, 0), self.kp_known)

    def judge(self, history: KpHistory, at_ms: int, hop_ms: int, quiet: Quiet) -> "Stretch":
        """Decide about windows as far as is known at `at_ms`, in order of time.

        While no Kp has been known at all, windows without it are taken for quiet. With the first
        that is known, they are left out again: no index is no sign of quiet.
        """
        values = self.values.copy()
        unknown: list[int] = []
        kp_known, judged = self.kp_known, len(values)
        for row, end_ms, kp in self._pending(history, at_ms, hop_ms, quiet):
            if kp.highest is not None and kp.highest > quiet.max_kp:
                kp_known, values[row] = True, np.nan
            elif kp.complete:
                kp_known = True
            elif at_ms - end_ms > quiet.wait_ms:
                unknown.append(row)
            else:
                judged = row
                break
        if kp_known:
            values[unknown] = np.nan
            if not self.kp_known:
                values[: self.judged] = np.nan
        return Stretch(self.first_end_ms, values, judged, kp_known)

    def _pending(
        self, history: KpHistory, at_ms: int, hop_ms: int, quiet: Quiet
    ) -> Iterator[tuple[int, int, KpKnown]]:
        """Rows not judged yet, with the end of each and its Kp as known."""
        for row in range(self.judged, len(self.values)):
            if not np.isnan(self.values[row, 0]):
                end_ms = self.first_end_ms + row * hop_ms
                yield row, end_ms, history.between(end_ms - quiet.window_ms, end_ms, at_ms)
