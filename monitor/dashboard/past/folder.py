"""The files of a history by topic, station and day.

Every path is made of a checked code and a checked date, so a request names no other file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from archive.files import FileRefused, contents
from archive.history import SAMPLES
from geofield.series.samples import STATION_CODE
from geofield.utc import DAY_MS, moment_ms, time_ms, utc_day
from monitor.errors import SettingsRefused

SCORES, ALERTS = "scores", "alerts"
TOPICS = (SAMPLES, SCORES, ALERTS)
YEARS = range(1900, 2200)  # of the samples that a worker accepts
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)
_STATION, _IN_DAY, _CADENCE = "station=", "day=", "cadence_ms="


@dataclass(frozen=True, slots=True)
class DayFile:
    """A file as it was when it was listed: other times or sizes are another content."""

    path: Path
    mtime_ns: int
    size: int


Signature = tuple[DayFile, ...]


class HistoryFolder:
    """The folder of a history, read only. What cannot be listed is not there."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def stations(self) -> list[str]:
        """Codes of the stations that have anything, in order."""
        found = {
            entry.name.removeprefix(_STATION)
            for parent in self._parents()
            for entry in _folders(parent, _STATION)
        }
        return sorted(code for code in found if STATION_CODE.fullmatch(code))

    def days(self, topic: str, station: str) -> list[str]:
        """Dates on which a station has a folder of a topic, in order."""
        parents = self._parents(topic)
        found = {
            entry.name.removeprefix(_IN_DAY)
            for parent in parents
            for entry in _folders(parent / f"{_STATION}{station}", _IN_DAY)
        }
        return sorted(day for day in found if day_ms(day) is not None)

    def all_days(self, station: str) -> list[str]:
        """Dates on which a station has anything, in order."""
        return sorted({day for topic in TOPICS for day in self.days(topic, station)})

    def files(self, topic: str, station: str, day: str) -> Signature:
        """The files of a topic, station and day, in order of their names."""
        found: list[DayFile] = []
        for parent in self._parents(topic):
            folder = parent / f"{_STATION}{station}" / f"{_IN_DAY}{day}"
            try:
                for path in sorted(folder.glob("[!.]*.parquet")):
                    status = path.stat()
                    found.append(DayFile(path, status.st_mtime_ns, status.st_size))
            except OSError:
                continue
        return tuple(found)

    def files_within(
        self, topics: Iterable[str], station: str, start_ms: int, end_ms: int
    ) -> Signature:
        """The files of a station's days that have a part of a time, and of the day before.

        Windows and alerts are kept by their begin, and may reach into the next day.
        """
        chosen = tuple(topics)
        return tuple(
            file
            for day in days_between(start_ms - DAY_MS, end_ms)
            for topic in chosen
            for file in self.files(topic, station, day)
        )

    def content(self, file: DayFile) -> bytes:
        """Content of a file. Raises `FileRefused`, with the path within the history."""
        try:
            return contents(file.path)
        except FileRefused as error:
            raise FileRefused(str(error).replace(f"{self._root}/", "")) from error

    def name(self, file: DayFile) -> str:
        """Path of a file within the history."""
        return str(file.path.relative_to(self._root))

    def _parents(self, topic: str | None = None) -> list[Path]:
        """Folders whose folders are those of stations."""
        topics = TOPICS if topic is None else (topic,)
        parents: list[Path] = []
        for name in topics:
            top = self._root / name
            parents += sorted(_folders(top, _CADENCE), key=_cadence) if name == SAMPLES else [top]
        return parents


def open_history(folder: Path) -> HistoryFolder:
    """The history in a folder, which may be empty still.

    Raises
    ------
    SettingsRefused
        If there is no such folder.
    """
    if str(folder).startswith("s3:"):
        raise SettingsRefused(
            "MAGWATCH_HISTORY: the page reads a folder, no bucket: copy the days to one first"
        )
    if not folder.is_dir():
        raise SettingsRefused(
            f"MAGWATCH_HISTORY: no such folder: {folder}: `magwatch history {folder}` makes it"
        )
    return HistoryFolder(folder)


def day_ms(text: str) -> int | None:
    """Midnight of a date such as ``2026-01-04``, ms since 1970 UTC; None if it is none."""
    if not _DAY.fullmatch(text) or int(text[:4]) not in YEARS:
        return None
    try:
        return time_ms(text)
    except ValueError:
        return None


def year_of(text: str) -> int | None:
    """A year such as ``2026``; None if it is none."""
    return int(text) if _YEAR.fullmatch(text) and int(text) in YEARS else None


def days_of_year(year: int) -> list[str]:
    """All dates of a year."""
    start_ms, end_ms = (moment_ms(datetime(one, 1, 1, tzinfo=UTC)) for one in (year, year + 1))
    return list(days_between(start_ms, end_ms))


def days_between(start_ms: int, end_ms: int) -> Iterator[str]:
    """Dates of the days that have a part of a time, the end exclusive."""
    for midnight_ms in range(start_ms // DAY_MS * DAY_MS, end_ms, DAY_MS):
        yield utc_day(midnight_ms)


def neighbours(days: Iterable[str], day: str) -> tuple[str | None, str | None]:
    """The nearest dates before and after one."""
    known = sorted(days)
    before = next((one for one in reversed(known) if one < day), None)
    return before, next((one for one in known if one > day), None)


def _folders(parent: Path, prefix: str) -> list[Path]:
    try:
        return [entry for entry in parent.iterdir() if entry.name.startswith(prefix)]
    except OSError:
        return []


def _cadence(folder: Path) -> tuple[int, str]:
    text = folder.name.removeprefix(_CADENCE)
    return (int(text) if text.isdecimal() and text.isascii() else 2**62, text)
