"""GeoJSON of the USGS as records of the quake topic: summary feeds and FDSN answers are alike."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from geofield.utc import utc
from monitor.kafka.guard import reason_of
from monitor.records.quakes import QUAKE_SCHEMA, QuakeRecord

USGS = "usgs"
DELETED = "deleted by the USGS"
LATEST_MS = 253_402_300_799_999  # the end of the year 9999


class _UsgsProperties(msgspec.Struct):
    updated: int
    time: int | None = None
    mag: float | None = None
    magType: str | None = None  # noqa: N815 - the service's name
    place: str | None = None
    status: str | None = None
    ids: str | None = None
    type: str | None = None


class _UsgsGeometry(msgspec.Struct):
    coordinates: list[float | None]


class _UsgsFeature(msgspec.Struct):
    id: str
    properties: _UsgsProperties
    geometry: _UsgsGeometry | None = None


class _UsgsAnswer(msgspec.Struct):
    features: list[msgspec.Raw]


_answers = msgspec.json.Decoder(_UsgsAnswer)
_features = msgspec.json.Decoder(_UsgsFeature)


@dataclass(frozen=True, slots=True)
class QuakeDocument:
    """Revisions of an answer, without those that cannot be used.

    Attributes
    ----------
    records
        Revisions, `known` at the time of the answer.
    features
        Number of features of the answer.
    unusable
        Why each of the others cannot be used.
    """

    records: tuple[QuakeRecord, ...]
    features: int
    unusable: tuple[str, ...]


def usgs_quakes(body: bytes, known_ms: int) -> QuakeDocument:
    """Parse GeoJSON of the USGS; an empty body (status 204) has no features.

    Raises
    ------
    ValueError
        If it is none.
    """
    if not body:
        return QuakeDocument((), 0, ())
    features = _answers.decode(str(body, "utf-8")).features
    records, unusable = [], []
    for feature in features:
        try:
            records.append(_record(_features.decode(feature), known_ms))
        except (ValueError, OverflowError) as error:
            unusable.append(reason_of(error))
    return QuakeDocument(tuple(records), len(features), tuple(unusable))


def _record(feature: _UsgsFeature, known_ms: int) -> QuakeRecord:
    about = feature.properties
    longitude_deg, latitude_deg, depth_km = _place(feature.geometry)
    ids = [one for one in (about.ids or "").split(",") if one]
    if not feature.id:
        raise ValueError("a feature without an id")
    return QuakeRecord(
        schema_version=QUAKE_SCHEMA,
        id=feature.id,
        ids=list(dict.fromkeys([feature.id, *ids])),
        source=USGS,
        status=about.status or "",
        kind=(about.type or "").lower(),
        known=utc(known_ms),
        updated=_time(about.updated),
        time=None if about.time is None else _time(about.time),
        latitude_deg=latitude_deg,
        longitude_deg=longitude_deg,
        depth_km=depth_km,
        magnitude=about.mag,
        magnitude_type=about.magType or "",
        place=about.place or "",
        deleted=DELETED if (about.status or "").lower() == "deleted" else "",
    )


def _place(geometry: _UsgsGeometry | None) -> tuple[float | None, float | None, float | None]:
    """Longitude and latitude in degrees, depth in km."""
    values = [*(geometry.coordinates if geometry else ()), None, None, None][:3]
    longitude_deg, latitude_deg, depth_km = values
    if latitude_deg is not None and not -90 <= latitude_deg <= 90:
        raise ValueError(f"latitude {latitude_deg:g} is no latitude")
    if longitude_deg is not None and not -180 <= longitude_deg <= 360:
        raise ValueError(f"longitude {longitude_deg:g} is no longitude")
    return longitude_deg, latitude_deg, depth_km


def _time(at_ms: int) -> str:
    if not -LATEST_MS // 4 < at_ms < LATEST_MS:
        raise ValueError(f"{at_ms} ms is no time")
    return utc(at_ms)
