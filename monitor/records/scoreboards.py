"""The scoreboard as a document: the JSON file that `magwatch scoreboard` writes."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from monitor.records.kinds import AlertId, Count, Sha256, Share, StationCode, UtcTime
from monitor.records.registrations import ControlName, ProtocolTable
from monitor.records.scores_and_alerts import ModelFields

SCOREBOARD_SCHEMA = 1
Probability = Annotated[float, msgspec.Meta(ge=0, le=1)]


class BoardPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a scoreboard."""


class CatalogueState(BoardPart, frozen=True):
    """Which state of the catalogue the table was made from.

    `revisions` were known by then, the newest since `newest`; `sha256` is the hash of their ids,
    `known` and `updated`. `settled` earthquakes came of them, of all magnitudes and everywhere.
    """

    revisions: Count
    newest: UtcTime | None
    sha256: Sha256
    settled: Count


class FiguresRow(BoardPart, frozen=True):
    """Figures of a station, or of all together.

    Of the `events` that count `hits` met an alarm. `alarm_share` is the share of time under alarm
    as the earthquakes see it (their mean chance), `miss_share` with it the point in the Molchan
    diagram; null without earthquakes. `hit_low` to `hit_high` is the 95 % confidence interval of
    the share of hits, `chance_low` to `chance_high` the central 95 % of the number of hits without
    skill. `p_binomial` and `p_shuffled` are one-sided. `alarms` are all that were published; of
    those `right`, `false`, `open` (their time is not over) and `without_data`. Days are summed over
    stations: `days` from the start, `days_with_data`, and of these `days_under_alarm`.
    """

    events: Count
    hits: Count
    misses: Count
    alarm_share: Share | None
    miss_share: Share | None
    hit_low: Share
    hit_high: Share
    chance_low: Count
    chance_high: Count
    p_binomial: Probability
    p_shuffled: Probability
    alarms: Count
    right: Count
    false: Count
    open: Count
    without_data: Count
    days: float
    days_with_data: float
    days_under_alarm: float


class ControlRow(BoardPart, frozen=True):
    """Hits of a control in the same share of time, and why it has none.

    Of random alarms `hits` is the mean and `p` the probability of at least as many hits as the
    alarms had.
    """

    name: ControlName
    hits: float | None
    p: Probability | None = None
    why_not: str = ""


class CriterionRow(BoardPart, frozen=True):
    """A rule of success, what was measured, and whether it is met."""

    rule: str
    measured: str
    met: bool


class BoardVerdictFields(BoardPart, frozen=True):
    """The verdict; `decided_until` is the end of the hours that it rests on, null before it."""

    decision: Literal["not yet decidable", "no skill shown", "skill shown"]
    words: str
    decided_until: UtcTime | None
    criteria: list[CriterionRow]


class AlarmRow(BoardPart, frozen=True):
    """An alarm, from the first publication with a class that counts."""

    alert_id: AlertId
    station: StationCode
    classification: str
    event_time: UtcTime
    published: UtcTime
    begin: UtcTime
    end: UtcTime
    outcome: Literal["right", "false", "open", "no data"]
    earthquakes: list[str]


class EarthquakeRow(BoardPart, frozen=True):
    """An earthquake that counts, at these stations, and the alarms that it met."""

    id: str
    time: UtcTime
    latitude_deg: float
    longitude_deg: float
    depth_km: float | None
    magnitude: float
    stations: list[StationCode]
    alarms: list[AlertId]


class RefusedRow(BoardPart, frozen=True):
    """An alarm whose event time lies before an earthquake that it was published after: no hit."""

    alert_id: AlertId
    station: StationCode
    event_time: UtcTime
    published: UtcTime
    earthquake: str
    origin: UtcTime


class ScoreboardDocument(BoardPart, frozen=True):
    """A scoreboard at some time.

    `says` stands on every page. `registered` is when the protocol was published, `dated_by` whose
    clock says so. `at` is the time asked for; scored are the hours from `scored_from` to
    `scored_until`, which no later record can change.
    """

    schema_version: int
    says: str
    registration: Sha256
    registered: UtcTime
    dated_by: Literal["broker", "sender"]
    protocol: ProtocolTable
    model: ModelFields
    at: UtcTime
    scored_from: UtcTime
    scored_until: UtcTime
    catalogue: CatalogueState
    verdict: BoardVerdictFields
    together: FiguresRow
    stations: dict[str, FiguresRow]
    controls: list[ControlRow]
    alarms: list[AlarmRow]
    earthquakes: list[EarthquakeRow]
    refused: list[RefusedRow]
    notes: list[str]


def encode_scoreboard(document: ScoreboardDocument) -> bytes:
    """The bytes of the file: the same document gives the same bytes."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"
