"""The records magwatch publishes, as bytes.

The same functions serve the worker and `magwatch score`, and nothing here reads a clock, so the
same windows give the same bytes wherever they are scored.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from geofield.alerts.alert import Alert, Change, ModelRef
from geofield.alerts.remote_reference import Remote
from geofield.indices import IndicesKnown
from geofield.quality.findings import FaultFinding
from geofield.scoring.score import PromiseCount, Score, WindowScore
from geofield.utc import time_ms, utc
from monitor.records.kinds import (
    AlertId,
    Count,
    Days,
    DstNt,
    FaultName,
    Kp,
    OtherIndices,
    Scaled,
    Seen,
    Sha256,
    Share,
    StationCode,
    UtcTime,
)
from monitor.records.sample_decoder import Reason

SCORE_SCHEMA = 2
ALERT_SCHEMA = 2
CLOUDEVENT_HEADERS = (("content-type", b"application/cloudevents+json; charset=UTF-8"),)

_encoder = msgspec.json.Encoder()


EventType: TypeAlias = Literal[
    "magwatch.alert.opened",
    "magwatch.alert.updated",
    "magwatch.alert.resolved",
    "magwatch.alert.cancelled",
]
AlertClass: TypeAlias = Literal["data-quality", "space-weather", "global", "local", "unknown"]
Digits: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^\d+$")]


class ModelFields(msgspec.Struct, frozen=True):
    """Which model scored."""

    name: str
    version: str
    sha256: Sha256


class ComponentFields(msgspec.Struct, frozen=True):
    """One number for each component."""

    H: float
    E: float
    Z: float


class ContextFields(msgspec.Struct, frozen=True):
    """Space weather over the window as known when it was decided."""

    kp_highest: Kp | None
    kp_complete: bool
    dst_lowest_nt: DstNt | None = None
    indices: OtherIndices | UnsetType = UNSET


class FindingFields(msgspec.Struct, frozen=True):
    """A sign of instrument trouble and the components that show it, as letters."""

    fault: FaultName
    components: str
    seen: Seen | UnsetType = UNSET


class PromiseFields(msgspec.Struct, frozen=True):
    """Whether the promised rate of false alerts is being kept.

    In the last `quiet_days` of quiet data `expected` alerts were promised and `opened` were opened.
    It is `kept` while no more opened than such a promise gives by chance (95 %).
    """

    quiet_days: Annotated[float, msgspec.Meta(ge=0)]
    expected: Annotated[float, msgspec.Meta(ge=0)]
    opened: Count
    kept: bool


class RemoteFields(msgspec.Struct, frozen=True):
    """The remote reference of an alert.

    `stations` are far enough away (0: there is none), `compared` of them have scores in the same
    windows, `witnesses` of these exceed their thresholds there too.
    """

    stations: Count
    compared: Count
    witnesses: Count


class ScoreRecord(msgspec.Struct, frozen=True):
    """A window. `rmse`, `mae`, `error` and `threshold` are in units of the station's scale.

    What came with schema 2 has a default, so that older records can be read. `promise` is there for
    stations whose profile lives on, from its first refit on.
    """

    schema_version: int
    station: StationCode
    window_start: UtcTime
    window_end: UtcTime
    decided: UtcTime
    model: ModelFields
    quality: Literal["ok", "insufficient", "calibrating"]
    completeness: Share
    rmse: Scaled | None
    mae: Scaled | None
    error: ComponentFields | None
    threshold: Scaled | None
    return_period_days: Days | None
    context: ContextFields
    trouble: tuple[FindingFields, ...] = ()
    promise: PromiseFields | UnsetType = UNSET


class AlertData(msgspec.Struct, frozen=True):
    """The payload of an alert's CloudEvent.

    `share` says how much of the squared error each component has; `skill` is what the model's
    evaluation showed, "no skill" included. An alert reports an anomaly of the field, no more. Of
    the `exceeding_windows`, `troubled_windows` show instrument trouble or man-made pulses, of the
    kinds in `faults`; `seen` is the highest of those that were measured. `remote` is null until the
    remote reference has decided. `promise` is that of the highest window. What came with schema 2
    has a default, so that older records can be read.
    """

    schema_version: int
    alert_id: AlertId
    version: Annotated[int, msgspec.Meta(ge=1, description="rises; numbers may be left out")]
    status: Literal["open", "resolved", "cancelled"]
    station: StationCode
    start: UtcTime
    end: UtcTime
    peak: UtcTime
    decided: UtcTime
    score: Scaled
    threshold: Scaled
    return_period_days: Days
    share: ComponentFields
    completeness: Share
    severity: Literal["minor", "moderate", "major"]
    classification: AlertClass
    kp_highest: Kp | None
    model: ModelFields
    skill: str
    dst_lowest_nt: DstNt | None = None
    exceeding_windows: Count | None = None
    troubled_windows: Count | None = None
    faults: tuple[FaultName, ...] = ()
    remote: RemoteFields | None = None
    indices: OtherIndices | UnsetType = UNSET
    seen: Seen | UnsetType = UNSET
    promise: PromiseFields | UnsetType = UNSET


class AlertEvent(msgspec.Struct, frozen=True):
    """CloudEvents 1.0, structured mode; `id` is unique for each version of an alert."""

    specversion: Literal["1.0"]
    id: Annotated[str, msgspec.Meta(description="alert_id, a full stop, version")]
    source: str
    type: EventType
    subject: StationCode
    time: UtcTime
    datacontenttype: Literal["application/json"]
    data: AlertData


_score_decoder = msgspec.json.Decoder(ScoreRecord)
_alert_decoder = msgspec.json.Decoder(AlertEvent)


class DeadLetterHeaders(msgspec.Struct, frozen=True, rename="kebab", omit_defaults=True):
    """Headers of a dead letter, whose key and value are those of the refused record.

    `detail` is a sentence for the station's operator; topic, partition, offset, time (empty if the
    sender gave none) and content type are the record's. Where a broker refuses the size, the value
    is left out and `value-left-out` says how many bytes it had; `key-left-out` likewise.
    """

    reason: Reason
    detail: str
    topic: str
    partition: Digits
    offset: Digits
    time: str
    content_type: str | None = None
    value_left_out: Digits | None = None
    key_left_out: Digits | None = None


def encode_score(score: WindowScore, model: ModelRef) -> bytes:
    """Value of the score topic; its key is the station."""
    (value,) = encode_scores([score], model)
    return value


def encode_scores(scores: Iterable[WindowScore], model: ModelRef) -> list[bytes]:
    """Many of them, in order."""
    fields, encode = model_fields(model), _encoder.encode
    return [encode(score_record(score, fields)) for score in scores]


def score_record(
    score: WindowScore, model: ModelFields, known: IndicesKnown | None = None
) -> ScoreRecord:
    """A window's score as it is published, or with indices as `known` later."""
    measured, trouble = score.score, score.trouble
    return ScoreRecord(
        schema_version=SCORE_SCHEMA,
        station=score.station,
        window_start=utc(score.start_ms),
        window_end=utc(score.end_ms),
        decided=utc(score.decided_ms),
        model=model,
        quality="ok" if measured else score.quality.value,
        completeness=score.completeness,
        rmse=measured.rmse if measured else None,
        mae=measured.mae if measured else None,
        error=ComponentFields(*measured.error) if measured else None,
        threshold=measured.threshold if measured else None,
        return_period_days=measured.return_period_days if measured else None,
        context=_context(known or score.kp),
        trouble=tuple(map(_finding, trouble)) if trouble else (),
        promise=_promise(measured.promise) if measured else UNSET,
    )


def _finding(finding: FaultFinding) -> FindingFields:
    return FindingFields(finding.fault.value, finding.components, finding.seen or UNSET)


def _context(known: IndicesKnown) -> ContextFields:
    others = dict(known.others) or UNSET
    return ContextFields(known.highest, known.complete, known.lowest_dst_nt, others)


def decode_score(value: bytes) -> ScoreRecord:
    """A score as published.

    Raises
    ------
    ValueError
        If the bytes are none (msgspec's errors are ValueErrors).
    RecursionError
        If they are nested too deep.
    """
    return _score_decoder.decode(str(value, "utf-8"))  # msgspec skips the text of unknown fields


def encode_alert(alert: Alert) -> bytes:
    """Value of the alert topic; its key is `alert.id`, so compaction keeps the latest version."""
    return _encoder.encode(alert_event(alert))


def alert_event(alert: Alert) -> AlertEvent:
    """An alert as it is published."""
    return AlertEvent(
        specversion="1.0",
        id=f"{alert.id}.{alert.version}",
        source=f"/magwatch/{alert.model.name}/{alert.model.version}",
        type=_EVENT_TYPES[alert.change],
        subject=alert.station,
        time=utc(alert.decided_ms),
        datacontenttype="application/json",
        data=_alert_data(alert),
    )


def decode_alert(value: bytes) -> AlertEvent:
    """An alert as published.

    Raises
    ------
    ValueError
        If the bytes are none, or a time of it is none (msgspec's errors are ValueErrors).
    RecursionError
        If they are nested too deep.
    """
    event = _alert_decoder.decode(str(value, "utf-8"))  # msgspec skips the text of unknown fields
    for text in (event.time, event.data.start, event.data.end, event.data.peak, event.data.decided):
        time_ms(text)
    return event


def newest_alerts(events: Iterable[AlertEvent]) -> dict[str, AlertEvent]:
    """The last version of each alert, by its id; of a version that came twice the later."""
    last: dict[str, AlertEvent] = {}
    for event in events:
        before = last.get(event.data.alert_id)
        if before is None or event.data.version >= before.data.version:
            last[event.data.alert_id] = event
    return last


_EVENT_TYPES: dict[Change, EventType] = {
    Change.OPENED: "magwatch.alert.opened",
    Change.UPDATED: "magwatch.alert.updated",
    Change.RESOLVED: "magwatch.alert.resolved",
    Change.CANCELLED: "magwatch.alert.cancelled",
}


def _alert_data(alert: Alert) -> AlertData:
    return AlertData(
        schema_version=ALERT_SCHEMA,
        alert_id=alert.id,
        version=alert.version,
        status=alert.status.value,
        station=alert.station,
        start=utc(alert.start_ms),
        end=utc(alert.end_ms),
        peak=utc(alert.peak_ms),
        decided=utc(alert.decided_ms),
        score=alert.score.rmse,
        threshold=alert.score.threshold,
        return_period_days=alert.score.return_period_days,
        share=_share(alert.score),
        completeness=alert.completeness,
        severity=alert.severity.value,
        classification=alert.classification.value,
        kp_highest=alert.highest_kp,
        model=model_fields(alert.model),
        skill=alert.model.skill,
        dst_lowest_nt=alert.lowest_dst_nt,
        exceeding_windows=alert.exceeding,
        troubled_windows=alert.troubled,
        faults=tuple(fault.value for fault in alert.faults),
        remote=_remote(alert.remote),
        indices=dict(alert.other_indices) or UNSET,
        seen=(alert.largest.seen if alert.largest else "") or UNSET,
        promise=_promise(alert.score.promise),
    )


@lru_cache(maxsize=1024)
def _promise(count: PromiseCount | None) -> PromiseFields | UnsetType:
    if count is None:
        return UNSET
    return PromiseFields(round(count.days, 3), round(count.expected, 3), count.opened, count.kept)


def _remote(remote: Remote | None) -> RemoteFields | None:
    if remote is None:
        return None
    return RemoteFields(remote.stations, remote.compared, remote.witnesses)


def _share(score: Score) -> ComponentFields:
    squares = [value * value for value in score.error]
    total = sum(squares) or 1.0
    return ComponentFields(*(round(square / total, 4) for square in squares))


@lru_cache(maxsize=16)
def model_fields(model: ModelRef) -> ModelFields:
    """What records say of a model."""
    return ModelFields(model.name, model.version, model.sha256)
