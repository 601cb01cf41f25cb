"""Scores and alerts of a station from the files of days."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from archive.day_samples import moments_ms
from archive.files import FileRefused, check_file
from monitor.dashboard.past.folder import ALERTS, SCORES, DayFile, HistoryFolder
from monitor.dashboard.past.samples import Faults
from monitor.dashboard.showable import NEVER_MS, AlertView, Unshowable, alert_view
from monitor.dashboard.traces import Column, ScoreTrace
from monitor.records.scores_and_alerts import AlertData, decode_alert
from support.extras import needs

RECORD = "record"
_FIGURES = ("rmse", "threshold", "return_period_days", "completeness")
_COLUMNS = ("window_end", "model", "quality", *_FIGURES)


@dataclass(frozen=True, slots=True)
class KeptAlert:
    """An alert: its versions in order, and what a page shows of the last."""

    versions: tuple[AlertData, ...]
    view: AlertView

    @property
    def last(self) -> AlertData:
        """The last version."""
        return self.versions[-1]


def table_of(folder: HistoryFolder, file: DayFile, columns: Iterable[str]) -> Any:
    """Columns of a file as a table of pyarrow.

    Raises
    ------
    FileRefused
        If it is damaged, or has no such columns.
    """
    with needs("archive"):
        import pyarrow.parquet  # noqa: PLC0415 - needed for Parquet only
    wanted, content = list(columns), folder.content(file)
    try:
        # `read_table` goes through a data set, which takes longer
        opened = pyarrow.parquet.ParquetFile(io.BytesIO(content), page_checksum_verification=True)
        table = opened.read(columns=wanted, use_threads=False)
        if missing := [name for name in wanted if name not in table.column_names]:
            raise ValueError(f"no column {missing[0]}")
    except (OSError, LookupError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise FileRefused(f"{folder.name(file)}: not readable ({reason})") from error
    return table


def times_ms(table: Any, name: str) -> list[int]:
    """A column of times, ms since 1970 UTC, without a `datetime` for each.

    Raises
    ------
    ValueError
        If it has other values.
    """
    found: list[int] = moments_ms(table[name]).tolist()
    return found


def footer_of(folder: HistoryFolder, file: DayFile) -> Any:
    """The metadata of a file, without its values.

    Raises
    ------
    FileRefused
        If it is damaged.
    """
    with needs("archive"):
        import pyarrow.parquet  # noqa: PLC0415 - needed for Parquet only
    try:
        check_file(file.path)
        return pyarrow.parquet.read_metadata(file.path)
    except (OSError, ValueError) as error:
        raise FileRefused(f"{folder.name(file)}: not readable") from error


def read_scores(
    folder: HistoryFolder, station: str, span_ms: tuple[int, int], faults: Faults
) -> dict[str, ScoreTrace]:
    """Scores of windows that end within a time, by model."""
    rows: dict[str, dict[int, tuple[Any, ...]]] = defaultdict(dict)
    for file in folder.files_within([SCORES], station, *span_ms):
        try:
            table = table_of(folder, file, _COLUMNS)
            ends_ms = times_ms(table, "window_end")
            values = (table[name].to_pylist() for name in _COLUMNS[1:])
            for end_ms, model, *row in zip(ends_ms, *values, strict=True):
                if span_ms[0] < end_ms <= span_ms[1]:
                    rows[str(model)][end_ms] = tuple(row)
        except (FileRefused, TypeError, ValueError) as error:
            faults.add(error)
    return {model: _trace(known) for model, known in sorted(rows.items())}


def read_alerts(folder: HistoryFolder, files: Iterable[DayFile], faults: Faults) -> list[KeptAlert]:
    """The alerts in files, in order of their begin."""
    versions: dict[str, dict[int, AlertData]] = defaultdict(dict)
    for file in files:
        try:
            for text in table_of(folder, file, [RECORD])[RECORD].to_pylist():
                data = decode_alert(text.encode()).data
                versions[data.alert_id][data.version] = data
        except (FileRefused, AttributeError, ValueError, RecursionError) as error:
            faults.add(error)
    alerts: list[KeptAlert] = []
    for by_number in versions.values():
        ordered = tuple(data for _, data in sorted(by_number.items()))
        try:
            view = alert_view(ordered[-1], NEVER_MS)
        except Unshowable as error:
            faults.add(f"alert {ordered[-1].alert_id}: {error}")
        else:
            alerts.append(KeptAlert(ordered, view))
    return sorted(alerts, key=lambda alert: (alert.view.start_ms, alert.view.alert_id))


def alerts_within(
    folder: HistoryFolder, station: str, span_ms: tuple[int, int], faults: Faults
) -> list[KeptAlert]:
    """Alerts that overlap a time; of those that begin more than a day before it, none."""
    files = folder.files_within([ALERTS], station, *span_ms)
    return [
        alert
        for alert in read_alerts(folder, files, faults)
        if alert.view.start_ms < span_ms[1] and span_ms[0] < alert.view.end_ms
    ]


def _trace(rows: dict[int, tuple[Any, ...]]) -> ScoreTrace:
    ends_ms = sorted(rows)
    quality, *figures = zip(*(rows[end_ms] for end_ms in ends_ms), strict=True)
    rmse, threshold, return_period_days, completeness = map(_rounded, figures)
    return ScoreTrace(
        end_ms=ends_ms,
        quality=list(quality),
        rmse=rmse,
        threshold=threshold,
        return_period_days=return_period_days,
        completeness=completeness,
    )


def _rounded(values: Iterable[float | None]) -> Column:
    rounded = np.round(np.array(list(values), dtype=float), 5).tolist()
    return [None if value != value else value for value in rounded]  # noqa: PLR0124 - NaN
