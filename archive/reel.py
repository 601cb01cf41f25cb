"""Stations' archives read as they are needed, so that a year of one sample a second fits."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TypeAlias

from archive.observatory import ArchiveRefused, checked_code, read_file, refusing
from archive.parquet import Stretch, stretches
from archive.recording import Recording, check_alike, joined, runs

Part: TypeAlias = Recording | Stretch


@dataclass(frozen=True, slots=True, eq=False)
class Reel:
    """What one `Recording` of all its parts would be, of which only a part is held at a time.

    Attributes
    ----------
    parts
        Of one station and on one grid, in the order of time, at most a day apart.
    """

    parts: Sequence[Part]

    @property
    def station(self) -> str:
        """IAGA code."""
        return self.parts[0].station

    @property
    def cadence_ms(self) -> int:
        """Sampling interval."""
        return self.parts[0].cadence_ms

    @property
    def start_ms(self) -> int:
        """Time of the first sample."""
        return self.parts[0].start_ms

    @property
    def end_ms(self) -> int:
        """Time just after the last sample (exclusive)."""
        return max(part.end_ms for part in self.parts)

    def __len__(self) -> int:
        return (self.end_ms - self.start_ms) // self.cadence_ms

    def records(self, length: int) -> Iterator[Recording]:
        """As `Recording.records`.

        Raises
        ------
        ArchiveRefused
            If a file cannot be read after all.
        """
        rest: list[Recording] = []  # begins a record that the next parts complete
        for together in _overlapping(self.parts):
            whole = joined([*rest, *map(_read, together)])
            complete_ms = whole.end_ms // (length * self.cadence_ms) * (length * self.cadence_ms)
            yield from whole.between(whole.start_ms, complete_ms).records(length)
            rest = [whole.between(complete_ms, whole.end_ms)]
        for last in rest:
            yield from last.records(length)


def open_stations(paths: Iterable[Path], station: str | None = None) -> list[Reel]:
    """Reels of all stations in the files; a silence of over a day divides a station's.

    Parquet archives are read while the reels run, files of other formats now.

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
    parts = [
        part.renamed(checked_code(station or part.station))
        for path in paths
        for part in _opened(path)
    ]
    parts.sort(key=lambda part: (part.station, part.start_ms))
    reels = [
        Reel(run)
        for _, own in groupby(parts, key=lambda part: part.station)
        for run in runs(list(own))
    ]
    try:
        for reel in reels:
            check_alike(reel.parts)
    except ValueError as error:
        raise ArchiveRefused(str(error)) from error
    return reels


def _opened(path: Path) -> Sequence[Part]:
    if path.suffix != ".parquet" or not path.is_file():
        return [read_file(path)]  # which refuses a path that is no file
    with refusing(path):
        return stretches(path)


def _read(part: Part) -> Recording:
    if isinstance(part, Recording):
        return part
    with refusing(part.path):
        return part.read()


def _overlapping(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Parts, in the order of time, that must be held together."""
    together: list[Part] = []
    for part in parts:
        if together and part.start_ms >= max(one.end_ms for one in together):
            yield together
            together = []
        together.append(part)
    yield together
