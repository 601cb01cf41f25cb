"""The windows of a station that a worker should have decided. No clock: times are arguments."""

from __future__ import annotations

from geofield.series.samples import Samples
from geofield.series.windows import WindowSpec
from geofield.utc import DAY_MS


class DueWindows:
    """Compares the due windows of a station with the decided ones.

    A window is due by the worker's rule: from the newest sample, the allowed lateness and the
    length of the filter. The lengths of records make no difference.
    """

    def __init__(self, window: WindowSpec, tolerance_ms: int) -> None:
        self._window = window
        self._tolerance = tolerance_ms // window.cadence_ms
        self._far: tuple[int, int] | None = None  # span of a waiting record, in sample numbers
        self._first: int | None = None  # number of the sample from which windows are counted
        self._after = 0  # number just after the newest sample
        self._decided = self._decided_before = 0  # end of the newest window that was decided
        self.waiting_since_ms: int | None = (
            None  # time since when a window is due and none was decided
        )

    def take_samples(self, samples: Samples) -> None:
        """Take in samples; those far ahead count only with a second record near them."""
        first, after = samples.first, samples.first + len(samples)
        if self._first is None or first - self._after > self._tolerance:
            before, self._far = self._far, (first, after)
            if before is None or max(first - before[1], before[0] - after) > self._tolerance:
                return  # as in `time_jumps`
            self._take(*before)
        self._far = None
        self._take(first, after)

    def _take(self, first: int, after: int) -> None:
        if self._first is None or first - self._after > DAY_MS // self._window.cadence_ms:
            self._first = first  # after more than a day of silence the worker starts afresh
        self._after = max(self._after, after)

    def take_window(self, end_ms: int) -> None:
        """Take in that the window ending at `end_ms` was decided."""
        self._decided = max(self._decided, end_ms // self._window.cadence_ms)

    def update(self, now_ms: int) -> None:
        """Compare due and decided windows at `now_ms`; a newly decided one restarts the wait."""
        if self.newest_due <= self._decided:
            self.waiting_since_ms = None
        elif self.waiting_since_ms is None or self._decided > self._decided_before:
            self.waiting_since_ms = now_ms
        self._decided_before = self._decided

    @property
    def newest_due(self) -> int:
        """End of the newest window that is due, as a sample number; 0 before the first."""
        if self._first is None:
            return 0
        due = self._window.due_ends(self._window.first_end(self._first), self._after)
        return due[-1] if due else 0
