"""From published versions of alerts to alarms, and alarms that claim to be older than they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from geofield.utc import HOUR_MS


@dataclass(frozen=True, slots=True)
class AlertVersion:
    """A published version of an alert.

    Attributes
    ----------
    alert_id, version, station, classification
        What it says.
    model_sha256
        The model behind it.
    event_ms
        The event time that it claims to have been decided at.
    published_ms
        When it was published, by the broker's clock.
    """

    alert_id: str
    version: int
    station: str
    classification: str
    model_sha256: str
    event_ms: int
    published_ms: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alert from the first publication with a class that counts.

    Attributes
    ----------
    alert_id, station, classification
        The alert, and its class then.
    event_ms, published_ms
        The event time that it claims, and when it was published.
    first_hour
        Hour since 1970 with which it begins.
    """

    alert_id: str
    station: str
    classification: str
    event_ms: int
    published_ms: int
    first_hour: int


@dataclass(frozen=True, slots=True)
class DeclaredAlarms:
    """Alarms in order of publication, and what was left out.

    Attributes
    ----------
    alarms
        Alarms.
    other_models
        Alerts of another model than the registered one.
    incomplete
        Ids of alerts whose first version is not there any more: they count from the oldest that is.
    """

    alarms: tuple[Alarm, ...]
    other_models: int
    incomplete: tuple[str, ...]


def first_full_hour(at_ms: int) -> int:
    """The hour since 1970 that begins at a time or next after it."""
    return -(-at_ms // HOUR_MS)


def declared(
    versions: Iterable[AlertVersion],
    *,
    stations: Iterable[str],
    classes: frozenset[str],
    model_sha256: str,
    since_ms: int,
    lead_hours: int,
) -> DeclaredAlarms:
    """Alarms that were declared since a time: what was published is never taken back.

    A version that is published again changes nothing: the first publication counts.
    """
    known, others = set(stations), set[str]()
    order = sorted(versions, key=lambda one: (one.published_ms, one.alert_id, one.version))
    oldest: dict[str, int] = {}
    alarms: dict[str, Alarm] = {}
    for one in order:
        if one.station not in known:
            continue
        if one.model_sha256 != model_sha256:
            if one.published_ms >= since_ms:
                others.add(one.alert_id)
            continue
        oldest.setdefault(one.alert_id, one.version)
        if one.classification in classes and one.alert_id not in alarms:
            alarms[one.alert_id] = _alarm(one, lead_hours)
    counted = tuple(alarm for alarm in alarms.values() if alarm.published_ms >= since_ms)
    incomplete = tuple(one.alert_id for one in counted if oldest[one.alert_id] > 1)
    return DeclaredAlarms(counted, len(others), incomplete)


def _alarm(one: AlertVersion, lead_hours: int) -> Alarm:
    return Alarm(
        one.alert_id,
        one.station,
        one.classification,
        one.event_ms,
        one.published_ms,
        first_full_hour(one.published_ms) + lead_hours,
    )


@dataclass(frozen=True, slots=True)
class LookAhead:
    """An alarm that was published after an earthquake which its event time lies before."""

    alarm: Alarm
    event_id: str
    origin_ms: int


def look_ahead(
    alarm: Alarm, earthquakes: Sequence[tuple[str, int]], lead_hours: int, alarm_hours: int
) -> list[LookAhead]:
    """Earthquakes that an alarm would have caught by its event time but not by its publication.

    Parameters
    ----------
    alarm
        The alarm.
    earthquakes
        Id and origin time of those near its station.
    lead_hours, alarm_hours
        Rules of an alarm.
    """
    claimed = first_full_hour(alarm.event_ms) + lead_hours
    stop = min(claimed + alarm_hours, alarm.first_hour)
    return [
        LookAhead(alarm, event_id, origin_ms)
        for event_id, origin_ms in earthquakes
        if claimed <= origin_ms // HOUR_MS < stop
    ]
