"""The remote reference: the scores of distant stations in the windows of an alert.

A disturbance that distant stations share is not local. The scores of all stations describe the
network, so samples need no second processing and any worker may have made the scores.

The result for an alert depends on the scores alone, never on the order in which stations arrive:
marks are only added (those of one station in order of time, as in its partition), and an alert
waits until no station can be behind.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from itertools import groupby
from math import ceil

import numpy as np

from geofield.alerts.distance import great_circle_km
from geofield.utc import DAY_MS

MEMORY_MS = 30 * DAY_MS  # a byte for each window: 40 kB a station with a window every 64 s
NOBODY_GIVEN_UP_MS = 0

Position = tuple[float, float]


class Mark(IntEnum):
    """Evidence of a window; a window without a score or with faults gives none (`NOTHING`)."""

    NOTHING = 0
    CALM = 1
    EXCEEDS = 2


def mark(rmse: float | None, threshold: float | None, *, faulty: bool) -> Mark:
    """Evidence of a window with this score, threshold and faults."""
    if rmse is None or threshold is None or faulty:
        return Mark.NOTHING
    return Mark.EXCEEDS if rmse > threshold else Mark.CALM


@dataclass(frozen=True, slots=True, order=True)
class Seen:
    """Evidence of a station's window, and the time of its publication (ms since 1970 UTC)."""

    station: str
    end_ms: int
    mark: Mark
    published_ms: int = 0


@dataclass(frozen=True, slots=True)
class NetworkRules:
    """Rules by which a disturbance is shared with distant stations.

    Attributes
    ----------
    min_distance_km
        Least distance of a station of the remote reference.
    min_witnesses, min_share
        Least number of witnesses, and their least share of the compared stations.
    overlap
        A witness exceeds in at least this share of the windows in which the station exceeded. A
        station is compared if it has a score in at least this share.
    tolerance
        Number of windows earlier or later that count as the same window.
    wait_ms
        Longest wait of an alert for the network: a station that has published nothing for this long
        is no longer awaited. Also the event time after the end of an alert at which its class
        counts as decided.

    Raises
    ------
    ValueError
        If values are out of range.
    """

    min_distance_km: float = 1000.0
    min_witnesses: int = 1
    min_share: float = 0.1
    overlap: float = 0.5
    tolerance: int = 1
    wait_ms: int = 3_600_000

    def __post_init__(self) -> None:
        if self.min_witnesses < 1 or not (0 <= self.min_share <= 1 and 0 < self.overlap <= 1):
            raise ValueError("a shared disturbance needs a witness, and shares are 0-1")


@dataclass(frozen=True, slots=True)
class Remote:
    """The remote reference of an alert.

    Attributes
    ----------
    stations
        Number of stations that are far enough away; 0 means that there is no remote reference.
    compared
        Number of these stations with scores in the windows of the alert.
    witnesses
        Number of compared stations that exceed there too.
    """

    stations: int
    compared: int
    witnesses: int

    @property
    def evidence(self) -> int:
        """Amount of evidence; it grows with every relevant score and so orders versions."""
        return self.compared + self.witnesses

    def shared(self, rules: NetworkRules) -> bool:
        """Whether the disturbance is global: enough distant stations share it."""
        return self.witnesses >= max(rules.min_witnesses, ceil(rules.min_share * self.compared))


@dataclass(frozen=True, slots=True)
class Track:
    """Marks of a station: ``marks[n]`` is of window number `first + n` (its end over the hop)."""

    first: int
    marks: bytes
    published_ms: int

    @property
    def newest(self) -> int:
        """Number of the newest window."""
        return self.first + len(self.marks) - 1

    def between(self, begin: int, stop: int) -> bytes:
        """Marks of windows `begin` to `stop` (exclusive); `NOTHING` outside the track."""
        before = min(max(self.first - begin, 0), stop - begin)
        known = self.marks[max(begin - self.first, 0) : max(stop - self.first, 0)]
        return (bytes(before) + known).ljust(stop - begin, bytes([Mark.NOTHING]))


def distant_stations(
    positions_deg: Mapping[str, Position], min_distance_km: float
) -> dict[str, tuple[str, ...]]:
    """Stations at least `min_distance_km` away, for each station.

    Parameters
    ----------
    positions_deg
        Latitude and longitude of the stations of the network, in degrees.
    min_distance_km
        Least distance on the great circle.
    """
    latitude_deg, longitude_deg = np.array(list(positions_deg.values())).reshape(-1, 2).T
    names = np.array(list(positions_deg))
    return {
        station: tuple(
            names[great_circle_km(*here, latitude_deg, longitude_deg) >= min_distance_km].tolist()
        )
        for station, here in positions_deg.items()
    }


@dataclass(frozen=True, slots=True)
class StationNetwork:
    """Scores of all stations, as evidence about each other.

    Attributes
    ----------
    hop_ms
        Distance between the ends of windows.
    distant
        Remote reference of each station, see `distant_stations`.
    rules
        Rules by which a disturbance is shared.
    since_ms
        Time at which listening began: the wait for a silent station counts from then.
    tracks
        Marks of each station.
    joined_ms
        Event time from which a station belongs to the network; a station that is not in it always
        belongs.
    """

    hop_ms: int
    distant: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rules: NetworkRules = field(default_factory=NetworkRules)
    since_ms: int = 0
    tracks: Mapping[str, Track] = field(default_factory=dict)
    joined_ms: Mapping[str, int] = field(default_factory=dict)

    def with_windows(self, windows: Iterable[Seen]) -> "StationNetwork":
        """The network with further windows, in any order; duplicates have no effect."""
        if not self.distant:  # no station has a remote reference
            return self
        tracks = dict(self.tracks)
        for station, group in groupby(sorted(windows), key=lambda seen: seen.station):
            tracks[station] = self._with(tracks.get(station), list(group))
        return replace(self, tracks=tracks)

    def awaits(self, station: str, end_ms: int, now_ms: int = NOBODY_GIVEN_UP_MS) -> bool:
        """Whether relevant scores for an alert that ended at `end_ms` may still come.

        Parameters
        ----------
        station, end_ms
            Station and end of the alert.
        now_ms
            Present time: decides which stations are no longer awaited, never the class.
        """
        needed = end_ms // self.hop_ms + self.rules.tolerance
        others = self._others(station, end_ms)
        return bool(others) and any(
            self._behind(name, needed, now_ms) for name in (station, *others)
        )

    def compare(self, station: str, start_ms: int, end_ms: int) -> Remote:
        """Compare the exceeding windows of `station` with the same windows of distant stations."""
        others = self._others(station, end_ms)
        begin, stop = start_ms // self.hop_ms + 1, end_ms // self.hop_ms + 1
        own_marks = self._marks(station, begin, stop)
        exceeding = [place for place, mark in enumerate(own_marks) if mark == Mark.EXCEEDS]
        needed = max(1, ceil(self.rules.overlap * len(exceeding)))
        reach = self.rules.tolerance
        compared = witnesses = 0
        for other in others:
            marks = self._marks(other, begin - reach, stop + reach)
            near = [max(marks[place : place + 2 * reach + 1]) for place in exceeding]
            compared += len(near) - near.count(Mark.NOTHING) >= needed
            witnesses += near.count(Mark.EXCEEDS) >= needed
        return Remote(len(others), compared, witnesses)

    def _others(self, station: str, end_ms: int) -> Sequence[str]:
        """Remote reference of a station for an alert that ended at `end_ms`."""
        joined = [
            name
            for name in (station, *self.distant.get(station, ()))
            if end_ms > self.joined_ms.get(name, end_ms - 1)
        ]
        return joined[1:] if joined[:1] == [station] else []

    def _marks(self, station: str, begin: int, stop: int) -> bytes:
        track = self.tracks.get(station)
        return track.between(begin, stop) if track else bytes(stop - begin)

    def _behind(self, station: str, needed: int, now_ms: int) -> bool:
        track = self.tracks.get(station)
        if track is not None and track.newest >= needed:
            return False
        heard_ms = max(self.since_ms, track.published_ms if track else 0)
        return now_ms - heard_ms < self.rules.wait_ms

    def _with(self, track: Track | None, windows: list[Seen]) -> Track:
        numbers = [seen.end_ms // self.hop_ms for seen in windows]
        first = min(numbers[0], track.first if track else numbers[0])
        newest = max(numbers[-1], track.newest if track else numbers[-1])
        first = max(first, newest - MEMORY_MS // self.hop_ms + 1)
        marks = bytearray(newest - first + 1)
        if track is not None:
            kept = track.marks[max(first - track.first, 0) :]
            place = max(track.first - first, 0)
            marks[place : place + len(kept)] = kept
        for number, seen in zip(numbers, windows, strict=True):
            if number >= first:
                marks[number - first] = max(marks[number - first], seen.mark)
        published_ms = max(seen.published_ms for seen in windows)
        return Track(first, bytes(marks), max(published_ms, track.published_ms if track else 0))
