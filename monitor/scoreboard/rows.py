"""Rows of the document, rounded so that no library's last digit changes them."""

from __future__ import annotations

import math

from geofield.scoreboard.alarms import LookAhead
from geofield.scoreboard.board import (
    AlarmOutcome,
    ControlFigures,
    JudgedAlarm,
    JudgedEarthquake,
    ScoredBoard,
    SkillFigures,
)
from geofield.scoreboard.protocol import KP_ALONE, POLARIZATION
from geofield.scoreboard.verdict import BoardVerdict
from geofield.utc import HOUR_MS, utc
from monitor.records.scoreboards import (
    SCOREBOARD_SCHEMA,
    AlarmRow,
    BoardVerdictFields,
    CatalogueState,
    ControlRow,
    CriterionRow,
    EarthquakeRow,
    FiguresRow,
    RefusedRow,
    ScoreboardDocument,
)
from monitor.scoreboard.book import ScoreBook

SAYS = (
    "magwatch does not predict earthquakes. This table counts alarms that were published before "
    "against earthquakes that came after, by rules that were registered before."
)
WHY_NOT = {
    KP_ALONE: "no Kp in the index topic",
    POLARIZATION: "no samples: give the archive of the stations with --data",
}


def document(
    book: ScoreBook,
    at_ms: int,
    board: ScoredBoard,
    verdict: BoardVerdict,
    state: CatalogueState,
    notes: list[str],
) -> ScoreboardDocument:
    """The document of a board."""
    own, rules = book.registered, book.protocol
    until_ms = rules.start_ms + board.hours * HOUR_MS
    return ScoreboardDocument(
        schema_version=SCOREBOARD_SCHEMA,
        says=SAYS,
        registration=own.record.sha256,
        registered=utc(own.published_ms),
        dated_by="broker" if own.by_broker else "sender",
        protocol=own.record.protocol,
        model=own.record.model,
        at=utc(at_ms),
        scored_from=utc(rules.start_ms),
        scored_until=utc(until_ms),
        catalogue=state,
        verdict=_verdict(verdict, rules.start_ms),
        together=_figures(board.together),
        stations={row.name: _figures(row) for row in board.stations},
        controls=[_control(control) for control in board.controls],
        alarms=[_alarm(judged, rules.alarm_hours) for judged in board.alarms],
        earthquakes=[_earthquake(judged) for judged in board.earthquakes],
        refused=[_refused(one) for one in board.refused],
        notes=notes,
    )


def _figures(row: SkillFigures) -> FiguresRow:
    met, outcomes = row.met, row.outcomes
    misses = met.events - met.hits
    return FiguresRow(
        events=met.events,
        hits=met.hits,
        misses=misses,
        alarm_share=_rounded(met.alarm_share) if met.events else None,
        miss_share=_rounded(misses / met.events) if met.events else None,
        hit_low=_rounded(row.interval[0]),
        hit_high=_rounded(row.interval[1]),
        chance_low=row.band[0],
        chance_high=row.band[1],
        p_binomial=_rounded(row.p_binomial),
        p_shuffled=_rounded(row.p_shuffled),
        alarms=sum(outcomes.values()),
        right=outcomes[AlarmOutcome.RIGHT],
        false=outcomes[AlarmOutcome.FALSE],
        open=outcomes[AlarmOutcome.OPEN],
        without_data=outcomes[AlarmOutcome.UNCOUNTED],
        days=_rounded(row.hours / 24),
        days_with_data=_rounded(row.covered_hours / 24),
        days_under_alarm=_rounded(row.alarm_hours / 24),
    )


def _control(control: ControlFigures) -> ControlRow:
    return ControlRow(
        name=control.name,  # type: ignore[arg-type]  # one of CONTROLS
        hits=None if control.hits is None else _rounded(control.hits),
        p=None if control.p is None else _rounded(control.p),
        why_not=WHY_NOT.get(control.name, "") if control.hits is None else "",
    )


def _verdict(verdict: BoardVerdict, start_ms: int) -> BoardVerdictFields:
    until = None if verdict.hours is None else utc(start_ms + verdict.hours * HOUR_MS)
    return BoardVerdictFields(
        decision=verdict.decision.value,
        words=verdict.words,
        decided_until=until,
        criteria=[
            CriterionRow(rule=one.rule, measured=one.measured, met=one.met)
            for one in verdict.findings
        ],
    )


def _alarm(judged: JudgedAlarm, alarm_hours: int) -> AlarmRow:
    alarm = judged.alarm
    return AlarmRow(
        alert_id=alarm.alert_id,
        station=alarm.station,
        classification=alarm.classification,
        event_time=utc(alarm.event_ms),
        published=utc(alarm.published_ms),
        begin=utc(alarm.first_hour * HOUR_MS),
        end=utc((alarm.first_hour + alarm_hours) * HOUR_MS),
        outcome=judged.outcome.value,
        earthquakes=list(judged.earthquakes),
    )


def _earthquake(judged: JudgedEarthquake) -> EarthquakeRow:
    quake = judged.earthquake
    return EarthquakeRow(
        id=quake.event_id,
        time=utc(quake.time_ms),
        latitude_deg=quake.latitude_deg,
        longitude_deg=quake.longitude_deg,
        depth_km=None if math.isnan(quake.depth_km) else quake.depth_km,
        magnitude=quake.magnitude,
        stations=list(judged.stations),
        alarms=list(judged.alarms),
    )


def _refused(one: LookAhead) -> RefusedRow:
    return RefusedRow(
        alert_id=one.alarm.alert_id,
        station=one.alarm.station,
        event_time=utc(one.alarm.event_ms),
        published=utc(one.alarm.published_ms),
        earthquake=one.event_id,
        origin=utc(one.origin_ms),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
