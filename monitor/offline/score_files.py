"""Files of scores: JSON lines as on the topic, CSV, or Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, TypeAlias

import msgspec

from archive.outputs import written
from monitor.errors import Refused
from monitor.records.scores_and_alerts import ScoreRecord
from support.extras import needs

Row: TypeAlias = dict[str, str | float | bool | None]
_CHUNK = 16_384  # rows converted at once to Parquet columns; a multiple of the writer's batches


class ScoreFormat(str, Enum):
    """File format, by the suffix of the name."""

    JSONL = ".jsonl"
    CSV = ".csv"
    PARQUET = ".parquet"

    @classmethod
    def of(cls, path: Path) -> ScoreFormat:
        """Format of a file name.

        Raises
        ------
        Refused
            If the suffix is none of the three.
        """
        try:
            return cls(path.suffix)
        except ValueError:
            known = ", ".join(kind.value for kind in cls)
            raise Refused(f"{path}: the name must end in {known}") from None


def write_scores(records: Iterable[ScoreRecord], path: Path, kind: ScoreFormat) -> None:
    """Write a row for each window, in order.

    JSON lines and CSV are written as records come. Parquet keeps all rows as columns, about 330
    bytes each, since the types of columns are known only after the last row.

    Raises
    ------
    archive.outputs.CannotWrite
        If the file cannot be written; an earlier file stays.
    """
    with written(path) as stream:
        _WRITERS[kind](records, stream)


def row(record: ScoreRecord) -> Row:
    """A score record as a flat row; errors and threshold in units of the station's scale."""
    error, promise = record.error, record.promise or None
    return {
        "station": record.station,
        "window_start_utc": record.window_start,
        "window_end_utc": record.window_end,
        "decided_utc": record.decided,
        "quality": record.quality,
        "completeness": record.completeness,
        "rmse": record.rmse,
        "mae": record.mae,
        "error_h": error.H if error else None,
        "error_e": error.E if error else None,
        "error_z": error.Z if error else None,
        "threshold": record.threshold,
        "return_period_days": record.return_period_days,
        "kp_highest": record.context.kp_highest,
        "kp_complete": record.context.kp_complete,
        "dst_lowest_nt": record.context.dst_lowest_nt,
        "trouble": " ".join(f"{fault.fault}:{fault.components}" for fault in record.trouble),
        "promise_expected": promise.expected if promise else None,
        "promise_opened": promise.opened if promise else None,
        "promise_kept": promise.kept if promise else None,
        "model_name": record.model.name,
        "model_version": record.model.version,
        "model_sha256": record.model.sha256,
    }


def _write_jsonl(records: Iterable[ScoreRecord], stream: BinaryIO) -> None:
    encoder = msgspec.json.Encoder()
    stream.writelines(encoder.encode(record) + b"\n" for record in records)


def _write_parquet(records: Iterable[ScoreRecord], stream: BinaryIO) -> None:
    with needs("archive"):
        import pyarrow  # noqa: PLC0415 - for Parquet only
        import pyarrow.parquet  # noqa: PLC0415
    rows = map(row, records)
    tables = [pyarrow.Table.from_pylist(chunk) for chunk in _chunks(rows)]
    # a column without values in a chunk has no type there
    table = pyarrow.concat_tables(tables, promote_options="permissive") if tables else None
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([]) if table is None else table, stream)


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk


def _write_csv(records: Iterable[ScoreRecord], stream: BinaryIO) -> None:
    rows = map(row, records)
    first = next(rows, None)
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    writer = csv.DictWriter(text, fieldnames=["station"] if first is None else list(first))
    writer.writeheader()
    writer.writerows(() if first is None else chain([first], rows))
    text.detach()  # flushes; the caller closes the stream


_WRITERS: dict[ScoreFormat, Callable[[Iterable[ScoreRecord], BinaryIO], None]] = {
    ScoreFormat.JSONL: _write_jsonl,
    ScoreFormat.CSV: _write_csv,
    ScoreFormat.PARQUET: _write_parquet,
}
