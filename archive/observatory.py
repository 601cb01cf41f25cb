"""Read observatory archives: IAGA-2002, ImagCDF, Parquet and CSV, packed or not."""

import contextlib
import logging
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from tempfile import NamedTemporaryFile

from archive.csv_table import read_csv
from archive.files import FileRefused, check_file
from archive.formats import CDF, CSV, format_of
from archive.iaga2002 import iaga_code, read_iaga2002
from archive.imagcdf import read_imagcdf, stated_code
from archive.model import cadence_refused
from archive.packed import MOST_BYTES, is_packed, unpacked
from archive.parquet import read_parquet, stated_station
from archive.readings import Readings, counted, recording_of
from archive.recording import Recorded, Recording, divided_at_gaps, joined_and_counted
from archive.tables import NOTHING, Stated
from geofield.scoring.manifest import Manifest
from geofield.series.orientation import OrientationError
from geofield.series.samples import STATION_CODE

_HEADER_BYTES = 65_536
log = logging.getLogger("magwatch.archive")


class ArchiveRefused(FileRefused):
    """A file cannot be read as magnetometer samples; the message names it and the reason."""


class SeveralStations(ValueError):
    """One station is named for files of several."""


def read_archive(
    paths: Iterable[Path], station: str | None = None, stated: Stated = NOTHING
) -> Recording:
    """Read files of one station and join them on one grid.

    Parameters
    ----------
    paths
        IAGA-2002, ImagCDF, Parquet or CSV files; of samples in several the later file counts.
    station
        IAGA code to use instead of the one in the files.
    stated
        What the user says of tables that do not say it themselves.

    Raises
    ------
    ArchiveRefused
        If a file is missing, unreadable or does not fit the others.
    """
    recordings = [_called(read_file(path, stated), station, path) for path in paths]
    try:
        return joined_aloud(recordings)
    except ValueError as error:
        raise ArchiveRefused(str(error)) from error


def read_stations(
    paths: Iterable[Path], station: str | None = None, stated: Stated = NOTHING
) -> list[Recording]:
    """Read recordings of all stations in the files; a gap of over a day divides a recording.

    Parameters and errors are those of `read_archive`, but files may be of several stations.
    """
    parts = [_called(part, station, path) for path in paths for part in read_parts(path, stated)]
    as_given = {id(part): number for number, part in enumerate(parts)}
    parts.sort(key=lambda part: (part.station, part.start_ms))
    try:
        return [
            joined_aloud(sorted(run, key=lambda part: as_given[id(part)]))
            for _, group in groupby(parts, key=lambda part: part.station)
            for run in divided_at_gaps(list(group))
        ]
    except ValueError as error:
        raise ArchiveRefused(str(error)) from error


def joined_aloud(parts: list[Recording]) -> Recording:
    """Recordings of a station joined on one grid, with a warning of the samples in several.

    Raises
    ------
    ValueError
        As `archive.recording.joined` does.
    """
    recording, repeated = joined_and_counted(parts)
    warn_of_repeated(recording.station, repeated)
    return recording


def warn_of_repeated(station: str, repeated: int) -> None:
    """Log how many samples of a station stand in several files, if any do."""
    if repeated:
        log.warning(
            "%s: %s in several files: the later file counts", station, counted(repeated, "sample")
        )


def _called(part: Recording, station: str | None, path: Path) -> Recording:
    return part.renamed(checked_code(station or part.station, path))


def checked_code(station: str, path: Path | None = None) -> str:
    """Check an IAGA code, and return it in upper case; `path` is the file that states it.

    Raises
    ------
    ArchiveRefused
        If it is no IAGA code.
    """
    code = station.upper()
    if not STATION_CODE.fullmatch(code):
        raise ArchiveRefused(
            f"{path or '--station'}: {code!r} is no IAGA code (three or four letters and digits): "
            "give one with --station"
        )
    return code


def check_cadence(recordings: Iterable[Recorded], *manifests: Manifest) -> None:
    """Check that all recordings have the cadence of one of these models.

    Raises
    ------
    ArchiveRefused
        If a recording has another cadence; the message names the station.
    """
    cadences_ms = {manifest.window.cadence_ms for manifest in manifests}
    for recording in recordings:
        if recording.cadence_ms not in cadences_ms:
            raise ArchiveRefused(
                cadence_refused(recording.station, recording.cadence_ms, *manifests)
            )


def station_of(path: Path) -> str:
    """IAGA code in a file, in upper case; usually only the header is read.

    Raises
    ------
    ArchiveRefused
        As `read_file` does, if the header shows the problem.
    """
    parquet = path.suffix == ".parquet"
    check_archive(path, sys.maxsize if parquet else MOST_BYTES)
    with refusing(path):
        if parquet:
            return stated_station(path)
        with path.open("rb") as stream:
            begin = stream.read(_HEADER_BYTES)
        if is_packed(begin):
            return read_parts(path)[0].station
        kind = format_of(begin)
        if kind == CDF:
            return stated_code(path)
        return "" if kind == CSV else iaga_code(begin)


def files_by_station(paths: Iterable[Path], station: str | None) -> dict[str, tuple[Path, ...]]:
    """Files by station: by the codes they state, or all under the code `station`.

    Raises
    ------
    ArchiveRefused
        If a header cannot be read, or a code is not valid.
    SeveralStations
        If `station` is given for files of several stations.
    """
    files: dict[str, list[Path]] = {}
    for path in paths:
        files.setdefault(station_of(path), []).append(path)
    if station is None:
        return {
            checked_code(code, its_files[0]): tuple(its_files)
            for code, its_files in sorted(files.items())
        }
    if len(files) > 1:
        raise SeveralStations(f"--station {station}: the files are of {', '.join(sorted(files))}")
    return {checked_code(station): tuple(its_files) for its_files in files.values()}


def read_file(path: Path, stated: Stated = NOTHING) -> Recording:
    """Read one file of one station; the format is recognised by its content, Parquet by its name.

    Raises
    ------
    ArchiveRefused
        If the file is missing, is no archive of magnetometer samples, or holds several stations.
    """
    parts = read_parts(path, stated)
    with refusing(path):
        return joined_aloud(parts)


def read_parts(path: Path, stated: Stated = NOTHING) -> list[Recording]:
    """Recordings of all files in a packed one, and of a file that is not packed.

    What the user should know of them is logged as warnings, with the name of the file.

    Raises
    ------
    ArchiveRefused
        If the file is missing or is no archive of magnetometer samples.
    """
    parquet = path.suffix == ".parquet"
    check_archive(path, sys.maxsize if parquet else MOST_BYTES)
    with refusing(path):
        if parquet:
            return [told(path, read_parquet(path, stated))]
        parts = [
            told(_member(path, name), _recording(content, name, path, stated))
            for name, content in unpacked(path.read_bytes())
        ]
        if not parts:
            raise ValueError("nothing is in it")
        return parts


def told(source: object, recording: Recording) -> Recording:
    """The recording, after a warning for each of its notes."""
    for note in recording.notes:
        log.warning("%s: %s", source, note)
    return recording


def _member(path: Path, name: str) -> str:
    return f"{path}: {name}" if name else str(path)


def _recording(content: bytes, name: str, path: Path, stated: Stated) -> Recording:
    """Recording of the content of a file, which is called `name` in the packed file at `path`."""
    with refusing(_member(path, name)):
        kind = format_of(content)
        if kind == CDF:
            return recording_of(_cdf(content, path))
        readings = read_csv(content, stated) if kind == CSV else read_iaga2002(content)
        return recording_of(readings)


def _cdf(content: bytes, path: Path) -> Readings:
    """Samples of ImagCDF; cdflib reads files only, so what was packed becomes one for a moment."""
    with path.open("rb") as stream:
        if not is_packed(stream.read(8)):
            return read_imagcdf(path)
    with NamedTemporaryFile(suffix=".cdf") as unpacked_file:
        unpacked_file.write(content)
        unpacked_file.flush()
        return read_imagcdf(Path(unpacked_file.name))


def check_archive(path: Path, most_bytes: int) -> None:
    """Check that a file is a regular file of at most `most_bytes`.

    Raises
    ------
    ArchiveRefused
        See `archive.files.check_file`.
    """
    try:
        check_file(path, most_bytes)
    except FileRefused as error:
        raise ArchiveRefused(str(error)) from error


@contextlib.contextmanager
def refusing(source: object) -> Iterator[None]:
    """Convert the errors of reading a file to refusals that name it.

    Raises
    ------
    ArchiveRefused
        In place of these errors.
    """
    try:
        yield
    except ArchiveRefused:
        raise
    except (OrientationError, OSError, TypeError, ValueError, OverflowError) as error:
        raise ArchiveRefused(f"{source}: {error}") from error
