"""Reads observatory archives: IAGA-2002 and ImagCDF through geomagpy, and Parquet."""

import contextlib
import io
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

import numpy as np

from archive.elements import ELEMENTS, position_of, unit_scale
from archive.extras import needs
from archive.grid import grid_of
from archive.parquet import read_parquet
from archive.recording import Recorded, Recording, joined, runs
from geofield.manifest import Manifest
from geofield.orientation import OrientationError, orientation_of
from geofield.samples import STATION_CODE

_AXES = ("Lat", "Long")


class ArchiveRefused(ValueError):
    """A file that cannot be read as magnetometer samples; the message names it and says why."""


def read_archive(paths: Iterable[Path], station: str | None = None) -> Recording:
    """Read files of one station and join them on one grid.

    Parameters
    ----------
    paths
        IAGA-2002, ImagCDF or Parquet files, in any order.
    station
        IAGA code to use instead of the one in the files.

    Raises
    ------
    ArchiveRefused
        If a file is missing, unreadable or does not fit the others.
    """
    recordings = [_called(read_file(path), station) for path in paths]
    try:
        return joined(recordings)
    except ValueError as error:
        raise ArchiveRefused(str(error)) from error


def read_stations(paths: Iterable[Path], station: str | None = None) -> list[Recording]:
    """Recordings of all stations in the files; a silence of over a day divides a station's.

    Parameters and errors are those of `read_archive`, but files may be of several stations.
    """
    parts = [_called(read_file(path), station) for path in paths]
    parts.sort(key=lambda part: (part.station, part.start_ms))
    try:
        return [
            joined(run)
            for _, own in groupby(parts, key=lambda part: part.station)
            for run in runs(list(own))
        ]
    except ValueError as error:
        raise ArchiveRefused(str(error)) from error


def _called(recording: Recording, station: str | None) -> Recording:
    return recording.renamed(checked_code(station or recording.station))


def checked_code(station: str) -> str:
    """The code in upper case.

    Raises
    ------
    ArchiveRefused
        If it is none.
    """
    code = station.upper()
    if not STATION_CODE.fullmatch(code):
        raise ArchiveRefused(
            f"{code!r} is no IAGA code (three or four letters and digits): give one with --station"
        )
    return code


def check_cadence(recordings: Iterable[Recorded], manifest: Manifest) -> None:
    """A model takes one cadence only.

    Raises
    ------
    ArchiveRefused
        Naming the station that has another.
    """
    for recording in recordings:
        if recording.cadence_ms != manifest.window.cadence_ms:
            raise ArchiveRefused(
                f"{recording.station}: one sample every {recording.cadence_ms / 1000:g} s, but the "
                f"model {manifest.name} takes one every {manifest.window.cadence_ms / 1000:g} s"
            )


def read_file(path: Path) -> Recording:
    """Read one file; the format is recognised by its content, Parquet by its name.

    Raises
    ------
    ArchiveRefused
        If the file is missing or is not an archive of magnetometer samples.
    """
    if not path.is_file():
        raise ArchiveRefused(f"{path}: {'not a file' if path.exists() else 'no such file'}")
    with refusing(path):
        return read_parquet(path) if path.suffix == ".parquet" else _read_with_geomagpy(path)


@contextlib.contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Name the file in what is wrong with it.

    Raises
    ------
    ArchiveRefused
        Instead of what reading it raises.
    """
    try:
        yield
    except ArchiveRefused:
        raise
    except (OrientationError, TypeError, ValueError, OverflowError) as error:
        raise ArchiveRefused(f"{path}: {error}") from error


def _read_with_geomagpy(path: Path) -> Recording:
    with needs("archive"):
        from magpy.stream import read  # noqa: PLC0415 - slow to import, needed for archives only
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # geomagpy prints while it reads
            stream = read(str(path))
    except Exception as error:  # geomagpy raises whatever its format readers raise
        raise ArchiveRefused(f"{path}: not readable as an archive ({error})") from error
    if not stream.length()[0]:
        raise ArchiveRefused(f"{path}: no samples found; is it IAGA-2002 or ImagCDF?")
    times_ms = stream.ndarray[0].astype("datetime64[ms]").astype(np.int64)
    elements = {}
    for column in "xyzf":
        name = str(stream.header.get(f"col-{column}") or "").upper()
        if name in ELEMENTS:
            unit = str(stream.header.get(f"unit-col-{column}") or "nT")
            values = np.asarray(stream._get_column(column), dtype=np.float64)
            elements[name] = values / unit_scale(name, unit)
    orientation_of(frozenset(elements))
    grid = grid_of(times_ms)
    placed = {name: grid.placed(values) for name, values in elements.items()}
    station = str(stream.header.get("StationID") or "").upper()
    position_deg = position_of(stream.header.get(f"DataAcquisition{axis}itude") for axis in _AXES)
    return Recording(station, grid.start_ms, grid.cadence_ms, placed, position_deg)
