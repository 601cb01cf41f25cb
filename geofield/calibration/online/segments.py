"""Candidate windows of an online calibration, kept until it is known which were quiet.

Kp arrives hours after a window. So every window that may count is kept as a candidate, and judged
when its Kp is known or overdue.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from geofield.calibration.quiet import windows_by_kp
from geofield.indices import IndexHistory
from geofield.types import Bool, Float16, Float32, Int64

LARGEST = 6e4  # float16 ends at 65504; quiet values are far smaller


@dataclass(frozen=True, slots=True)
class Quiet:
    """Rule of quiet windows.

    Attributes
    ----------
    max_kp
        Highest Kp of a quiet window.
    wait_ms
        Time after the window for which its Kp is awaited.
    window_ms
        Length of a window.
    """

    max_kp: float
    wait_ms: int
    window_ms: int


@dataclass(frozen=True, slots=True, eq=False)
class CandidateSegment:
    """Candidate windows on the grid of window ends.

    Half precision (a relative error of 1/2000) is far finer than a fit can resolve, and halves the
    size of checkpoints.

    Attributes
    ----------
    first_end_ms
        End of the window of the first row.
    values
        Shape [n, c]: values of each window, see `candidates.values`; NaN where it does not count.
    judged
        Number of rows that are judged; those of them that are not NaN are quiet.
    kp_known
        Whether Kp was known for any window. From then on, windows without Kp are not quiet.
    """

    first_end_ms: int = 0
    values: Float16 = field(default_factory=lambda: np.empty((0, 1), np.float16))
    judged: int = 0
    kp_known: bool = False

    @property
    def known(self) -> int:
        """Number of rows that are not NaN."""
        return int(np.count_nonzero(~np.isnan(self.values[:, 0])))

    def usable(self) -> Bool:
        """Whether each row is judged and quiet: [n]."""
        judged = np.arange(len(self.values)) < self.judged
        return judged & ~np.isnan(self.values[:, 0])

    def end_ms(self, hop_ms: int) -> Int64:
        """Window ends of the rows: [n], ms since 1970 UTC."""
        return self.first_end_ms + hop_ms * np.arange(len(self.values))

    def with_windows(
        self, end_ms: Int64, values: Float32, hop_ms: int, most: int
    ) -> "CandidateSegment":
        """The segment with later windows [k, c]; it drops the oldest rows beyond `most`."""
        if not len(end_ms):
            return self
        first_ms = self.first_end_ms if len(self.values) else end_ms[0]
        rows = (end_ms - first_ms) // hop_ms
        begin = max(int(rows[-1]) + 1 - most, 0)
        grid = np.full((int(rows[-1]) + 1 - begin, values.shape[1]), np.nan, np.float16)
        if len(self.values):
            grid[: max(len(self.values) - begin, 0)] = self.values[begin:]
        fits = rows >= begin
        grid[rows[fits] - begin] = np.clip(values[fits], -LARGEST, LARGEST)
        judged = max(self.judged - begin, 0)
        return CandidateSegment(int(first_ms) + begin * hop_ms, grid, judged, self.kp_known)

    def without(self, after_ms: int, until_ms: int, hop_ms: int) -> "CandidateSegment":
        """The segment without windows that end after `after_ms` and not after `until_ms`."""
        end_ms = self.end_ms(hop_ms)
        values = self.values.copy()
        values[(end_ms > after_ms) & (end_ms <= until_ms)] = np.nan
        return replace(self, values=values)

    def without_oldest(self, rows: int, hop_ms: int) -> "CandidateSegment":
        """The segment without its first `rows` rows."""
        first_ms = self.first_end_ms + rows * hop_ms
        return CandidateSegment(
            first_ms, self.values[rows:], max(self.judged - rows, 0), self.kp_known
        )

    def judge(
        self, history: IndexHistory, at_ms: int, hop_ms: int, quiet: Quiet
    ) -> "CandidateSegment":
        """Judge windows, in order of time, by the Kp known at `at_ms`.

        Until a first Kp is known, windows without Kp count as quiet. After that they do not count,
        nor do earlier ones: a missing index is no sign of quiet.
        """
        values = self.values.copy()
        rows = self.judged + np.flatnonzero(~np.isnan(values[self.judged :, 0]))
        end_ms = self.first_end_ms + hop_ms * rows
        kp = windows_by_kp(end_ms, quiet.window_ms, history, quiet.max_kp, at_ms)
        waiting = np.flatnonzero(kp.unknown & (at_ms - end_ms <= quiet.wait_ms))
        count = int(waiting[0]) if len(waiting) else len(rows)
        judged = int(rows[count]) if count < len(rows) else len(values)
        kp_known = self.kp_known or not kp.unknown[:count].all()
        values[rows[:count][kp.disturbed[:count]]] = np.nan
        if kp_known:
            values[rows[:count][kp.unknown[:count]]] = np.nan
            if not self.kp_known:
                values[: self.judged] = np.nan
        return CandidateSegment(self.first_end_ms, values, judged, kp_known)
