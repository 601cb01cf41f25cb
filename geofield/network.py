"""The remote reference: what distant stations did in the windows of an alert.

A disturbance that distant stations share is not local. The network is known from the scores of all
stations, so no sample is looked at twice and it does not matter which worker scored what.

What is said of an alert depends on the scores alone, never on the order in which stations come:
marks are only ever added (those of one station in the order of time, as its partition has them),
and an alert waits until no station can be behind.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from itertools import groupby
from math import ceil

import numpy as np

from geofield.distance import great_circle_km

KEPT = 40_500  # windows of each station, a byte each: 30 days, one every 64 s
NOBODY_GIVEN_UP_MS = 0

Position = tuple[float, float]


class Mark(IntEnum):
    """What a window says as a witness; a window without a score or with trouble says nothing."""

    NOTHING = 0
    CALM = 1
    EXCEEDS = 2


def mark(rmse: float | None, threshold: float | None, *, trouble: bool) -> Mark:
    """What a window with such a score says."""
    if rmse is None or threshold is None or trouble:
        return Mark.NOTHING
    return Mark.EXCEEDS if rmse > threshold else Mark.CALM


@dataclass(frozen=True, slots=True, order=True)
class Seen:
    """A station's window, and when its score was published (milliseconds since 1970)."""

    station: str
    end_ms: int
    mark: Mark
    published_ms: int = 0


@dataclass(frozen=True, slots=True)
class NetworkRules:
    """When a disturbance counts as shared with the rest of the world.

    Attributes
    ----------
    min_distance_km
        Stations at least so far away are the remote reference.
    min_witnesses, min_share
        So many of them, and such a share of those that could be compared, must be witnesses.
    overlap
        A witness exceeds in such a share of the windows in which the station exceeded; a station
        can be compared if it has a score in such a share.
    tolerance
        How many windows earlier or later count as the same window.
    wait_ms
        How long after its end an alert waits for the network: a station that has published
        nothing for so long is given up. It is also the event time after the end at which the
        class counts as decided.
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
        How many stations are far enough away; none means that there is no remote reference.
    compared
        How many of them have scores in the windows of the alert.
    witnesses
        How many of these exceed there too.
    """

    stations: int
    compared: int
    witnesses: int

    @property
    def evidence(self) -> int:
        """Grows with every score that matters, and so orders what was said at different times."""
        return self.compared + self.witnesses

    def shared(self, rules: NetworkRules) -> bool:
        """Whether the disturbance is one of the whole Earth."""
        return self.witnesses >= max(rules.min_witnesses, ceil(rules.min_share * self.compared))


@dataclass(frozen=True, slots=True)
class Track:
    """One station's windows: window number `first + n` (its end over the hop) has ``marks[n]``."""

    first: int
    marks: bytes
    published_ms: int

    @property
    def newest(self) -> int:
        """Number of the newest window."""
        return self.first + len(self.marks) - 1

    def between(self, begin: int, stop: int) -> bytes:
        """Marks of the windows from `begin` to `stop` (exclusive); nothing where none is held."""
        before = min(max(self.first - begin, 0), stop - begin)
        held = self.marks[max(begin - self.first, 0) : max(stop - self.first, 0)]
        return (bytes(before) + held).ljust(stop - begin, bytes([Mark.NOTHING]))


def distant_stations(
    positions_deg: Mapping[str, Position], min_distance_km: float
) -> dict[str, tuple[str, ...]]:
    """For each station those at least so far away.

    Parameters
    ----------
    positions_deg
        Latitude and longitude of the stations that belong to the network.
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
class Network:
    """What is known of all stations.

    Attributes
    ----------
    hop_ms
        Distance between the ends of windows.
    distant
        By station those that are its remote reference, see `distant_stations`.
    rules
        When a disturbance is shared.
    since_ms
        When listening began: a station never heard of is given up from then on.
    tracks
        By station.
    """

    hop_ms: int
    distant: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rules: NetworkRules = field(default_factory=NetworkRules)
    since_ms: int = 0
    tracks: Mapping[str, Track] = field(default_factory=dict)

    def with_windows(self, windows: Iterable[Seen]) -> "Network":
        """The network with further windows, in any order; seen twice is seen once."""
        if not self.distant:  # nobody is compared with anybody
            return self
        tracks = dict(self.tracks)
        for station, own in groupby(sorted(windows), key=lambda seen: seen.station):
            tracks[station] = self._with(tracks.get(station), list(own))
        return replace(self, tracks=tracks)

    def awaits(self, station: str, end_ms: int, now_ms: int = NOBODY_GIVEN_UP_MS) -> bool:
        """Whether, for an alert that ended at `end_ms`, scores may still come that matter.

        Parameters
        ----------
        station, end_ms
            Of the alert.
        now_ms
            Present time: decides only who is given up, never what is said.
        """
        needed = end_ms // self.hop_ms + self.rules.tolerance
        others = self.distant.get(station, ())
        return bool(others) and any(self._behind(one, needed, now_ms) for one in (station, *others))

    def compare(self, station: str, start_ms: int, end_ms: int) -> Remote:
        """What distant stations did in those windows of `station` that exceeded."""
        others = self.distant.get(station, ())
        begin, stop = start_ms // self.hop_ms + 1, end_ms // self.hop_ms + 1
        own = self._marks(station, begin, stop)
        exceeding = [place for place, mark in enumerate(own) if mark == Mark.EXCEEDS]
        needed = max(1, ceil(self.rules.overlap * len(exceeding)))
        reach = self.rules.tolerance
        compared = witnesses = 0
        for other in others:
            marks = self._marks(other, begin - reach, stop + reach)
            near = [max(marks[place : place + 2 * reach + 1]) for place in exceeding]
            compared += len(near) - near.count(Mark.NOTHING) >= needed
            witnesses += near.count(Mark.EXCEEDS) >= needed
        return Remote(len(others), compared, witnesses)

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
        first = max(first, newest - KEPT + 1)
        marks = bytearray(newest - first + 1)
        if track is not None:
            held = track.marks[max(first - track.first, 0) :]
            place = max(track.first - first, 0)
            marks[place : place + len(held)] = held
        for number, seen in zip(numbers, windows, strict=True):
            if number >= first:
                marks[number - first] = max(marks[number - first], seen.mark)
        published_ms = max(seen.published_ms for seen in windows)
        return Track(first, bytes(marks), max(published_ms, track.published_ms if track else 0))
