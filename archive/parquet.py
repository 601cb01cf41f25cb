"""Parquet archives: a column `time` and one column for each element."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from archive.elements import position_of
from archive.grid import SampleGrid, grid_of
from archive.readings import Readings, recording_of
from archive.recording import Recording
from archive.tables import NOTHING, Stated, TableColumns, columns_of
from archive.truncation import check_parquet
from geofield.types import Float64, Int64
from geofield.utc import DAY_MS
from support.extras import needs

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile


@dataclass(frozen=True, slots=True)
class ParquetSpan:
    """Consecutive samples in a file, not read yet.

    Attributes
    ----------
    path, row_groups
        File and row groups of the samples.
    station, start_ms, end_ms, cadence_ms
        As in `Recording`.
    elements
        Names of the elements.
    stated
        What the user said of the file.
    """

    path: Path
    row_groups: tuple[int, ...]
    station: str
    start_ms: int
    end_ms: int
    cadence_ms: int
    elements: tuple[str, ...]
    stated: Stated = NOTHING

    def renamed(self, station: str) -> ParquetSpan:
        """The same samples under another station code."""
        return replace(self, station=station)

    def read(self) -> Recording:
        """Read the samples; raises the errors of `spans_of`."""
        file = _opened(self.path)
        return _read(file, _header(file, self.stated), self.row_groups).renamed(self.station)


def spans_of(path: Path, stated: Stated = NOTHING) -> list[ParquetSpan]:
    """Spans of a file: one for each row group, or a single one.

    It is a single one if the row groups are not of one cadence, or not in order within a day.

    Raises
    ------
    ValueError
        If the file is no archive of magnetometer samples; the message says why.
    """
    file = _opened(path)
    header = _header(file, stated)
    everything = tuple(range(file.num_row_groups))
    grids = _grids(file, header.columns.time)
    if grids is None:
        parts = [(everything, grid_of(_times_ms(file, everything, header.columns.time)))]
    else:
        parts = [((number,), grid) for number, grid in enumerate(grids)]
    station, names = header.station, tuple(header.columns.names)
    return [
        ParquetSpan(path, part, station, grid.start_ms, grid.end_ms, grid.cadence_ms, names, stated)
        for part, grid in parts
    ]


def stated_station(path: Path) -> str:
    """IAGA code that a file states.

    Raises
    ------
    ValueError
        As `spans_of` does.
    """
    return _about_station(_about(_opened(path)))


def read_parquet(path: Path, stated: Stated = NOTHING) -> Recording:
    """Read a whole file.

    Raises
    ------
    ValueError
        As `spans_of` does.
    """
    file = _opened(path)
    return _read(file, _header(file, stated), range(file.num_row_groups))


@dataclass(frozen=True, slots=True)
class _Header:
    """Metadata of a file: its `columns`, and the `factor` that made values integers."""

    station: str
    position_deg: tuple[float, float] | None
    columns: TableColumns
    factor: int
    flagged: bool


def _opened(path: Path) -> ParquetFile:
    with needs("archive"):
        import pyarrow.parquet  # noqa: PLC0415 - needed for Parquet archives only
    with _refusing_damage():
        check_parquet(path)
        return pyarrow.parquet.ParquetFile(path, page_checksum_verification=True)


@contextmanager
def _refusing_damage() -> Iterator[None]:
    """Convert the errors of pyarrow for damaged files to a ValueError of one line."""
    try:
        yield
    except (OSError, ValueError, LookupError, NotImplementedError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"not readable as Parquet ({reason}): get it again") from error


def _about(file: ParquetFile) -> Mapping[str, str]:
    """Metadata of a file as text."""
    metadata = file.schema_arrow.metadata or {}
    return {
        key.decode("utf-8", "replace"): text.decode("utf-8", "replace")
        for key, text in metadata.items()
    }


def _about_station(about: Mapping[str, str]) -> str:
    return about.get("station", "").split(" ")[0].upper()


def _header(file: ParquetFile, stated: Stated) -> _Header:
    names, about = file.schema_arrow.names, _about(file)
    factor = re.search(r"value\*(\d+)", about.get("scale", "value*1"))
    if factor is None or not int(factor[1]):
        raise ValueError(f"its scale {about['scale']!r} is not like 'value*1000'")
    in_file = dict(re.findall(r"\b([A-Z]) (\w+)", about.get("components", "")))
    return _Header(
        _about_station(about),
        position_of(map(about.get, ("lat", "lon"))),
        columns_of(names, in_file, stated),
        int(factor[1]),
        "qc" in names,
    )


def _read(file: ParquetFile, header: _Header, row_groups: Sequence[int]) -> Recording:
    columns = header.columns
    good = None
    if header.flagged:  # 0 is good; 1 missing, 2 spike, 3 out of range
        good = _column(file, row_groups, "qc") == 0  # a missing flag (NaN) is not good
    elements = {}
    for element, name in columns.names.items():
        values = _column(file, row_groups, name).astype(np.float64) / header.factor
        elements[element] = values if good is None else np.where(good, values, np.nan)
    times_ms = _times_ms(file, row_groups, columns.time)
    return recording_of(
        Readings(header.station, times_ms, elements, columns.units, header.position_deg)
    )


def _grids(file: ParquetFile, time: str) -> list[SampleGrid] | None:
    """Grid of each row group; None if they are not of one cadence, or not in order within a day."""
    try:
        grids = [grid_of(_times_ms(file, [number], time)) for number in range(file.num_row_groups)]
    except ValueError:
        return None
    gaps_ms = [after.start_ms - before.end_ms for before, after in pairwise(grids)]
    if len({grid.cadence_ms for grid in grids}) != 1 or not all(
        0 <= gap_ms <= DAY_MS for gap_ms in gaps_ms
    ):
        return None
    return grids


def _times_ms(file: ParquetFile, row_groups: Sequence[int], name: str) -> Int64:
    with _refusing_damage():
        times = file.read_row_groups(list(row_groups), columns=[name])[name].to_numpy()
    if times.dtype.kind != "M":
        raise ValueError(f"column {name} is {times.dtype}, not a timestamp of Parquet")
    return np.asarray(times.astype("datetime64[ms]").astype(np.int64))


def _column(file: ParquetFile, row_groups: Sequence[int], name: str) -> Int64 | Float64:
    with _refusing_damage():
        column = file.read_row_groups(list(row_groups), columns=[name])[name]
    values: Int64 | Float64 = column.to_numpy(zero_copy_only=False)
    return values
