"""Samples of a station from the files of days, in H, E, Z."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from archive.day_samples import DayKey, DaySamples, from_parquet
from archive.decimation import DecimatedRecording
from archive.files import FileRefused
from archive.history import SAMPLES
from archive.recording import Recording, joined
from geofield.series.low_pass import low_pass
from geofield.series.orientation import OrientationError, orientation_of
from geofield.series.samples import COMPONENTS, Samples
from geofield.utc import HOUR_MS
from monitor.dashboard.past.folder import DayFile, HistoryFolder, day_ms, days_between

_NAME = re.compile(
    r"[A-Z0-9]+-(?P<day>\d{4}-\d\d-\d\d)-(?P<cadence>[1-9]\d{0,8})ms-"
    r"(?P<orientation>[A-Z]{3})(?:(?P<offset>[+-]\d{1,9})ms)?\.parquet",
    re.ASCII,
)
MOST_FAULTS = 20  # told of on a page


@dataclass(slots=True)
class Faults:
    """What could not be read, in words, for the page."""

    words: list[str] = field(default_factory=list)

    def add(self, error: object) -> None:
        """Note one; beyond `MOST_FAULTS` they are no longer told apart."""
        text = str(error)
        if len(self.words) < MOST_FAULTS and text not in self.words:
            self.words.append(text)


def read_samples(
    folder: HistoryFolder,
    station: str,
    span_ms: tuple[int, int],
    declination_deg: float,
    faults: Faults,
    cadence_ms: int | None = None,
) -> Samples | None:
    """Samples of a time, the end exclusive; None if there are none.

    Parameters
    ----------
    folder
        The history.
    station
        IAGA code.
    span_ms
        Begin and end, ms since 1970 UTC.
    declination_deg
        Reference declination of the station.
    faults
        Takes what could not be read.
    cadence_ms
        Cadence that is wanted, filtered from faster samples as a worker does where there are none;
        None for the fastest.
    """
    days = _days(folder, station, span_ms, faults)
    cadences_ms = sorted({day.key.cadence_ms for day in days})
    if not cadences_ms:
        return None
    wanted_ms = cadence_ms or cadences_ms[0]
    if wanted_ms in cadences_ms:
        return _samples(_of(days, wanted_ms), span_ms, wanted_ms, declination_deg, faults)
    for faster_ms in cadences_ms:
        if low_pass(faster_ms, wanted_ms):
            return _filtered(_of(days, faster_ms), span_ms, wanted_ms, declination_deg, faults)
    return None


def key_of(file: DayFile, station: str) -> DayKey | None:
    """What the name of a file of samples says; None for a file of somebody else."""
    named = _NAME.fullmatch(file.path.name)
    if named is None or (midnight_ms := day_ms(named["day"])) is None:
        return None
    offset_ms = int(named["offset"] or 0)
    return DayKey(station, midnight_ms, int(named["cadence"]), named["orientation"], offset_ms)


def _days(
    folder: HistoryFolder, station: str, span_ms: tuple[int, int], faults: Faults
) -> list[DaySamples]:
    days: list[DaySamples] = []
    for day in days_between(*span_ms):
        for file in folder.files(SAMPLES, station, day):
            if (key := key_of(file, station)) is None:
                faults.add(f"{folder.name(file)}: no file of `magwatch history` has this name")
                continue
            try:
                days.append(from_parquet(key, folder.content(file)))
            except (FileRefused, TypeError, OverflowError) as error:
                faults.add(error)
    return days


def _of(days: Sequence[DaySamples], cadence_ms: int) -> list[Recording]:
    return [
        Recording(day.key.station, day.key.first * cadence_ms, cadence_ms, day.elements)
        for day in days
        if day.key.cadence_ms == cadence_ms and day.elements
    ]


def _samples(
    recordings: Sequence[Recording],
    span_ms: tuple[int, int],
    cadence_ms: int,
    declination_deg: float,
    faults: Faults,
) -> Samples | None:
    """The recordings, whatever their orientations, on the grid of a time."""
    first, stop = (-(-moment_ms // cadence_ms) for moment_ms in span_ms)
    field_nt = np.full((max(stop - first, 0), len(COMPONENTS)), np.nan)
    station = ""
    for whole in recordings:
        part, station = whole.between(*span_ms), whole.station
        if not len(part):
            continue
        try:
            known_nt = part.samples(declination_deg).field_nt
        except OrientationError as error:
            faults.add(f"{station}: {error}")
            continue
        begin = part.start_ms // cadence_ms - first
        target = field_nt[begin : begin + len(part)]
        np.copyto(target, known_nt, where=~np.isnan(known_nt))
    if np.isnan(field_nt).all():
        return None
    return Samples(station, first * cadence_ms, cadence_ms, field_nt)


def _filtered(
    recordings: Sequence[Recording],
    span_ms: tuple[int, int],
    cadence_ms: int,
    declination_deg: float,
    faults: Faults,
) -> Samples | None:
    """The recordings filtered to a slower cadence, days of one orientation as a whole."""
    alike: dict[str, list[Recording]] = defaultdict(list)
    for one in recordings:
        try:
            alike[orientation_of(frozenset(one.elements))].append(one)
        except OrientationError as error:
            faults.add(f"{one.station}: {error}")
    slower: list[Recording] = []
    for days in alike.values():
        whole = joined(days)
        if chosen := low_pass(whole.cadence_ms, cadence_ms):
            slower += DecimatedRecording(whole, chosen).records(HOUR_MS // cadence_ms)
    return _samples(slower, span_ms, cadence_ms, declination_deg, faults)
