"""Reads observatory archives: IAGA-2002 and ImagCDF through geomagpy, and Parquet."""

import contextlib
import io
import re
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

import numpy as np

from archive.extras import needs
from archive.recording import Recording, joined, runs
from geofield.manifest import Manifest
from geofield.orientation import OrientationError, orientation_of
from geofield.samples import STATION_CODE
from geofield.types import Bool, Float64, Int64

# A year of days of which a few are there is an archive; one wrong century is not.
MAX_STRETCH = 100
_ELEMENTS = frozenset("XYZHEDIFS")
_AXES = ("Lat", "Long")
_UNITS_PER_DEGREE = {"nt": 1.0, "deg": 1.0, "degree": 1.0, "arcmin": 60.0, "minute": 60.0}


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
    code = (station or recording.station).upper()
    if not STATION_CODE.fullmatch(code):
        raise ArchiveRefused(
            f"{code!r} is no IAGA code (three or four letters and digits): give one with --station"
        )
    return recording.renamed(code)


def check_cadence(recordings: Iterable[Recording], manifest: Manifest) -> None:
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
    read = _read_parquet if path.suffix == ".parquet" else _read_with_geomagpy
    try:
        return read(path)
    except (OrientationError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, ArchiveRefused):
            raise
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
        if name in _ELEMENTS:
            unit = str(stream.header.get(f"unit-col-{column}") or "nT")
            values = np.asarray(stream._get_column(column), dtype=np.float64)
            elements[name] = values / _unit_scale(path, name, unit)
    station = str(stream.header.get("StationID") or "")
    position_deg = _position_deg(stream.header.get(f"DataAcquisition{axis}itude") for axis in _AXES)
    return _gridded(path, station, times_ms, elements, position_deg)


def _read_parquet(path: Path) -> Recording:
    with needs("archive"):
        import pyarrow.parquet  # noqa: PLC0415 - needed for Parquet archives only
    try:
        table = pyarrow.parquet.read_table(path)
    except (OSError, ValueError) as error:
        raise ArchiveRefused(f"{path}: not readable as Parquet ({error})") from error
    about = {key.decode(): text.decode() for key, text in (table.schema.metadata or {}).items()}
    scale = re.search(r"value\*(\d+)", about.get("scale", "value*1"))
    units = dict(re.findall(r"\b([A-Z]) (\w+)", about.get("components", "")))
    names = [name for name in table.column_names if name in _ELEMENTS]
    if "time" not in table.column_names or scale is None:
        raise ArchiveRefused(f"{path}: a Parquet archive needs a column `time` and one per element")
    good = _good(table["qc"].to_numpy(zero_copy_only=False)) if "qc" in table.column_names else None
    elements = {}
    for name in names:
        values = table[name].to_numpy(zero_copy_only=False).astype(np.float64)
        values = values / int(scale[1]) / _unit_scale(path, name, units.get(name, "nT"))
        elements[name] = values if good is None else np.where(good, values, np.nan)
    times_ms = table["time"].to_numpy().astype("datetime64[ms]").astype(np.int64)
    station, position_deg = (
        about.get("station", "").split(" ")[0],
        _position_deg(map(about.get, ("lat", "lon"))),
    )
    return _gridded(path, station, times_ms, elements, position_deg)


def _good(flags: Int64 | Float64) -> Bool:
    """Flag 0 is good; 1 missing, 2 spike, 3 out of range; none (NaN) is not good either."""
    return np.asarray(flags == 0)


def _unit_scale(path: Path, element: str, unit: str) -> float:
    """How many of `unit` make one nT or one degree."""
    scale = _UNITS_PER_DEGREE.get(unit.lower().rstrip("s"))
    if scale is None:
        raise ArchiveRefused(f"{path}: element {element} is in {unit!r}, which is not known here")
    return scale


def _position_deg(stated: Iterable[object]) -> tuple[float, float] | None:
    """Latitude and longitude as a file states them; None if it states none that can be."""
    try:
        latitude_deg, longitude_deg = (float(str(value)) for value in stated)
    except ValueError:
        return None
    if not (abs(latitude_deg) <= 90 and abs(longitude_deg) <= 360):
        return None
    return latitude_deg, round((longitude_deg + 180) % 360 - 180, 6)


def _gridded(
    path: Path,
    station: str,
    times_ms: Int64,
    elements: dict[str, Float64],
    position_deg: tuple[float, float] | None,
) -> Recording:
    """Put samples on the grid of their own cadence; missing times become NaN."""
    orientation_of(frozenset(elements))
    if len(times_ms) < 2:
        raise ArchiveRefused(f"{path}: a single sample has no cadence")
    if np.isnat(times_ms.view("datetime64[ms]")).any():
        raise ArchiveRefused(f"{path}: a sample has no time")
    cadence_ms = int(np.quantile(np.diff(times_ms), 0.5, method="lower"))  # a step that occurs
    if cadence_ms <= 0:
        raise ArchiveRefused(f"{path}: the times do not increase")
    start_ms = round(int(times_ms.min()) / cadence_ms) * cadence_ms
    position = np.rint((times_ms - start_ms) / cadence_ms).astype(np.int64)
    if position.max() > MAX_STRETCH * len(position):
        raise ArchiveRefused(f"{path}: its times are too far apart to be one recording")
    gridded = {name: np.full(int(position.max()) + 1, np.nan) for name in elements}
    for name, values in elements.items():
        gridded[name][position] = values
    return Recording(station.upper(), start_ms, cadence_ms, gridded, position_deg)
