"""Where alarms meet earthquakes: what is caught, and what share of time would have caught it.

An earthquake counts once, however many stations are near it. It counts if one of them has data at
its hour, and is caught if one with data is under alarm. Its chance is the share of the hours in
which it would have counted at which it would have been caught: the reference of Zechar and Jordan
(2008), Geophys. J. Int. 172, 715-724, is the time alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from geofield.scoreboard.hours import NO_LEVEL
from geofield.types import Bool, Float64, Int64


@dataclass(frozen=True, slots=True, eq=False)
class EarthquakeGroup:
    """Earthquakes that are near the same stations.

    Attributes
    ----------
    stations, earthquakes
        Indices of these.
    counted
        Shape [hours]: whether one of the stations has data.
    """

    stations: Int64
    earthquakes: Int64
    counted: Bool


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Data of stations, and the earthquakes near them.

    Attributes
    ----------
    covered
        Shape [stations, hours]: whether each hour has data.
    near
        Shape [stations, n]: whether each earthquake is near enough, large enough and single.
    hour
        Shape [n]: hour of each earthquake on the grid, ascending.
    """

    covered: Bool
    near: Bool
    hour: Int64

    @property
    def counts(self) -> Bool:
        """Whether each earthquake counts at each station: [stations, n]."""
        return np.asarray(self.near & self.covered[:, self.hour])

    def groups(self) -> Iterator[EarthquakeGroup]:
        """Earthquakes that count, by the stations that they are near."""
        counts = np.flatnonzero(self.counts.any(axis=0))
        if not len(counts):
            return
        patterns, number = np.unique(self.near[:, counts], axis=1, return_inverse=True)
        for column, pattern in enumerate(patterns.T):
            stations = np.flatnonzero(pattern)
            some = counts[number.ravel() == column]
            counted = np.asarray(self.covered[stations].any(axis=0))
            yield EarthquakeGroup(stations, some, counted)

    def until(self, hours: int) -> "Ground":
        """The first hours alone."""
        kept = self.hour < hours
        return Ground(self.covered[:, :hours], self.near[:, kept], self.hour[kept])

    def alone(self, station: int) -> "Ground":
        """One station."""
        rows = slice(station, station + 1)
        return Ground(self.covered[rows], self.near[rows], self.hour)


@dataclass(frozen=True, slots=True, eq=False)
class Meeting:
    """Outcome for the m earthquakes that count.

    Attributes
    ----------
    earthquakes
        Shape [m]: their indices, ascending.
    caught
        Shape [m]: whether each was under alarm.
    chance
        Shape [m]: chance of each to be caught.
    """

    earthquakes: Int64
    caught: Bool
    chance: Float64

    @property
    def events(self) -> int:
        """Earthquakes that count."""
        return len(self.caught)

    @property
    def hits(self) -> int:
        """Earthquakes that were caught."""
        return int(self.caught.sum())

    @property
    def alarm_share(self) -> float:
        """Mean chance: the share of time under alarm, as the earthquakes see it; 0 without any."""
        return float(self.chance.mean()) if len(self.chance) else 0.0

    @property
    def excess(self) -> float:
        """Hits beyond those expected by chance."""
        return float(self.hits - self.chance.sum())


def meeting(ground: Ground, levels: Float64) -> Meeting:
    """Let alarms meet earthquakes; an hour is under alarm if its level [stations, hours] is 1."""
    parts = []
    for group in ground.groups():
        alarmed = _highest(ground, levels, group) >= 1.0
        caught = alarmed[ground.hour[group.earthquakes]]
        chance = alarmed[group.counted].mean()
        parts.append((group.earthquakes, caught, np.full(len(caught), chance)))
    if not parts:
        return Meeting(np.empty(0, np.int64), np.empty(0, bool), np.empty(0))
    earthquakes, caught, chance = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.argsort(earthquakes)
    return Meeting(earthquakes[order], caught[order], chance[order])


def hits_at_share(ground: Ground, levels: Float64, alarm_share: float) -> float:
    """Hits of a control that is given as much time under alarm, its highest levels first.

    Between two levels of the control its Molchan trajectory is a straight line: alarms at random
    among the hours of the lower level.
    """
    values = np.unique(levels[np.isfinite(levels)])[::-1]
    if len(values) > _MOST_LEVELS:
        values = values[np.linspace(0, len(values) - 1, _MOST_LEVELS).astype(int)]
    hits, chance, events = np.zeros(len(values)), np.zeros(len(values)), 0
    for group in ground.groups():
        highest = _highest(ground, levels, group)
        reference = np.sort(highest[group.counted])
        above = len(reference) - np.searchsorted(reference, values)
        chance += len(group.earthquakes) * above / len(reference)
        caught = np.sort(highest[ground.hour[group.earthquakes]])
        hits += len(caught) - np.searchsorted(caught, values)
        events += len(caught)
    if not events:
        return 0.0
    shares = np.concatenate([[0.0], chance / events, [1.0]])
    return float(np.interp(alarm_share, shares, np.concatenate([[0.0], hits, [events]])))


_MOST_LEVELS = 200


def shifted_excess(ground: Ground, levels: Float64, shifts: Int64) -> Float64:
    """Hits beyond chance after all earthquakes have moved by each number of hours: [shifts].

    Time closes to a ring. Earthquakes keep their distances, alarms theirs; only their alignment is
    lost. An earthquake that comes to an hour without data does not count.
    """
    hours = ground.covered.shape[1]
    excess = np.zeros(len(shifts))
    for group in ground.groups():
        alarmed = _highest(ground, levels, group) >= 1.0
        at = (ground.hour[group.earthquakes][:, None] + shifts) % hours
        counted = group.counted[at]
        chance = alarmed[group.counted].mean()
        excess += (alarmed[at] & counted).sum(axis=0) - chance * counted.sum(axis=0)
    return excess


def _highest(ground: Ground, levels: Float64, group: EarthquakeGroup) -> Float64:
    """Highest level of the stations of a group that have data, at each hour: [hours]."""
    rows = np.where(ground.covered[group.stations], levels[group.stations], NO_LEVEL)
    return np.asarray(rows.max(axis=0))
