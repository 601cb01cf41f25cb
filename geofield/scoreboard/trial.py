"""Arrays of a trial: data, earthquakes, alarms and controls on one grid of hours."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geofield.earthquakes.columns import columns
from geofield.earthquakes.selection import aftershocks_of, select_earthquakes
from geofield.earthquakes.types import Earthquake
from geofield.scoreboard.alarms import Alarm
from geofield.scoreboard.hours import (
    covered,
    known_levels,
    lasting,
    spans_levels,
    stacked,
)
from geofield.scoreboard.meeting import Ground
from geofield.scoreboard.protocol import KP_ALONE, PLACEBO, POLARIZATION, ScoreProtocol
from geofield.types import Float64
from geofield.utc import HOUR_MS

Known = Sequence[tuple[int, float]]  # time at which a value became known, ms since 1970; the value


@dataclass(frozen=True, slots=True, eq=False)
class ScoreInputs:
    """What a scoreboard is made from.

    Attributes
    ----------
    alarms
        Alarms in order of publication.
    earthquakes
        Settled earthquakes in order of time, everywhere and of all magnitudes.
    near
        Shape [stations, n]: what `near_earthquakes` says of them.
    windows
        Shape [stations, before + hours]: windows that were scored in time, by the hour in which
        they ended; ``protocol.before_hours`` lie before the start.
    kp
        Kp as it became known; None if there is none.
    ratios
        Polarization ratio of the windows of each station, by its code; None if it was not computed.
    """

    alarms: Sequence[Alarm]
    earthquakes: Sequence[Earthquake]
    near: NDArray[np.bool_]
    windows: NDArray[np.integer]
    kp: Known | None = None
    ratios: dict[str, Known] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """Everything on one grid.

    Attributes
    ----------
    earthquakes
        Earthquakes within the hours.
    alarms
        Alarms that begin within them.
    ground
        Data of the stations, and the earthquakes near them.
    levels
        Shape [stations, hours]: 1 under alarm.
    controls
        Levels of the controls that could be run, by name.
    """

    earthquakes: Sequence[Earthquake]
    alarms: Sequence[Alarm]
    ground: Ground
    levels: Float64
    controls: dict[str, Float64]


def make_trial(protocol: ScoreProtocol, inputs: ScoreInputs, hours: int) -> Trial:
    """The first hours from the start on, without anything that came after them."""
    start = protocol.start_ms // HOUR_MS
    hour = np.array([quake.time_ms // HOUR_MS - start for quake in inputs.earthquakes], np.int64)
    within = (hour >= 0) & (hour < hours)
    quakes = [inputs.earthquakes[index] for index in np.flatnonzero(within).tolist()]
    alarms = [alarm for alarm in inputs.alarms if alarm.first_hour < start + hours]
    lead, length = protocol.lead_hours, protocol.alarm_hours
    least = protocol.coverage_min * length * HOUR_MS / protocol.hop_ms
    has_data = covered(inputs.windows[:, : protocol.before_hours + hours], lead, length, least)
    ground = Ground(has_data, inputs.near[:, within], hour[within])
    gap = protocol.placebo_gap_hours
    ahead = _spans(protocol, alarms, hours, lambda alarm: alarm.first_hour)
    behind = _spans(
        protocol,
        alarms,
        hours,
        lambda alarm: alarm.published_ms // HOUR_MS - gap - lead - length,
    )
    controls = {PLACEBO: behind}
    if inputs.kp is not None:
        levels = lasting(known_levels(inputs.kp, start, hours), lead, length)
        controls[KP_ALONE] = np.tile(levels, (len(protocol.stations), 1))
    if inputs.ratios is not None:
        ratios = [inputs.ratios.get(one.site.station, ()) for one in protocol.stations]
        known = stacked([known_levels(some, start, hours) for some in ratios], hours)
        controls[POLARIZATION] = lasting(known, lead, length)
    return Trial(quakes, alarms, ground, ahead, controls)


def _spans(
    protocol: ScoreProtocol, alarms: Sequence[Alarm], hours: int, first: Callable[[Alarm], int]
) -> Float64:
    """Hours of each station within `alarm_hours` of the first hour of any of its alarms."""
    start, rows = protocol.start_ms // HOUR_MS, []
    for one in protocol.stations:
        own = [first(alarm) - start for alarm in alarms if alarm.station == one.site.station]
        rows.append(spans_levels(np.array(own, dtype=np.int64), protocol.alarm_hours, hours))
    return stacked(rows, hours)


def near_earthquakes(
    protocol: ScoreProtocol, earthquakes: Sequence[Earthquake]
) -> NDArray[np.bool_]:
    """Whether the rules of each station take each earthquake: [stations, n]."""
    among = columns(earthquakes)
    follows: dict[tuple[float, float, float], NDArray[np.bool_]] = {}
    rows = []
    for one in protocol.stations:
        rules = one.rules
        key = rules.aftershock_km, rules.aftershock_hours, rules.mainshock_min
        if key not in follows:  # it takes longer than all the rest
            follows[key] = aftershocks_of(among, rules)
        rows.append(select_earthquakes(among, one.site, rules, follows[key]).counts)
    return np.stack(rows)
