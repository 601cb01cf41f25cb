"""The records magwatch publishes, as bytes.

The same functions serve the worker and `magwatch score`, and nothing here reads a clock, so the
same windows give the same bytes wherever they are scored.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from geofield.alert import Alert, ModelRef
from geofield.score import Score, WindowScore

SCORE_SCHEMA = 1
ALERT_SCHEMA = 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CLOUDEVENT_HEADERS = (("content-type", b"application/cloudevents+json; charset=UTF-8"),)

_encoder = msgspec.json.Encoder()


class ModelFields(msgspec.Struct, frozen=True):
    """Which model scored."""

    name: str
    version: str
    sha256: str


class ComponentFields(msgspec.Struct, frozen=True):
    """One number for each component."""

    H: float
    E: float
    Z: float


class ContextFields(msgspec.Struct, frozen=True):
    """Space weather over the window as known when it was decided."""

    kp_highest: float | None
    kp_complete: bool


class ScoreRecord(msgspec.Struct, frozen=True):
    """A window. `rmse`, `mae`, `error` and `threshold` are in units of the station's scale."""

    schema_version: int
    station: str
    window_start: str
    window_end: str
    decided: str
    model: ModelFields
    quality: Literal["ok", "insufficient", "calibrating"]
    completeness: float
    rmse: float | None
    mae: float | None
    error: ComponentFields | None
    threshold: float | None
    return_period_days: float | None
    context: ContextFields


class AlertData(msgspec.Struct, frozen=True):
    """The payload of an alert's CloudEvent.

    `share` says how much of the squared error each component has; `skill` is what the model's
    evaluation showed, "no skill" included. An alert reports an anomaly of the field, no more.
    """

    schema_version: int
    alert_id: str
    version: int
    status: str
    station: str
    start: str
    end: str
    peak: str
    decided: str
    score: float
    threshold: float
    return_period_days: float
    share: ComponentFields
    completeness: float
    severity: str
    classification: str
    kp_highest: float | None
    model: ModelFields
    skill: str


class AlertEvent(msgspec.Struct, frozen=True):
    """CloudEvents 1.0, structured mode; `id` is unique for each version of an alert."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    data: AlertData


def utc(time_ms: int) -> str:
    """ISO 8601 with Z; milliseconds only where there are any."""
    moment = EPOCH + timedelta(milliseconds=time_ms)
    detail = "milliseconds" if time_ms % 1000 else "seconds"
    return moment.replace(tzinfo=None).isoformat(timespec=detail) + "Z"


def time_ms(moment: datetime) -> int:
    """Milliseconds since 1970; a time without a zone is UTC."""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return int((moment - EPOCH).total_seconds() * 1000)


def encode_score(score: WindowScore, model: ModelRef) -> bytes:
    """Value of the score topic; its key is the station."""
    return _encoder.encode(score_record(score, model))


def score_record(score: WindowScore, model: ModelRef) -> ScoreRecord:
    """A window's score as it is published."""
    measured = score.score
    return ScoreRecord(
        schema_version=SCORE_SCHEMA,
        station=score.station,
        window_start=utc(score.start_ms),
        window_end=utc(score.end_ms),
        decided=utc(score.decided_ms),
        model=_model(model),
        quality=score.quality.value,
        completeness=score.completeness,
        rmse=measured.rmse if measured else None,
        mae=measured.mae if measured else None,
        error=ComponentFields(*measured.error) if measured else None,
        threshold=measured.threshold if measured else None,
        return_period_days=measured.return_period_days if measured else None,
        context=ContextFields(score.kp.highest, score.kp.complete),
    )


def encode_alert(alert: Alert) -> bytes:
    """Value of the alert topic; its key is `alert.id`, so compaction keeps the latest version."""
    event = AlertEvent(
        specversion="1.0",
        id=f"{alert.id}.{alert.version}",
        source=f"/magwatch/{alert.model.name}/{alert.model.version}",
        type=f"magwatch.alert.{alert.change.value}",
        subject=alert.station,
        time=utc(alert.decided_ms),
        datacontenttype="application/json",
        data=_alert_data(alert),
    )
    return _encoder.encode(event)


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
        model=_model(alert.model),
        skill=alert.model.skill,
    )


def _share(score: Score) -> ComponentFields:
    squares = [value * value for value in score.error]
    total = sum(squares) or 1.0
    return ComponentFields(*(round(square / total, 4) for square in squares))


def _model(model: ModelRef) -> ModelFields:
    return ModelFields(model.name, model.version, model.sha256)
