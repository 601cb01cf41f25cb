"""The table: alarms, earthquakes, controls and verdict of a protocol at some time."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from geofield.earthquakes.types import Earthquake
from geofield.scoreboard.alarms import Alarm, LookAhead, look_ahead
from geofield.scoreboard.chance import (
    binomial_p,
    chance_band,
    hit_interval,
    random_hits,
    shuffled_p,
)
from geofield.scoreboard.meeting import Ground, Meeting, hits_at_share, meeting
from geofield.scoreboard.protocol import CONTROLS, RANDOM, ScoreProtocol
from geofield.scoreboard.trial import ScoreInputs, Trial, make_trial
from geofield.types import Float64
from geofield.utc import HOUR_MS


class AlarmOutcome(str, Enum):
    """What became of an alarm at its station."""

    RIGHT = "right"
    FALSE = "false"
    OPEN = "open"
    UNCOUNTED = "no data"


@dataclass(frozen=True, slots=True)
class JudgedAlarm:
    """An alarm, its outcome, and the earthquakes that counted while it lasted."""

    alarm: Alarm
    outcome: AlarmOutcome
    earthquakes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JudgedEarthquake:
    """An earthquake that counts: the stations where it does, and the alarms that it met."""

    earthquake: Earthquake
    stations: tuple[str, ...]
    alarms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SkillFigures:
    """Figures of a station, or of all together.

    Attributes
    ----------
    name
        Code of the station; empty for all.
    met
        Earthquakes, hits, chances.
    interval
        95 % confidence interval of the share of hits.
    band
        Central 95 % interval of the number of hits without skill.
    p_binomial, p_shuffled
        Probability of at least as much by chance.
    hours, covered_hours
        Hours from the start, and how many of them have data, summed over stations.
    alarm_hours
        Hours with data under alarm, likewise.
    outcomes
        Number of alarms of each outcome.
    """

    name: str
    met: Meeting
    interval: tuple[float, float]
    band: tuple[int, int]
    p_binomial: float
    p_shuffled: float
    hours: int
    covered_hours: int
    alarm_hours: int
    outcomes: dict[AlarmOutcome, int]


@dataclass(frozen=True, slots=True)
class ControlFigures:
    """Hits of a control in the same share of time; None if it could not be run.

    `p` is the probability that random alarms have at least as many hits, of that control only.
    """

    name: str
    hits: float | None
    p: float | None = None


@dataclass(frozen=True, slots=True)
class ScoredBoard:
    """A scoreboard at some time; the first `hours` from the start are settled and scored."""

    hours: int
    together: SkillFigures
    stations: tuple[SkillFigures, ...]
    controls: tuple[ControlFigures, ...]
    alarms: tuple[JudgedAlarm, ...]
    earthquakes: tuple[JudgedEarthquake, ...]
    refused: tuple[LookAhead, ...]


def score_board(protocol: ScoreProtocol, inputs: ScoreInputs, hours: int) -> ScoredBoard:
    """Score the first hours of a protocol; nothing that came after them is used."""
    trial = make_trial(protocol, inputs, hours)
    alarms = _judged_alarms(protocol, trial, inputs.alarms, hours)
    together = _figures(protocol, "", trial.ground, trial.levels, alarms)
    stations = [
        _figures(
            protocol,
            one.site.station,
            trial.ground.alone(row),
            trial.levels[row : row + 1],
            [judged for judged in alarms if judged.alarm.station == one.site.station],
        )
        for row, one in enumerate(protocol.stations)
    ]
    return ScoredBoard(
        hours,
        together,
        tuple(stations),
        tuple(_controls(protocol, trial, together.met)),
        tuple(alarms),
        _judged_earthquakes(protocol, trial, together.met, alarms),
        _refused(protocol, trial),
    )


def decision_hours(board: ScoredBoard, protocol: ScoreProtocol) -> int | None:
    """Hours up to the earthquake at which the verdict is taken; None before it."""
    needed = protocol.success.min_events
    if board.together.met.events < needed:
        return None
    last = board.earthquakes[needed - 1].earthquake
    return last.time_ms // HOUR_MS - protocol.start_ms // HOUR_MS + 1


def _figures(
    protocol: ScoreProtocol,
    name: str,
    ground: Ground,
    levels: Float64,
    alarms: Sequence[JudgedAlarm],
) -> SkillFigures:
    met = meeting(ground, levels)
    outcomes = dict.fromkeys(AlarmOutcome, 0)
    for judged in alarms:
        outcomes[judged.outcome] += 1
    return SkillFigures(
        name=name,
        met=met,
        interval=hit_interval(met.hits, met.events),
        band=chance_band(met),
        p_binomial=binomial_p(met),
        p_shuffled=shuffled_p(ground, levels, met, protocol.draws),
        hours=ground.covered.size,
        covered_hours=int(ground.covered.sum()),
        alarm_hours=int((ground.covered & (levels >= 1.0)).sum()),
        outcomes=outcomes,
    )


def _controls(protocol: ScoreProtocol, trial: Trial, met: Meeting) -> list[ControlFigures]:
    figures = []
    for name in CONTROLS:
        if name == RANDOM:
            hits = random_hits(trial.ground, trial.levels, protocol.draws, protocol.seed)
            p = float(1 + np.sum(hits >= met.hits)) / (1 + len(hits))
            figures.append(ControlFigures(name, float(hits.mean()), p))
        elif name in trial.controls:
            hits_there = hits_at_share(trial.ground, trial.controls[name], met.alarm_share)
            figures.append(ControlFigures(name, hits_there))
        else:
            figures.append(ControlFigures(name, None))
    return figures


def _judged_alarms(
    protocol: ScoreProtocol, trial: Trial, alarms: Sequence[Alarm], hours: int
) -> list[JudgedAlarm]:
    rows = {one.site.station: row for row, one in enumerate(protocol.stations)}
    start = protocol.start_ms // HOUR_MS
    counts, ids = trial.ground.counts, [quake.event_id for quake in trial.earthquakes]
    judged = []
    for alarm in alarms:
        row, first = rows[alarm.station], alarm.first_hour - start
        stop = first + protocol.alarm_hours
        inside = counts[row] & (trial.ground.hour >= first) & (trial.ground.hour < stop)
        met = tuple(ids[index] for index in np.flatnonzero(inside).tolist())
        if met:
            outcome = AlarmOutcome.RIGHT
        elif stop > hours:
            outcome = AlarmOutcome.OPEN
        elif trial.ground.covered[row, first:stop].any():
            outcome = AlarmOutcome.FALSE
        else:
            outcome = AlarmOutcome.UNCOUNTED
        judged.append(JudgedAlarm(alarm, outcome, met))
    return judged


def _judged_earthquakes(
    protocol: ScoreProtocol, trial: Trial, met: Meeting, alarms: Sequence[JudgedAlarm]
) -> tuple[JudgedEarthquake, ...]:
    names = [one.site.station for one in protocol.stations]
    alarms_of: dict[str, list[str]] = {}
    for judged in alarms:
        for event_id in judged.earthquakes:
            alarms_of.setdefault(event_id, []).append(judged.alarm.alert_id)
    counts = trial.ground.counts
    rows = []
    for index in met.earthquakes.tolist():
        quake = trial.earthquakes[index]
        where = tuple(names[row] for row in np.flatnonzero(counts[:, index]).tolist())
        rows.append(JudgedEarthquake(quake, where, tuple(alarms_of.get(quake.event_id, ()))))
    return tuple(rows)


def _refused(protocol: ScoreProtocol, trial: Trial) -> tuple[LookAhead, ...]:
    """Alarms whose event time lies before an earthquake that they were published after."""
    refused: list[LookAhead] = []
    for row, one in enumerate(protocol.stations):
        near = [
            (trial.earthquakes[index].event_id, trial.earthquakes[index].time_ms)
            for index in np.flatnonzero(trial.ground.near[row]).tolist()
        ]
        for alarm in trial.alarms:
            if alarm.station == one.site.station:
                refused += look_ahead(alarm, near, protocol.lead_hours, protocol.alarm_hours)
    return tuple(refused)
