"""Selection of quiet windows by Kp."""

from dataclasses import dataclass

import numpy as np

from geofield.indices import EVENTUALLY_MS, KP, IndexHistory
from geofield.types import Bool, Float64, Int64


@dataclass(frozen=True, slots=True, eq=False)
class WindowsByKp:
    """Windows by what is known of Kp; each window is of one kind.

    Attributes
    ----------
    quiet
        Shape [n]: Kp is known over the whole window and nowhere above the limit.
    disturbed
        Shape [n]: a known Kp is above the limit.
    unknown
        Shape [n]: neither; Kp is not completely known.
    highest
        Highest known Kp; None if none is known.
    """

    quiet: Bool
    disturbed: Bool
    unknown: Bool
    highest: float | None


def windows_by_kp(
    end_ms: Int64,
    length_ms: int,
    history: IndexHistory,
    max_kp: float,
    as_known_ms: int = EVENTUALLY_MS,
) -> WindowsByKp:
    """Divide windows by their Kp; `IndexHistory.between` says the same of one window.

    Parameters
    ----------
    end_ms
        Shape [n]: window ends, ms since 1970 UTC.
    length_ms
        Length of a window.
    history
        Known values of Kp.
    max_kp
        Highest Kp of a quiet window.
    as_known_ms
        Time at which Kp is looked up; as it is known in the end if not given.
    """
    highest, complete = _highest_kp(end_ms - length_ms, end_ms, history, as_known_ms)
    disturbed = highest > max_kp
    quiet = complete & ~disturbed
    known = highest[highest > -np.inf]
    most = float(known.max()) if len(known) else None
    return WindowsByKp(quiet, disturbed, ~quiet & ~disturbed, most)


def _highest_kp(
    start_ms: Int64, end_ms: Int64, history: IndexHistory, as_known_ms: int
) -> tuple[Float64, Bool]:
    """Highest Kp known in each window, -inf if none, and whether it is known for all of it: [n]."""
    highest, complete = np.full(len(end_ms), -np.inf), np.ones(len(end_ms), dtype=bool)
    reach = (int(start_ms.min()), int(end_ms.max())) if len(end_ms) else (0, 0)
    known = history.known(KP, *reach, as_known_ms)
    begins, stops = np.array(list(known), np.int64).reshape(-1, 2).T
    values = np.array(list(known.values()))
    first = np.searchsorted(stops, start_ms, side="right")
    last = np.searchsorted(begins, end_ms, side="left")
    reached_ms = start_ms.copy()
    for number in range(int((last - first).max(initial=0))):  # a window lies in one or two of them
        there = first + number < last
        at = np.minimum(first + number, len(values) - 1)
        complete &= ~there | (begins[at] <= reached_ms)
        reached_ms = np.where(there, np.maximum(reached_ms, stops[at]), reached_ms)
        highest = np.where(there, np.maximum(highest, values[at]), highest)
    return highest, complete & (reached_ms >= end_ms)
