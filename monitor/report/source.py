"""The history that a report is made from: its stations, and what was read of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.dashboard.past.folder import DayFile, HistoryFolder, neighbours
from monitor.errors import Refused
from monitor.report.period import Period

MOST_NAMED = 100  # stations in a message


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that was read: its path within the history, bytes and sha256."""

    name: str
    size: int
    sha256: str


class ReadHistory(HistoryFolder):
    """A history that remembers which contents were read."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._read: dict[str, SourceFile] = {}

    def content(self, file: DayFile) -> bytes:
        """Content of a file; raises `FileRefused`."""
        content, name = super().content(file), self.name(file)
        self._read[name] = SourceFile(name, len(content), hashlib.sha256(content).hexdigest())
        return content

    def read(self) -> list[SourceFile]:
        """The files that were read, in order of their names."""
        return [self._read[name] for name in sorted(self._read)]


def fingerprint(files: Sequence[SourceFile]) -> str:
    """The sha256 of the lines of `sha256sum` about the files."""
    lines = "".join(f"{file.sha256}  {file.name}\n" for file in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def opened(folder: Path) -> ReadHistory:
    """The history in a folder.

    Raises
    ------
    Refused
        If there is none.
    """
    if str(folder).startswith("s3:"):
        raise Refused(f"{folder}: reports are made from a folder: copy the days to one first")
    if not folder.is_dir():
        raise Refused(f"{folder}: no such folder: `magwatch history {folder}` makes it")
    history = ReadHistory(folder)
    if not history.stations():
        raise Refused(f"{folder}: no files of `magwatch history` are there")
    return history


def chosen(history: HistoryFolder, wanted: Sequence[str], period: Period) -> list[str]:
    """The stations of a report; without a wish all that the history has.

    Raises
    ------
    Refused
        If the history has no such station, or nothing of them in the period.
    """
    known = history.stations()
    stations = sorted({code.upper() for code in wanted}) or known
    missing = [code for code in stations if code not in known]
    if missing:
        has = ", ".join(known[:MOST_NAMED])
        raise Refused(f"the history has nothing of {', '.join(missing)}; it has {has}")
    held = sorted({day for code in stations for day in history.all_days(code)})
    if not set(held) & set(period.days):
        before, after = neighbours(held, period.days[0])
        near = " and ".join(day for day in (before, after) if day)
        raise Refused(
            f"the history has nothing of {period.name}"
            + (f" for {', '.join(stations)}" if wanted else "")
            + f": it has {len(held):,} days from {held[0]} to {held[-1]}; nearest: {near}"
        )
    return stations
