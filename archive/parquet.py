"""Parquet archives: a column `time` and one for each element, read whole or piece by piece."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from archive.elements import ELEMENTS, position_of, unit_scale
from archive.extras import needs
from archive.grid import Grid, grid_of
from archive.recording import Recording
from geofield.orientation import orientation_of
from geofield.types import Float64, Int64
from geofield.windows import DAY_MS

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive samples that are still in their file.

    Attributes
    ----------
    path, row_groups
        Where they are.
    station, start_ms, end_ms, cadence_ms
        As in `Recording`.
    elements
        Their names.
    """

    path: Path
    row_groups: tuple[int, ...]
    station: str
    start_ms: int
    end_ms: int
    cadence_ms: int
    elements: tuple[str, ...]

    def renamed(self, station: str) -> Stretch:
        """The same samples under another station code."""
        return replace(self, station=station)

    def read(self) -> Recording:
        """Read them; what `stretches` raises may be raised here."""
        file = _opened(self.path)
        return _read(file, _header(file), self.row_groups).renamed(self.station)


def stretches(path: Path) -> list[Stretch]:
    """One for each row group, or one only where these do not follow each other within a day.

    Raises
    ------
    ValueError
        If the file is no archive of magnetometer samples; the message says why.
    """
    file = _opened(path)
    header = _header(file)
    everything = tuple(range(file.num_row_groups))
    grids = _grids(file)
    if grids is None:
        parts = [(everything, grid_of(_times_ms(file, everything)))]
    else:
        parts = [((number,), grid) for number, grid in enumerate(grids)]
    station, names = header.station, tuple(header.units)
    return [
        Stretch(path, part, station, grid.start_ms, grid.end_ms, grid.cadence_ms, names)
        for part, grid in parts
    ]


def read_parquet(path: Path) -> Recording:
    """Read a whole file.

    Raises
    ------
    ValueError
        As `stretches`.
    """
    file = _opened(path)
    return _read(file, _header(file), range(file.num_row_groups))


@dataclass(frozen=True, slots=True)
class _Header:
    """What the file says of itself: `units` by element, `factor` that made values integers."""

    station: str
    position_deg: tuple[float, float] | None
    units: Mapping[str, str]
    factor: int
    flagged: bool


def _opened(path: Path) -> ParquetFile:
    with needs("archive"):
        import pyarrow.parquet  # noqa: PLC0415 - needed for Parquet archives only
    try:
        return pyarrow.parquet.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise ValueError(f"not readable as Parquet ({error})") from error


def _header(file: ParquetFile) -> _Header:
    columns, metadata = file.schema_arrow.names, file.schema_arrow.metadata or {}
    about = {key.decode(): text.decode() for key, text in metadata.items()}
    factor = re.search(r"value\*(\d+)", about.get("scale", "value*1"))
    if "time" not in columns or factor is None:
        raise ValueError("a Parquet archive needs a column `time` and one per element")
    stated = dict(re.findall(r"\b([A-Z]) (\w+)", about.get("components", "")))
    units = {name: stated.get(name, "nT") for name in columns if name in ELEMENTS}
    orientation_of(frozenset(units))
    station = about.get("station", "").split(" ")[0].upper()
    position_deg = position_of(map(about.get, ("lat", "lon")))
    return _Header(station, position_deg, units, int(factor[1]), "qc" in columns)


def _read(file: ParquetFile, header: _Header, row_groups: Sequence[int]) -> Recording:
    """Take one column after the other, so that no more than one is held twice."""
    grid = grid_of(_times_ms(file, row_groups))
    good = None
    if header.flagged:  # 0 is good; 1 missing, 2 spike, 3 out of range
        good = _column(file, row_groups, "qc") == 0  # none (NaN) is not good either
    elements = {}
    for name, unit in header.units.items():
        values = _column(file, row_groups, name).astype(np.float64)
        values = values / header.factor / unit_scale(name, unit)
        elements[name] = grid.placed(values if good is None else np.where(good, values, np.nan))
    station, position_deg = header.station, header.position_deg
    return Recording(station, grid.start_ms, grid.cadence_ms, elements, position_deg)


def _grids(file: ParquetFile) -> list[Grid] | None:
    """Extent of each row group; None if they are not of one cadence, one soon after another."""
    try:
        grids = [grid_of(_times_ms(file, [number])) for number in range(file.num_row_groups)]
    except ValueError:
        return None
    gaps_ms = [after.start_ms - before.end_ms for before, after in pairwise(grids)]
    if len({grid.cadence_ms for grid in grids}) != 1 or not all(
        0 <= gap_ms <= DAY_MS for gap_ms in gaps_ms
    ):
        return None
    return grids


def _times_ms(file: ParquetFile, row_groups: Sequence[int]) -> Int64:
    times = file.read_row_groups(list(row_groups), columns=["time"])["time"].to_numpy()
    return np.asarray(times.astype("datetime64[ms]").astype(np.int64))


def _column(file: ParquetFile, row_groups: Sequence[int], name: str) -> Int64 | Float64:
    column = file.read_row_groups(list(row_groups), columns=[name])[name]
    values: Int64 | Float64 = column.to_numpy(zero_copy_only=False)
    return values
