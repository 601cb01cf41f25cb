"""An alert version as a HTTP body: the CloudEvent as published, or in Alertmanager's shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import msgspec

from monitor.records import AlertData, AlertEvent

ALERT_NAME = "GeomagneticAnomaly"
NOT_ENDED = "0001-01-01T00:00:00Z"  # Alertmanager's time of no time
CLOUDEVENTS = "application/cloudevents+json; charset=UTF-8"
Labels = dict[str, str]


class Format(str, Enum):
    """What the receiver understands."""

    ALERTMANAGER = "alertmanager"
    CLOUDEVENTS = "cloudevents"


@dataclass(frozen=True, slots=True)
class Payload:
    """What is posted."""

    body: bytes
    content_type: str


class OneAlert(msgspec.Struct, frozen=True, rename="camel"):
    """An alert of Alertmanager's webhook."""

    status: str
    labels: Labels
    annotations: Labels
    starts_at: str
    ends_at: str
    fingerprint: str
    generator_url: str = msgspec.field(name="generatorURL")


class Notification(msgspec.Struct, frozen=True, rename="camel"):
    """Alertmanager's webhook body, version 4: a group of one alert.

    The group's labels and the fingerprint are the same for all versions of an alert; severity and
    classification are labels too, since receivers route by them, and may change.
    """

    version: str
    group_key: str
    truncated_alerts: int
    status: str
    receiver: str
    group_labels: Labels
    common_labels: Labels
    common_annotations: Labels
    alerts: list[OneAlert]
    external_url: str = msgspec.field(name="externalURL")


Shape = Callable[[bytes, AlertEvent], Payload]


def shape(kind: Format, receiver: str, external_url: str) -> Shape:
    """The function that makes a body of an alert's record, given as bytes and decoded."""
    if kind is Format.CLOUDEVENTS:
        return lambda value, _: Payload(value, CLOUDEVENTS)

    def alertmanager(_: bytes, event: AlertEvent) -> Payload:
        body = msgspec.json.encode(notification(event.data, receiver, external_url))
        return Payload(body, "application/json")

    return alertmanager


def notification(data: AlertData, receiver: str, external_url: str) -> Notification:
    """One version of an alert in Alertmanager's shape."""
    status = "firing" if data.status == "open" else "resolved"
    group = {"alertname": ALERT_NAME, "station": data.station, "alert_id": data.alert_id}
    labels = group | {
        "severity": data.severity,
        "classification": data.classification,
        "model": data.model.name,
    }
    annotations = _annotations(data)
    alert = OneAlert(
        status=status,
        labels=labels,
        annotations=annotations,
        starts_at=data.start,
        ends_at=data.end if status == "resolved" else NOT_ENDED,
        fingerprint=data.alert_id[:16],
        generator_url=external_url,
    )
    matchers = ", ".join(f'{name}="{value}"' for name, value in group.items())
    return Notification(
        version="4",
        group_key=f"{{}}:{{{matchers}}}",
        truncated_alerts=0,
        status=status,
        receiver=receiver,
        group_labels=group,
        common_labels=labels,
        common_annotations=annotations,
        alerts=[alert],
        external_url=external_url,
    )


def _annotations(data: AlertData) -> Labels:
    kp = "Kp not known" if data.kp_highest is None else f"Kp up to {data.kp_highest:.1f}"
    return {
        "summary": f"{data.station}: {data.severity} anomaly of the geomagnetic field "
        f"({data.classification})",
        "description": f"{data.start} to {data.end}: score {data.score:.2f} over "
        f"{data.threshold:.2f}, as high once in {data.return_period_days:,.1f} quiet days; "
        f"{kp}; {data.completeness:.0%} of samples",
        "skill": data.skill,
        "version": str(data.version),
        "model_version": data.model.version,
        "model_sha256": data.model.sha256,
    }
