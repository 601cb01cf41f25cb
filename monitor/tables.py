"""Scores as a file: JSON lines as on the topic, CSV, or Parquet."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TypeAlias

import msgspec

from archive.extras import needs
from monitor.errors import Refused
from monitor.records import ScoreRecord

Row: TypeAlias = dict[str, str | float | bool | None]


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


def write_scores(records: Sequence[ScoreRecord], path: Path, kind: Format) -> None:
    """Write one row for each window, in order."""
    if kind is Format.JSONL:
        path.write_bytes(b"".join(msgspec.json.encode(record) + b"\n" for record in records))
    elif kind is Format.CSV:
        _write_csv([row(record) for record in records], path)
    else:
        _write_parquet([row(record) for record in records], path)


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


def _write_parquet(rows: Sequence[Row], path: Path) -> None:
    with needs("archive"):
        import pyarrow  # noqa: PLC0415 - for Parquet only
        import pyarrow.parquet  # noqa: PLC0415
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path)


def _write_csv(rows: Sequence[Row], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]) if rows else ["station"])
        writer.writeheader()
        writer.writerows(rows)
