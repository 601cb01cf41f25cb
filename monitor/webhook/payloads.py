"""HTTP bodies of alert versions: the CloudEvent as published, or Alertmanager's format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import msgspec

from monitor.alert_table import indices_known
from monitor.records.scores_and_alerts import AlertData, AlertEvent
from monitor.return_period import return_period

ALERT_NAME = "GeomagneticAnomaly"
NOT_ENDED = "0001-01-01T00:00:00Z"  # Alertmanager's value for no time
CLOUDEVENTS = "application/cloudevents+json; charset=UTF-8"
Labels = dict[str, str]


class PayloadFormat(str, Enum):
    """Format that the receiver expects."""

    ALERTMANAGER = "alertmanager"
    CLOUDEVENTS = "cloudevents"


@dataclass(frozen=True, slots=True)
class Payload:
    """Body and content type of a post."""

    body: bytes
    content_type: str


class OneAlert(msgspec.Struct, frozen=True, rename="camel"):
    """An alert in the body of Alertmanager's webhook."""

    status: str
    labels: Labels
    annotations: Labels
    starts_at: str
    ends_at: str
    fingerprint: str
    generator_url: str = msgspec.field(name="generatorURL")


class Notification(msgspec.Struct, frozen=True, rename="camel"):
    """Alertmanager's webhook body, version 4: a group of one alert.

    All versions of an alert have the same group labels and fingerprint. Severity and classification
    are labels too, as receivers route by them, but they may change.
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


def shape(kind: PayloadFormat, receiver: str, external_url: str) -> Shape:
    """Function from an alert's record, as bytes and decoded, to the body of its post."""
    if kind is PayloadFormat.CLOUDEVENTS:
        return lambda value, _: Payload(value, CLOUDEVENTS)

    def alertmanager(_: bytes, event: AlertEvent) -> Payload:
        body = msgspec.json.encode(notification(event.data, receiver, external_url))
        return Payload(body, "application/json")

    return alertmanager


def notification(data: AlertData, receiver: str, external_url: str) -> Notification:
    """A version of an alert in Alertmanager's format."""
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
    return {
        "summary": f"{data.station}: {data.severity} anomaly of the geomagnetic field "
        f"({data.classification})",
        "description": f"{data.start} to {data.end}: score {data.score:.2f} over "
        f"{data.threshold:.2f}, as high once in {return_period(data.return_period_days)} of "
        f"quiet data; {indices_known(data)}; {data.completeness:.0%} of samples",
        "skill": data.skill,
        "version": str(data.version),
        "model_version": data.model.version,
        "model_sha256": data.model.sha256,
    }
