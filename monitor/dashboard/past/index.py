"""Where each alert of a history is, by its id, and which alerts are before and after it."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from dataclasses import dataclass, field
from pathlib import Path

from monitor.dashboard.past.folder import ALERTS, DayFile, HistoryFolder
from monitor.dashboard.past.records import table_of, times_ms

LOOK_S = 2.0  # between two looks at the folder


@dataclass(frozen=True, slots=True, order=True)
class AlertPlace:
    """An alert, in the order of a station's alerts."""

    station: str
    start_ms: int
    alert_id: str
    day: str


@dataclass(slots=True)
class AlertIndex:
    """Alerts of all stations. Files that are as they were are not read again; threads may share it.

    A file that cannot be read has no alerts here; the page of its day says why.
    """

    folder: HistoryFolder
    _files: dict[Path, tuple[DayFile, list[AlertPlace]]] = field(default_factory=dict)
    _places: dict[str, AlertPlace] = field(default_factory=dict)
    _ordered: list[AlertPlace] = field(default_factory=list)
    _looked_s: float = -LOOK_S
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def find(self, alert_id: str) -> AlertPlace | None:
        """The place of an alert; None if the history has none of this id."""
        with self._turn:
            self._look()
            return self._places.get(alert_id)

    def around(self, place: AlertPlace) -> tuple[str | None, str | None]:
        """Ids of the station's alerts before and after one."""
        with self._turn:
            at = bisect_left(self._ordered, place)
            before, after = at - 1, at + 1
            return self._same(before, place.station), self._same(after, place.station)

    def _same(self, at: int, station: str) -> str | None:
        if not 0 <= at < len(self._ordered) or self._ordered[at].station != station:
            return None
        return self._ordered[at].alert_id

    def _look(self) -> None:
        if time.monotonic() - self._looked_s < LOOK_S:
            return
        known: dict[Path, tuple[DayFile, list[AlertPlace]]] = {}
        for station in self.folder.stations():
            for day in self.folder.days(ALERTS, station):
                for file in self.folder.files(ALERTS, station, day):
                    before = self._files.get(file.path)
                    same = before is not None and before[0] == file
                    known[file.path] = before if same else (file, self._read(file, station, day))  # type: ignore[assignment]
        self._files = known
        self._ordered = sorted({place for _, places in known.values() for place in places})
        self._places = {place.alert_id: place for place in self._ordered}
        self._looked_s = time.monotonic()

    def _read(self, file: DayFile, station: str, day: str) -> list[AlertPlace]:
        try:
            table = table_of(self.folder, file, ("alert_id", "start"))
            found = zip(table["alert_id"].to_pylist(), times_ms(table, "start"), strict=True)
            return [
                AlertPlace(station, start_ms, str(alert_id), day) for alert_id, start_ms in found
            ]
        except ValueError:  # FileRefused is one
            return []
