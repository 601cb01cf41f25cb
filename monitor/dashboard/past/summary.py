"""A year of a station in a line a day: samples, alerts, and whether the promise was kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from archive.files import FileRefused
from archive.history import SAMPLES
from monitor.dashboard.past.folder import ALERTS, SCORES, DayFile, HistoryFolder, Signature
from monitor.dashboard.past.records import RECORD, footer_of, table_of
from monitor.dashboard.past.samples import key_of

MOST_DAYS = 20_000  # that are remembered: a year of fifty stations
_PROMISE = '"promise":{'
_ALERT_COLUMNS = ("alert_id", "version", "classification")


class _Promise(msgspec.Struct):
    kept: bool


class _Scored(msgspec.Struct):
    """What a score says of the promise, and no more."""

    promise: _Promise | None = None


_scored = msgspec.json.Decoder(_Scored)


@dataclass(frozen=True, slots=True)
class DaySummary:
    """A day of a station.

    Attributes
    ----------
    complete
        Share of the samples that have a value, 0-1; None if none are kept.
    alerts
        Classes of the alerts that begin on the day.
    kept
        Whether the promised rate of false alerts was being kept at the end of the day; None if the
        scores do not say.
    damaged
        Whether a file cannot be read.
    """

    complete: float | None
    alerts: tuple[str, ...]
    kept: bool | None
    damaged: bool


@dataclass(slots=True)
class Summaries:
    """Summaries of days. Those whose files are as they were are not read again."""

    folder: HistoryFolder
    _known: OrderedDict[tuple[str, str], tuple[Signature, DaySummary]] = field(
        default_factory=OrderedDict
    )
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def of(self, station: str, days: Sequence[str]) -> dict[str, DaySummary]:
        """Summaries by date, of the days that the history has."""
        found: dict[str, DaySummary] = {}
        with self._turn:
            held = set(self.folder.all_days(station))
            for day in days:
                if day in held:
                    found[day] = self._summary(station, day)
            while len(self._known) > MOST_DAYS:
                self._known.popitem(last=False)
        return found

    def _summary(self, station: str, day: str) -> DaySummary:
        samples, scores, alerts = (
            self.folder.files(topic, station, day) for topic in (SAMPLES, SCORES, ALERTS)
        )
        signature = (*samples, *scores, *alerts)
        known = self._known.pop((station, day), None)
        if known and known[0] == signature:
            made = known[1]
        else:
            made = self._read(station, samples, scores, alerts)
        self._known[station, day] = signature, made
        return made

    def _read(
        self, station: str, samples: Signature, scores: Signature, alerts: Signature
    ) -> DaySummary:
        damaged = False
        complete: float | None = None
        classes: tuple[str, ...] = ()
        kept: bool | None = None
        try:
            complete = _complete(self.folder, station, samples)
        except FileRefused:
            damaged = True
        try:
            classes = _classes(self.folder, alerts)
        except FileRefused:
            damaged = True
        try:
            kept = _kept(self.folder, scores)
        except FileRefused:
            damaged = True
        return DaySummary(complete, classes, kept, damaged)


def _complete(folder: HistoryFolder, station: str, files: Signature) -> float | None:
    """Share of the samples of the fastest cadence, by the statistics in the footers."""
    shares: dict[int, float] = {}
    for file in files:
        key = key_of(file, station)
        if key is None:
            continue
        footer = footer_of(folder, file)
        known = footer.num_rows - _nulls(footer, key.orientation)
        shares[key.cadence_ms] = shares.get(key.cadence_ms, 0.0) + known / len(key)
    return min(shares[min(shares)], 1.0) if shares else None


def _nulls(footer: Any, elements: str) -> int:
    """Rows that lack an element, at least: that of the element which lacks most."""
    nulls = dict.fromkeys(elements, 0)
    for number in range(footer.num_row_groups):
        group = footer.row_group(number)
        for place in range(group.num_columns):
            column = group.column(place)
            if column.path_in_schema in nulls and column.statistics is not None:
                nulls[column.path_in_schema] += column.statistics.null_count or 0
    return max(nulls.values())


def _classes(folder: HistoryFolder, files: Signature) -> tuple[str, ...]:
    """The class of each alert in its last version."""
    last: dict[str, tuple[int, str]] = {}
    for file in files:
        columns = table_of(folder, file, _ALERT_COLUMNS).to_pydict()
        for alert_id, version, name in zip(*columns.values(), strict=True):
            last[str(alert_id)] = max(last.get(str(alert_id), (0, "")), (version, str(name)))
    return tuple(name for _, (_, name) in sorted(last.items()))


def _kept(folder: HistoryFolder, files: Sequence[DayFile]) -> bool | None:
    """What the last score of a day that speaks of the promise says."""
    for file in reversed(files):
        records = table_of(folder, file, [RECORD])[RECORD]
        try:
            for place in range(len(records) - 1, -1, -1):  # the last that has one, mostly the last
                text = records[place].as_py()
                if _PROMISE in text:
                    promise = _scored.decode(text).promise
                    return promise.kept if promise else None
        except (TypeError, ValueError) as error:
            raise FileRefused(f"{folder.name(file)}: {error}") from error
    return None
