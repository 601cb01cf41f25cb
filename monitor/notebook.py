"""From Python: read, calibrate and score archives and look into a history, without Kafka.

Tables are pyarrow's. ``.to_pandas()`` makes a DataFrame of pandas, and polars and DuckDB take them
as they are. Times are UTC; units are in the names of columns. ``docs/from-python.md`` shows all of
it at work.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from archive.decimation import at_cadence
from archive.elements import ANGLES
from archive.history import with_day_files
from archive.lazy_recording import open_stations
from archive.observatory import ArchiveRefused, check_cadence
from archive.profile import save_profile
from archive.recording import Recorded, Recording
from archive.shipped import find_model
from geofield.calibration.profile import StationProfile
from geofield.utc import DAY_MS, time_ms
from monitor.alert_table import COLUMNS, newest
from monitor.assembly import alert_rules, assemble_all, living_rules, load_models, window_spec
from monitor.dashboard.past.folder import HistoryFolder
from monitor.errors import Refused
from monitor.history.record_tables import records_of
from monitor.offline.calibration.archive_parts import read_parts
from monitor.offline.calibration.calibrate import MAX_KP, CalibrationPlan, calibrated
from monitor.offline.score import kp_history, score_recordings
from monitor.offline.score_files import Row, row
from monitor.records.scores_and_alerts import (
    AlertEvent,
    alert_event,
    decode_alert,
    decode_score,
    model_fields,
    score_record,
)
from monitor.settings import load_settings
from support.extras import needs
from support.progress import progress_bar
from support.spans import Span, span_of

if TYPE_CHECKING:
    import pyarrow

Paths: TypeAlias = str | Path | Sequence[str | Path]
MODEL = "ulf-1hz"


@dataclass(frozen=True, slots=True)
class ScoredArchive:
    """What came of scoring: a row for each window, and a row for each alert as of its end."""

    scores: pyarrow.Table
    alerts: pyarrow.Table


def read(paths: Paths, station: str | None = None, days: str = "") -> pyarrow.Table:
    """Samples of archive files or of a history, as filed.

    Parameters
    ----------
    paths
        IAGA-2002, ImagCDF, Parquet or CSV files, or the folder of a history.
    station
        IAGA code: of a history the station to read, of files the one to name them by.
    days
        Part of them, as ``2026-01-04`` or ``2026-01-04/2026-01-06`` or ``FROM/TO`` with times.

    Returns
    -------
    Columns `station`, `time` (UTC) and the elements, as ``X_nt`` or ``D_deg``; null where missing.

    Raises
    ------
    archive.observatory.ArchiveRefused
        If a file cannot be read.
    """
    with needs("archive"):
        import pyarrow  # noqa: PLC0415
    parts = [
        _samples_table(record)
        for recording in _recordings(paths, station, _span(days))
        for record in recording.records(DAY_MS // recording.cadence_ms)
    ]
    return pyarrow.concat_tables(parts, promote_options="default")


def calibrate(
    paths: Paths,
    station: str | None = None,
    days: str = "",
    *,
    model: str | Path = MODEL,
    false_alarms_per_month: float = 1.0,
    max_kp: float = MAX_KP,
    left_out: Sequence[str] = (),
) -> StationProfile:
    """The profile of a station, fitted to its quiet data as by ``magwatch calibrate``.

    Parameters
    ----------
    paths, station, days
        As for `read`.
    model
        Name of a shipped model, or an ONNX file.
    false_alarms_per_month
        How many alerts a month quiet data may open.
    max_kp
        Highest Kp of a quiet window.
    left_out
        Spans that are not the field, written as `days` are.

    Raises
    ------
    archive.observatory.ArchiveRefused, monitor.errors.Refused
        If a file cannot be read, or the data cannot carry this rate.
    """
    settings = load_settings()
    (chosen,) = load_models(settings, find_model(model))
    window = window_spec(settings, chosen.model.manifest)
    plan = CalibrationPlan(
        window,
        alert_rules(settings),
        false_alarms_per_month,
        max_kp,
        left_out=tuple(map(span_of, left_out)),
        living=living_rules(settings, window),
    )
    span = _span(days)
    files = _files(paths, station, span)
    parts = read_parts(files, station, span, plan.left_out, chosen.model.manifest)
    with progress_bar("windows") as bar:
        task = bar.add_task("calibrate", total=None)
        return calibrated(parts, chosen.model, plan, lambda n: bar.advance(task, n)).profile


def score(
    paths: Paths,
    profiles: StationProfile | Iterable[StationProfile],
    station: str | None = None,
    days: str = "",
    *,
    model: str | Path = MODEL,
) -> ScoredArchive:
    """Scores and alerts of archives, as a worker would publish them, with Kp as known then.

    Parameters
    ----------
    paths, station, days
        As for `read`.
    profiles
        From `calibrate` or `archive.profile.load_profile`.
    model
        As for `calibrate`.

    Raises
    ------
    archive.observatory.ArchiveRefused
        If a file cannot be read.
    archive.profile.ProfileRefused
        If a profile is of another model.
    """
    recordings = _recordings(paths, station, _span(days))
    with TemporaryDirectory() as folder:
        for profile in [profiles] if isinstance(profiles, StationProfile) else profiles:
            save_profile(profile, Path(folder))
        (assembly,) = assemble_all(load_settings(profiles=Path(folder)), find_model(model))
    recordings = at_cadence(recordings, assembly.accepts.cadence_ms)
    check_cadence(recordings, assembly.model.manifest)
    about, kp = model_fields(assembly.rules.model), kp_history(recordings)
    rows, events = list[Row](), list[AlertEvent]()
    with progress_bar("samples") as bar:
        task = bar.add_task("score", total=sum(map(len, recordings)))
        for outcome in score_recordings(recordings, assembly, kp, lambda n: bar.advance(task, n)):
            rows += [row(score_record(window, about)) for window in outcome.scores]
            events += map(alert_event, outcome.alerts)
    return ScoredArchive(_scores_table(rows), _alerts_table(events))


def history(
    folder: str | Path, topic: Literal["scores", "alerts"], station: str, days: str = ""
) -> pyarrow.Table:
    """Scores or alerts that ``magwatch history`` keeps; `read` has the samples.

    Parameters
    ----------
    folder
        Of the history.
    topic
        Of alerts each is there once, as of its newest version.
    station
        IAGA code.
    days
        As for `read`: days of the windows, and of the beginnings of the alerts.

    Returns
    -------
    The columns of `ScoredArchive`.

    Raises
    ------
    archive.files.FileRefused
        If a file is damaged.
    monitor.errors.Refused
        If the history has no such records.
    """
    span, code, kept = _span(days), station.upper(), HistoryFolder(Path(folder))
    files = [
        file
        for day in kept.days(topic, code)
        if span.overlaps(day_ms := time_ms(day), day_ms + DAY_MS)
        for file in kept.files(topic, code, day)
    ]
    if not files:
        raise Refused(f"{folder}: no {topic} of {code}{f' on {days}' if days else ''}")
    values = [value for file in files for value in records_of(kept.content(file), str(file.path))]
    if topic == "scores":
        return _scores_table(row(decode_score(value)) for value in values)
    return _alerts_table(map(decode_alert, values))


def _span(days: str) -> Span:
    return span_of(days) if days else Span()


def _files(paths: Paths, station: str | None, span: Span) -> list[Path]:
    given = [paths] if isinstance(paths, str | Path) else paths
    return with_day_files(map(Path, given), station, span)


def _recordings(paths: Paths, station: str | None, span: Span) -> Sequence[Recorded]:
    recordings = open_stations(_files(paths, station, span), station)
    if span == Span():
        return recordings
    parts = [
        part
        for recording in recordings
        for record in recording.records(DAY_MS // recording.cadence_ms)
        if len(part := record.between(span.start_ms, span.end_ms))
    ]
    if not parts:
        raise ArchiveRefused(f"no samples on {span}")
    return parts


def _samples_table(record: Recording) -> pyarrow.Table:
    with needs("archive"):
        import pyarrow  # noqa: PLC0415
    begin_ms = record.start_ms + record.offset_ms
    times = begin_ms + record.cadence_ms * np.arange(len(record))
    elements = {
        f"{name}_{'deg' if name in ANGLES else 'nt'}": pyarrow.array(values, from_pandas=True)
        for name, values in record.elements.items()
    }
    return pyarrow.table(
        {
            "station": pyarrow.repeat(record.station, len(record)),
            "time": pyarrow.array(times, pyarrow.timestamp("ms", "UTC")),
            **elements,
        }
    )


def _scores_table(rows: Iterable[Row]) -> pyarrow.Table:
    return _with_times(list(rows), "window_start_utc", "window_end_utc", "decided_utc")


def _alerts_table(events: Iterable[AlertEvent]) -> pyarrow.Table:
    rows = [
        {name: getattr(event.data, name) for name in COLUMNS if name != "duration_s"}
        for event in newest(events)
    ]
    return _with_times(rows, "start", "end", "peak")


def _with_times(rows: list[dict[str, Any]], *columns: str) -> pyarrow.Table:
    """A table of rows whose texts in `columns` are times."""
    with needs("archive"):
        import pyarrow  # noqa: PLC0415
    for one in rows:
        one |= {name: datetime.fromisoformat(one[name]) for name in columns}
    return pyarrow.Table.from_pylist(rows)
