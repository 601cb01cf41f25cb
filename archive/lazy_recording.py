"""Archives read piece by piece, so that a year of one sample a second fits into memory."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TypeAlias

from archive.observatory import (
    ArchiveRefused,
    check_archive,
    checked_code,
    joined_aloud,
    read_parts,
    refusing,
    told,
)
from archive.parquet import ParquetSpan, spans_of
from archive.recording import Recording, check_alike, divided_at_gaps, records_across
from archive.tables import NOTHING, Stated

Part: TypeAlias = Recording | ParquetSpan


@dataclass(frozen=True, slots=True, eq=False)
class LazyRecording:
    """A recording in parts, of which few are in memory at a time; gives the same records.

    Attributes
    ----------
    parts
        Parts of one station on one grid, in order of time, at most a day apart.
    ranks
        Of each part: where parts overlap, that of the higher rank counts; empty for the later.
    """

    parts: Sequence[Part]
    ranks: Sequence[int] = ()

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
        """Yield the records of `Recording.records`.

        Raises
        ------
        ArchiveRefused
            If a file cannot be read any more.
        """
        return records_across(self._pieces(), length)

    def _pieces(self) -> Iterator[Recording]:
        """Recordings that follow each other, each of the parts that overlap."""
        for parts in _overlapping(self.parts, self.ranks or range(len(self.parts))):
            read = [_read(part) for part in parts]
            yield joined_aloud(read) if len(read) > 1 else read[0]


def open_stations(
    paths: Iterable[Path], station: str | None = None, stated: Stated = NOTHING
) -> list[LazyRecording]:
    """Open the archives of all stations in the files; a gap of over a day divides a recording.

    Parquet files are read while records are taken, files of other formats now.

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
    parts = [
        part.renamed(checked_code(station or part.station, path))
        for path in paths
        for part in _opened(path, stated)
    ]
    as_given = {id(part): number for number, part in enumerate(parts)}
    parts.sort(key=lambda part: (part.station, part.start_ms))
    recordings = [
        LazyRecording(parts_together, [as_given[id(part)] for part in parts_together])
        for _, group in groupby(parts, key=lambda part: part.station)
        for parts_together in divided_at_gaps(list(group))
    ]
    try:
        for recording in recordings:
            check_alike(recording.parts)
    except ValueError as error:
        raise ArchiveRefused(str(error)) from error
    return recordings


def _opened(path: Path, stated: Stated) -> Sequence[Part]:
    if path.suffix != ".parquet":
        return read_parts(path, stated)
    check_archive(path, sys.maxsize)
    with refusing(path):
        return spans_of(path, stated)


def _read(part: Part) -> Recording:
    if isinstance(part, Recording):
        return part
    with refusing(part.path):
        return told(part.path, part.read())


def _overlapping(parts: Sequence[Part], ranks: Sequence[int]) -> Iterator[list[Part]]:
    """Divide parts, in order of time, into groups that overlap; each group by rank."""
    group: list[tuple[int, Part]] = []
    for rank, part in zip(ranks, parts, strict=True):
        if group and part.start_ms >= max(member.end_ms for _, member in group):
            yield _by_rank(group)
            group = []
        group.append((rank, part))
    yield _by_rank(group)


def _by_rank(group: list[tuple[int, Part]]) -> list[Part]:
    return [part for _, part in sorted(group, key=itemgetter(0))]
