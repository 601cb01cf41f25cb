"""Time as a grid of hours: which of them are under alarm, and which have data.

::

    published           first full hour
    ----|------------------|~~~ lead ~~~|========= alarm ==========|------> time
    windows that could raise an alarm for an hour h:
         |<-- alarm -->|~~ lead ~~| h
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from geofield.types import Bool, Float64, Int64
from geofield.utc import HOUR_MS

NO_LEVEL = -np.inf


def spans_levels(first_hours: Int64, length: int, hours: int) -> Float64:
    """1 in the hours of any span, else `NO_LEVEL`: [hours].

    Parameters
    ----------
    first_hours
        Shape [k]: first hour of each span, from the begin of the grid; it may lie outside.
    length, hours
        Length of a span and of the grid.
    """
    rises = np.zeros(hours + 1, dtype=np.int64)
    np.add.at(rises, np.clip(first_hours, 0, hours), 1)
    np.add.at(rises, np.clip(first_hours + length, 0, hours), -1)
    return np.where(np.cumsum(rises[:-1]) > 0, 1.0, NO_LEVEL)


def lasting(levels: Float64, lead_hours: int, alarm_hours: int) -> Float64:
    """Highest level that an alarm could still carry at each hour: [..., hours] to the same.

    Parameters
    ----------
    levels
        Highest level that became known for each first full hour; `NO_LEVEL` for none.
    lead_hours, alarm_hours
        An alarm lasts `alarm_hours` from `lead_hours` after its first full hour.
    """
    before = np.full((*levels.shape[:-1], lead_hours + alarm_hours - 1), NO_LEVEL)
    padded = np.concatenate([before, levels], axis=-1)
    views = np.lib.stride_tricks.sliding_window_view(padded, alarm_hours, axis=-1)
    return np.asarray(views[..., : levels.shape[-1], :].max(axis=-1))


def known_levels(known: Iterable[tuple[int, float]], first_hour: int, hours: int) -> Float64:
    """Highest value that becomes known for each first full hour: [hours].

    Parameters
    ----------
    known
        Times in ms since 1970, and values.
    first_hour, hours
        The grid.
    """
    levels = np.full(hours, NO_LEVEL)
    pairs = list(known)
    if pairs:
        at = -(-np.array([at_ms for at_ms, _ in pairs], dtype=np.int64) // HOUR_MS) - first_hour
        values = np.array([value for _, value in pairs], dtype=np.float64)
        inside = (at >= 0) & (at < hours)
        np.maximum.at(levels, at[inside], values[inside])
    return levels


def covered(
    windows: NDArray[np.integer], lead_hours: int, alarm_hours: int, least_windows: float
) -> Bool:
    """Whether each hour has data: [..., before + hours] to [..., hours].

    Parameters
    ----------
    windows
        Windows that were scored in time, by the hour in which they ended. The first
        ``lead_hours + alarm_hours`` hours lie before the grid.
    lead_hours, alarm_hours
        Rules of an alarm.
    least_windows
        Windows that must have been scored in the hours that could raise an alarm for an hour.
    """
    sums = np.cumsum(windows, axis=-1, dtype=np.int64)
    sums = np.concatenate([np.zeros((*sums.shape[:-1], 1), np.int64), sums], axis=-1)
    hours = windows.shape[-1] - lead_hours - alarm_hours
    counts = sums[..., alarm_hours : alarm_hours + hours] - sums[..., :hours]
    return np.asarray(counts >= max(least_windows, 1.0))


def stacked(rows: Sequence[NDArray[np.float64]], hours: int) -> Float64:
    """Rows [hours] as [rows, hours], also if there are none."""
    return np.stack(rows) if rows else np.empty((0, hours))
