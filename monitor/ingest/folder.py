"""A folder that files are dropped into: every format that `magwatch score` reads.

A file is read when it has not changed for a moment, and again when it has changed. One that looks
cut off may still be written: it is waited for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from archive.files import FileRefused, visible
from archive.observatory import read_parts
from archive.recording import Recording
from archive.truncation import CUT
from monitor.http.fetch import Unanswered
from monitor.ingest.manner import POLLED, Manner
from monitor.ingest.parsing import recording_of
from monitor.ingest.source import Deliver, SourceMessage
from monitor.ingest.stations import StationPlan
from monitor.ingest.watch import SourceWatch
from support.extras import ExtraMissing

LOOK_S = 2.0
CUT_OFF_S = 60.0  # that a file which looks cut off may stay so
UNFINISHED = (".part", ".tmp", ".partial", ".filepart", "~")
FileState = tuple[int, int]  # size, and when it changed, ns
log = structlog.get_logger("magwatch.ingest.folder")


@dataclass(slots=True)
class FolderSource:
    """The files of one station.

    Attributes
    ----------
    plans
        The station.
    folder
        Where its files are.
    watch
        Told of failures.
    room
        Returns when Kafka has the records of the file before.
    once
        Whether to end when all files have been read.
    look_s
        Time between two looks.
    """

    plans: Sequence[StationPlan]
    folder: Path
    watch: SourceWatch
    room: Callable[[], Awaitable[object]]
    once: bool = False
    look_s: float = LOOK_S
    manner: Manner = POLLED
    terms: str = ""
    now_s: Callable[[], float] = time.time
    _seen: dict[Path, FileState] = field(default_factory=dict)  # as they were at the last look
    _read: dict[Path, FileState] = field(default_factory=dict)
    _changed_s: dict[Path, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name in the log and the metrics."""
        return f"folder:{self.folder}"

    def parse(self, message: SourceMessage) -> list[Recording]:
        """Samples of the file that the message names.

        Raises
        ------
        archive.observatory.ArchiveRefused
            If it cannot be read as samples of the station.
        """
        plan, recordings = message.plan, []
        for part in read_parts(Path(message.subject)):
            if part.station not in ("", plan.station):
                raise ValueError(f"it is of {part.station}, not of {plan.station}")
            if part.cadence_ms != plan.cadence_ms:
                raise ValueError(
                    f"it has a sample every {part.cadence_ms / 1000:g} s, and [{plan.station}] "
                    f"says {plan.table.cadence}"
                )
            checked = recording_of(plan, part.start_ms, part.elements, 1.0)
            recordings += [checked] if checked else []
        return sorted(recordings, key=lambda recording: recording.start_ms)

    async def listen(self, deliver: Deliver) -> None:
        """Look for new and changed files for ever, or until all are read."""
        while True:
            try:
                waiting = await self._look(deliver)
                self.watch.state(self.name, None)
            except FileRefused as error:
                self.watch.state(self.name, str(error))
                waiting = False
            if self.once and not waiting:
                return
            await asyncio.sleep(self.look_s)

    async def check(self) -> str:
        """Count the files of the folder."""
        try:
            return f"{len(self._files()):,} files"
        except FileRefused as error:
            raise Unanswered(str(error)) from None

    async def _look(self, deliver: Deliver) -> bool:
        """Read what has changed and is complete; return whether a file is still waited for."""
        waiting = False
        for path in self._due():
            state = _state(path)
            if state is None:
                continue
            if self._seen.get(path) != state:
                self._seen[path], self._changed_s[path] = state, self.now_s()
                waiting = True
            elif self._may_grow(path):
                waiting = True
            else:
                self._read[path] = state
                deliver(SourceMessage(self.plans[0], str(path), b""))
                await self.room()
        return waiting

    def _due(self) -> list[Path]:
        """Files that have not been read as they are now, oldest data last written first."""
        reach_s = self.plans[0].table.reach_h * 3600
        due = []
        for path in self._files():
            state = _state(path)
            if state is None or self._read.get(path) == state:
                continue
            if path not in self._seen and self.now_s() - state[1] / 1e9 > reach_s:
                self._read[path] = state  # of an earlier run
                continue
            due.append(path)
        return due

    def _files(self) -> list[Path]:
        return [path for path in visible(self.folder) if not path.name.endswith(UNFINISHED)]

    def _may_grow(self, path: Path) -> bool:
        """Whether a file looks cut off and is young enough to be still written."""
        if self.now_s() - self._changed_s[path] > CUT_OFF_S:
            return False
        try:
            read_parts(path)
        except FileRefused as error:
            return CUT in str(error) or "it is empty" in str(error)
        except ExtraMissing:  # the reader will say so
            return False
        return False


def _state(path: Path) -> FileState | None:
    """Size and time of the last change of a file; None for what is no file, or gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_size, status.st_ctime_ns) if path.is_file() else None
