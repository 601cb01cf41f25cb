"""Scores and alerts of a station and UTC day as a table: what is often asked for, and the record.

The column `record` has the record as it was published, to the byte.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from archive.day_samples import parquet_of
from archive.files import FileRefused
from geofield.utc import time_ms, utc_day
from monitor.records.scores_and_alerts import AlertEvent, ScoreRecord, decode_alert, decode_score
from support.extras import needs

RECORD = "record"
MOST_VERSIONS = 999_999  # of an alert
_MOMENT, _REAL, _WORD, _COUNT = "moment", "real", "word", "count"


@dataclass(frozen=True, slots=True)
class TableKey:
    """What the records of one file have in common; `day` is that of the window or the alert."""

    topic: str
    station: str
    day: str

    @property
    def path(self) -> str:
        """Path of the file in a history, in Hive's layout; its name is unique as well."""
        return (
            f"{self.topic}/station={self.station}/day={self.day}/"
            f"{self.station}-{self.day}-{self.topic}.parquet"
        )


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """The place of a record: its file, and its id there, by which the file is in order."""

    table: TableKey
    id: str


@dataclass(frozen=True, slots=True)
class _RecordKind:
    """A topic: columns with their types, and what a record has in them."""

    columns: Mapping[str, str]
    decode: Callable[[bytes], Any]
    row: Callable[[Any], RecordPlace]
    values: Callable[[Any], tuple[object, ...]]


def row_of(topic: str, value: bytes) -> RecordPlace:
    """Place of a record.

    Raises
    ------
    ValueError
        If it is none of the topic.
    """
    kind = _KINDS[topic]
    record = kind.decode(value)
    kind.values(record)  # what is taken in can be written
    return kind.row(record)


class RecordTable:
    """The records of a file, by id."""

    def __init__(self, key: TableKey, content: bytes | None) -> None:
        """`content` is that of the file; None without one. Raises `FileRefused` if damaged."""
        self._kind = _KINDS[key.topic]
        self._records: dict[str, bytes] = {}
        if content is not None:
            records = records_of(content, key.path)
            self.update({row_of(key.topic, value).id: value for value in records})

    def update(self, records: Mapping[str, bytes]) -> None:
        """Put in records by id; they replace those that are there."""
        self._records.update(records)

    def to_parquet(self) -> bytes:
        """Content of the file."""
        with needs("archive"):
            import pyarrow  # noqa: PLC0415 - needed for Parquet only
        types = {
            _MOMENT: pyarrow.timestamp("ms", "UTC"),
            _REAL: pyarrow.float64(),
            _WORD: pyarrow.string(),
            _COUNT: pyarrow.int32(),
        }
        records = [self._records[name] for name in sorted(self._records)]
        rows = [self._kind.values(self._kind.decode(value)) for value in records]
        columns = zip(*rows, strict=True)
        table = pyarrow.table(
            {
                name: pyarrow.array(values, types[kind])
                for (name, kind), values in zip(self._kind.columns.items(), columns, strict=True)
            }
            | {RECORD: pyarrow.array([value.decode() for value in records])}
        )
        return parquet_of(table)


def records_of(content: bytes, name: str) -> list[bytes]:
    """The records in the content of the file `name`, in order of their ids.

    Raises
    ------
    FileRefused
        If it is damaged.
    """
    with needs("archive"):
        import pyarrow.parquet  # noqa: PLC0415 - needed for Parquet only
    try:
        table = pyarrow.parquet.read_table(
            io.BytesIO(content), columns=[RECORD], page_checksum_verification=True
        )
        return [value.encode() for value in table[RECORD].to_pylist()]
    except (OSError, LookupError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise FileRefused(f"{name}: not readable ({reason})") from error


def _score_row(score: ScoreRecord) -> RecordPlace:
    start_ms = time_ms(score.window_start)
    table = TableKey("scores", score.station, utc_day(start_ms))
    return RecordPlace(table, f"{start_ms:015} {score.window_end} {score.model.sha256}")


def _score_values(score: ScoreRecord) -> tuple[object, ...]:
    moments = (score.window_start, score.window_end, score.decided)
    return (
        *map(time_ms, moments),
        *(score.model.name, score.model.version, score.quality, score.completeness),
        *(score.rmse, score.threshold, score.return_period_days, score.context.kp_highest),
    )


def _alert_row(alert: AlertEvent) -> RecordPlace:
    data, start_ms = alert.data, time_ms(alert.data.start)
    if data.version > MOST_VERSIONS:
        raise ValueError(f"version {data.version:,} of an alert")
    table = TableKey("alerts", data.station, utc_day(start_ms))
    return RecordPlace(table, f"{start_ms:015} {data.alert_id} {data.version:06}")


def _alert_values(alert: AlertEvent) -> tuple[object, ...]:
    data = alert.data
    return (
        *(data.alert_id, data.version, data.status),
        *map(time_ms, (data.start, data.end, data.peak, data.decided)),
        *(data.score, data.threshold, data.return_period_days),
        *(data.severity, data.classification, data.kp_highest),
    )


_KINDS = {
    "scores": _RecordKind(
        dict.fromkeys(("window_start", "window_end", "decided"), _MOMENT)
        | dict.fromkeys(("model", "model_version", "quality"), _WORD)
        | dict.fromkeys(("completeness", "rmse", "threshold"), _REAL)
        | dict.fromkeys(("return_period_days", "kp_highest"), _REAL),
        decode_score,
        _score_row,
        _score_values,
    ),
    "alerts": _RecordKind(
        {"alert_id": _WORD, "version": _COUNT, "status": _WORD}
        | dict.fromkeys(("start", "end", "peak", "decided"), _MOMENT)
        | dict.fromkeys(("score", "threshold", "return_period_days"), _REAL)
        | {"severity": _WORD, "classification": _WORD, "kp_highest": _REAL},
        decode_alert,
        _alert_row,
        _alert_values,
    ),
}
