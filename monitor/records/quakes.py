"""The quake topic: every revision of every earthquake, with the time at which it became known.

Key: the preferred id of the event. The topic is kept, not compacted: a compacted one would keep the
newest revision alone, and a table of a past date needs the one that was known then. A deletion is a
record with a reason, not an empty one, which Kafka would remove in time.
"""

from __future__ import annotations

import math

import msgspec

from geofield.earthquakes.revisions import EarthquakeRevision
from geofield.earthquakes.types import Earthquake
from geofield.utc import time_ms
from monitor.records.kinds import UtcTime

QUAKE_SCHEMA = 1


class QuakeRecord(msgspec.Struct, frozen=True):
    """A revision of an earthquake.

    `ids` are all ids of the event, of which the preferred one, `id`, may change: revisions are of
    one event if they share an id. `known` is the time at which the revision became known here,
    `updated` that at which the catalogue made it. `deleted` is why the catalogue took the event
    back, else empty; a deleted event may lack time, place and magnitude. `kind` is "earthquake" or
    what else it was.
    """

    schema_version: int
    id: str
    ids: list[str]
    source: str
    status: str
    kind: str
    known: UtcTime
    updated: UtcTime
    time: UtcTime | None
    latitude_deg: float | None
    longitude_deg: float | None
    depth_km: float | None
    magnitude: float | None
    magnitude_type: str = ""
    place: str = ""
    deleted: str = ""


_LIMITS = {
    "latitude_deg": (-90.0, 90.0),
    "longitude_deg": (-180.0, 360.0),
    "depth_km": (-10.0, 1000.0),
    "magnitude": (-3.0, 10.0),
}
_decoder = msgspec.json.Decoder(QuakeRecord)


def encode_quake(record: QuakeRecord) -> tuple[bytes, bytes]:
    """Key and value of a record of the quake topic."""
    return record.id.encode(), msgspec.json.encode(record)


def decode_quake(value: bytes) -> QuakeRecord:
    """A record of the quake topic.

    Raises
    ------
    ValueError
        If the bytes are none, or a time or place of it is none.
    """
    record = _decoder.decode(value)
    for text in (record.known, record.updated, record.time or record.known):
        time_ms(text)
    for name, (low, high) in _LIMITS.items():
        stated: float | None = getattr(record, name)
        if stated is not None and not low <= stated <= high:
            raise ValueError(f"{name} {stated:g} is not within {low:g} to {high:g}")
    return record


def revision_of(record: QuakeRecord) -> EarthquakeRevision:
    """The revision that a record tells."""
    return EarthquakeRevision(
        tuple(dict.fromkeys((record.id, *record.ids))),
        time_ms(record.known),
        time_ms(record.updated),
        _earthquake(record),
    )


def _earthquake(record: QuakeRecord) -> Earthquake | None:
    """Its values; None if it is deleted, no earthquake, or lacks what counts."""
    counts = not record.deleted and record.kind in {"", "earthquake"}
    if not counts or record.time is None or record.magnitude is None:
        return None
    if record.latitude_deg is None or record.longitude_deg is None:
        return None
    depth_km = math.nan if record.depth_km is None else record.depth_km
    place = record.latitude_deg, record.longitude_deg
    return Earthquake(time_ms(record.time), *place, depth_km, record.magnitude, record.id)
