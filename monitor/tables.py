"""Scores as a file: JSON lines as on the topic, CSV, or Parquet."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from itertools import chain, islice
from pathlib import Path
from typing import TypeAlias

import msgspec

from archive.extras import needs
from monitor.errors import Refused
from monitor.records import ScoreRecord

Row: TypeAlias = dict[str, str | float | bool | None]
_CHUNK = 16_384  # rows of Parquet that are held as rows; a multiple of the writer's own batches


class Format(str, Enum):
    """File format, chosen by the ending of the name."""

    JSONL = ".jsonl"
    CSV = ".csv"
    PARQUET = ".parquet"

    @classmethod
    def of(cls, path: Path) -> Format:
        """Format of a file name.

        Raises
        ------
        Refused
            If the ending is none of the three.
        """
        try:
            return cls(path.suffix)
        except ValueError:
            known = ", ".join(kind.value for kind in cls)
            raise Refused(f"{path}: the name must end in {known}") from None


def write_scores(records: Iterable[ScoreRecord], path: Path, kind: Format) -> None:
    """Write one row for each window, in order, as they come.

    Rows are not kept; Parquet keeps them as columns, a third of a kilobyte each, until the last
    one has come, because only then are the types of all columns known. The file takes its name
    when it is complete: what stood there before stays until then.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        _WRITERS[kind](records, part)
        part.replace(path)
    except OSError as error:
        if error.filename == str(part):  # of which nobody has heard
            error.filename = str(path)
        raise
    finally:
        part.unlink(missing_ok=True)


def row(record: ScoreRecord) -> Row:
    """A score record without nesting; errors and threshold in units of the station's scale."""
    error = record.error
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
        "trouble": " ".join(f"{one.fault}:{one.components}" for one in record.trouble),
        "model_name": record.model.name,
        "model_version": record.model.version,
        "model_sha256": record.model.sha256,
    }


def _write_jsonl(records: Iterable[ScoreRecord], path: Path) -> None:
    encoder = msgspec.json.Encoder()
    with path.open("wb") as stream:
        stream.writelines(encoder.encode(record) + b"\n" for record in records)


def _write_parquet(records: Iterable[ScoreRecord], path: Path) -> None:
    with needs("archive"):
        import pyarrow  # noqa: PLC0415 - for Parquet only
        import pyarrow.parquet  # noqa: PLC0415
    rows = map(row, records)
    tables = [pyarrow.Table.from_pylist(chunk) for chunk in _chunks(rows)]
    # a column that is empty in one chunk has no type there
    whole = pyarrow.concat_tables(tables, promote_options="permissive") if tables else None
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([]) if whole is None else whole, path)


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk


def _write_csv(records: Iterable[ScoreRecord], path: Path) -> None:
    rows = map(row, records)
    first = next(rows, None)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=["station"] if first is None else list(first))
        writer.writeheader()
        writer.writerows(() if first is None else chain([first], rows))


_WRITERS: dict[Format, Callable[[Iterable[ScoreRecord], Path], None]] = {
    Format.JSONL: _write_jsonl,
    Format.CSV: _write_csv,
    Format.PARQUET: _write_parquet,
}
