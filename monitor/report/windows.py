"""What the scores of a station say: how many, how late, which trouble, the promise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from archive.files import FileRefused
from geofield.utc import time_ms, utc_day
from monitor.dashboard.past.alert_words import known
from monitor.dashboard.past.folder import SCORES, DayFile, HistoryFolder
from monitor.dashboard.past.records import RECORD, table_of
from monitor.dashboard.past.samples import Faults
from monitor.records.scores_and_alerts import (
    ModelFields,
    PromiseFields,
    ScoreRecord,
    decode_score,
)

SpanMs = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Consecutive windows with the same sign of instrument trouble.

    `seen` is what was measured in the last of them, in words; empty if nothing was.
    """

    fault: str
    components: str
    span_ms: SpanMs
    windows: int
    seen: str


@dataclass(frozen=True, slots=True)
class WindowCounts:
    """The windows of a time.

    Attributes
    ----------
    by_quality
        How many were scored (``ok``), ``insufficient`` or ``calibrating``.
    delays_s
        Median and 95 % of the time from the end of a window to `decided`; None without windows.
    models
        Which models scored, by name.
    troubles
        Signs of instrument trouble, in order.
    promises
        The last word on the promised rate of false alerts, by model.
    kept
        Whether the promise was being kept by all models at the end of a day, by date.
    """

    by_quality: Counter[str]
    delays_s: tuple[float, float] | None
    models: tuple[ModelFields, ...]
    troubles: tuple[Trouble, ...]
    promises: dict[str, PromiseFields]
    kept: dict[str, bool]


def read_windows(
    folder: HistoryFolder, station: str, span_ms: SpanMs, faults: Faults
) -> WindowCounts:
    """Count the windows that end within a time, the end included."""
    found: dict[tuple[int, str], ScoreRecord] = {}
    for file in folder.files_within([SCORES], station, *span_ms):
        for record in _records(folder, file, faults):
            end_ms = time_ms(record.window_end)
            if span_ms[0] < end_ms <= span_ms[1]:
                found[end_ms, record.model.sha256] = record
    windows = [found[key] for key in sorted(found)]
    delays_s = [(time_ms(one.decided) - time_ms(one.window_end)) / 1000 for one in windows]
    promises, kept = _promises(windows)
    return WindowCounts(
        by_quality=Counter(one.quality for one in windows),
        delays_s=_median_and_95(delays_s),
        models=tuple(
            sorted({one.model for one in windows}, key=lambda one: (one.name, one.version))
        ),
        troubles=tuple(_troubles(windows)),
        promises=promises,
        kept=kept,
    )


def _records(folder: HistoryFolder, file: DayFile, faults: Faults) -> Iterator[ScoreRecord]:
    try:
        texts = table_of(folder, file, [RECORD])[RECORD].to_pylist()
    except FileRefused as error:
        faults.add(error)
        return
    refused, why = 0, ""
    for text in texts:
        try:
            record = decode_score(text.encode())
            for moment in (record.window_start, record.window_end, record.decided):
                time_ms(moment)
        except (AttributeError, ValueError, OverflowError, RecursionError) as error:
            refused, why = refused + 1, str(error)
        else:
            yield record
    if refused:
        faults.add(f"{folder.name(file)}: {refused:,} records are no scores ({why})")


def _median_and_95(values: list[float]) -> tuple[float, float] | None:
    if not values:
        return None
    median, high = np.quantile(values, (0.5, 0.95))
    return float(median), float(high)


def _promises(
    windows: Iterable[ScoreRecord],
) -> tuple[dict[str, PromiseFields], dict[str, bool]]:
    last: dict[str, PromiseFields] = {}
    by_day: dict[str, dict[str, bool]] = {}
    for window in windows:
        if promise := known(window.promise):
            last[window.model.name] = promise
            day = utc_day(time_ms(window.window_end) - 1)
            by_day.setdefault(day, {})[window.model.name] = promise.kept
    return last, {day: all(kept.values()) for day, kept in by_day.items()}


def _troubles(windows: Iterable[ScoreRecord]) -> list[Trouble]:
    open_by: dict[tuple[str, str, str], Trouble] = {}
    ended: list[Trouble] = []
    for window in windows:
        span_ms = time_ms(window.window_start), time_ms(window.window_end)
        for finding in window.trouble:
            key = finding.fault, finding.components, window.model.sha256
            before, seen = open_by.get(key), known(finding.seen) or ""
            if before is not None and span_ms[0] <= before.span_ms[1]:
                whole_ms = before.span_ms[0], max(span_ms[1], before.span_ms[1])
                windows_of_it, seen = before.windows + 1, seen or before.seen
            else:
                ended += [before] if before else []
                whole_ms, windows_of_it = span_ms, 1
            open_by[key] = Trouble(finding.fault, finding.components, whole_ms, windows_of_it, seen)
    found = [*ended, *open_by.values()]
    return sorted(found, key=lambda one: (one.span_ms, one.fault, one.components))
