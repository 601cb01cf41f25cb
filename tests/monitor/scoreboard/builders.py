"""Books of a made-up network: what topics would hold of a protocol, its alarms and earthquakes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

import msgspec

from geofield.alerts.alert import Alert, AlertStatus, Change, Classification, ModelRef, Severity
from geofield.earthquakes.types import Earthquake
from geofield.scoreboard.alarms import Alarm
from geofield.scoring.score import Score
from geofield.utc import HOUR_MS, MINUTE_MS, time_ms, utc
from monitor.records.quakes import QUAKE_SCHEMA, QuakeRecord, encode_quake
from monitor.records.registrations import ProtocolTable, RegistrationRecord, registration
from monitor.records.scores_and_alerts import encode_alert, model_fields
from monitor.scoreboard.book import ScoreBook
from monitor.scoreboard.reading import PublishedRecord
from monitor.scoreboard.registering import Registered

MODEL = ModelRef("ulf-1hz", "2.3.0", "f" * 64, "no skill shown")
HOP_S = 600.0


def stated(stations: int = 4, **changed: object) -> dict[str, object]:
    """The document of a `scoreboard.toml`, as `tests.geofield.scoreboard.builders.protocol`."""
    made: dict[str, object] = {
        "name": "trial",
        "start": "2027-01-01",
        "classes": ["local"],
        "alarm_days": 2.0,
        "earthquakes": {
            "radius": "fixed",
            "radius_km": 300.0,
            "magnitude_min": 5.0,
            "aftershock_hours": 0.0,
        },
        "stations": {
            f"S{row:02}": {"latitude": 0.0, "longitude": 10.0 * row - 100.0}
            for row in range(stations)
        },
        "success": {"min_events": 60, "p_max": 0.05, "beat": ["random", "placebo"]},
        "controls": {"draws": 199},
    }
    return made | changed


def registered(document: Mapping[str, object], published: str = "2026-12-01") -> Registered:
    """A registration that the broker dated."""
    table = msgspec.convert(document, ProtocolTable)
    record: RegistrationRecord = registration(table, model_fields(MODEL), HOP_S)
    return Registered(record, time_ms(published), by_broker=True)


def alert_record(alarm: Alarm, version: int = 1, by_broker: bool = True) -> PublishedRecord:
    """An alarm as the worker would have published it."""
    alert = Alert(
        id=hashlib.sha256(alarm.alert_id.encode()).hexdigest()[:32],
        version=version,
        change=Change.OPENED if version == 1 else Change.RESOLVED,
        status=AlertStatus.OPEN if version == 1 else AlertStatus.RESOLVED,
        station=alarm.station,
        model=MODEL,
        start_ms=alarm.event_ms - 10 * MINUTE_MS,
        end_ms=alarm.event_ms,
        decided_ms=alarm.event_ms,
        peak_ms=alarm.event_ms,
        score=Score(2.0, 1.5, (2.0, 1.0, 1.0), 1.0, 30.0),
        completeness=1.0,
        severity=Severity.MINOR,
        classification=Classification(alarm.classification),
        highest_kp=None,
    )
    return PublishedRecord(alarm.published_ms, by_broker, encode_alert(alert).decode())


def quake_record(quake: Earthquake, known_ms: int | None = None, **more: object) -> PublishedRecord:
    """An earthquake that became known 20 minutes after its origin."""
    known_ms = quake.time_ms + 20 * MINUTE_MS if known_ms is None else known_ms
    record = QuakeRecord(
        schema_version=QUAKE_SCHEMA,
        id=quake.event_id,
        ids=[quake.event_id],
        source="usgs",
        status="reviewed",
        kind="earthquake",
        known=utc(known_ms),
        updated=utc(known_ms),
        time=utc(quake.time_ms),
        latitude_deg=quake.latitude_deg,
        longitude_deg=quake.longitude_deg,
        depth_km=quake.depth_km,
        magnitude=quake.magnitude,
    )
    value = encode_quake(msgspec.structs.replace(record, **more))[1]
    return PublishedRecord(known_ms, by_broker=True, value=value.decode())


def book(
    own: Registered,
    alarms: Iterable[Alarm],
    earthquakes: Iterable[Earthquake],
    hours: int,
) -> ScoreBook:
    """A book with data in every hour."""
    made = ScoreBook(own)
    for alarm in alarms:
        made.take("alerts", alert_record(alarm))
    for quake in earthquakes:
        made.take("quakes", quake_record(quake))
    rules = made.protocol
    first = rules.start_ms // HOUR_MS - rules.before_hours
    for code in own.record.protocol.stations:
        for hour in range(first, first + rules.before_hours + hours):
            made.windows[code, hour] = 0b111111
    return made


def moved(alarm: Alarm, **changed: object) -> Alarm:
    """The alarm with other fields."""
    return replace(alarm, **changed)  # type: ignore[arg-type]
