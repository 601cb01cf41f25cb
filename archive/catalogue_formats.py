"""Parse the formats of earthquake catalogues into unchecked entries."""

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import msgspec

from archive.files import FileRefused
from archive.text import decode_json, text_of
from support.extras import needs

_COLUMNS = ("time", "latitude", "longitude", "depth", "mag", "id")
_MINUTE_TEXT = len("2000-01-01T00:00")


class CatalogueRefused(FileRefused):
    """A file is no usable catalogue; the message names file, place and problem."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a catalogue, as in the file.

    Attributes
    ----------
    where
        Place in the file, for messages.
    time_ms
        Origin time, milliseconds since 1970 UTC.
    latitude_deg, longitude_deg, depth_km, magnitude
        Values in the file; NaN if missing.
    event_id
        Id in the file; empty if missing.
    kind
        Kind of event, lower case; empty if not stated.
    """

    where: str
    time_ms: int
    latitude_deg: float
    longitude_deg: float
    depth_km: float
    magnitude: float
    event_id: str
    kind: str


def csv_entries(content: bytes) -> Iterator[Entry]:
    """Parse the rows of a CSV file with the column names of ComCat; ignore other columns.

    Raises
    ------
    CatalogueRefused
        If the content is wrong; the message lacks the name of the file.
    """
    try:
        reader = csv.DictReader(io.StringIO(text_of(content), newline=""), strict=True)
        missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise CatalogueRefused(
                f"line 1: no column {', '.join(missing)}; a catalogue needs {', '.join(_COLUMNS)}"
            )
        for row in reader:
            yield _csv_entry(row, f"line {reader.line_num}")
    except CatalogueRefused:
        raise
    except (csv.Error, ValueError) as error:
        raise CatalogueRefused(f"not readable as CSV ({error})") from error


def _csv_entry(row: dict[str, str], where: str) -> Entry:
    if None in row or None in row.values():
        raise CatalogueRefused(f"{where}: it has not as many fields as the first line has names")
    return Entry(
        where,
        _origin_ms(row["time"], where),
        _number(row, "latitude", where),
        _number(row, "longitude", where),
        _number(row, "depth", where),
        _number(row, "mag", where),
        event_id=row["id"].strip(),
        kind=row.get("type", "").strip().lower(),
    )


def _origin_ms(text: str, where: str) -> int:
    try:
        if len(text.strip()) < _MINUTE_TEXT:
            raise ValueError("a day is no origin time")
        origin = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise CatalogueRefused(
            f"{where}: time {text!r} is not like 2016-02-29T18:01:23.450Z ({error})"
        ) from error
    origin = origin if origin.tzinfo else origin.replace(tzinfo=UTC)
    return round(origin.timestamp() * 1000)


def _number(row: dict[str, str], name: str, where: str) -> float:
    text = row[name].strip()
    try:
        return float(text) if text else math.nan
    except ValueError as error:
        raise CatalogueRefused(f"{where}: {name} {text!r} is no number") from error


class _Properties(msgspec.Struct):
    time: int
    mag: float | None = None
    type: str = ""


class _Point(msgspec.Struct):
    coordinates: list[float | None]


class _Feature(msgspec.Struct):
    properties: _Properties
    geometry: _Point
    id: str = ""


class _Features(msgspec.Struct):
    features: list[_Feature]


def geojson_entries(content: bytes) -> Iterator[Entry]:
    """Parse the features of ComCat's GeoJSON: longitude, latitude, depth in km; time in ms.

    Raises
    ------
    CatalogueRefused
        If the content is wrong; the message lacks the name of the file.
    """
    try:
        features = decode_json(content, _Features).features
    except ValueError as error:
        raise CatalogueRefused(f"not ComCat's GeoJSON ({error})") from error
    for number, feature in enumerate(features, 1):
        yield _geojson_entry(feature, f"feature {number}")


def _geojson_entry(feature: _Feature, where: str) -> Entry:
    about = feature.properties
    place = [math.nan if value is None else value for value in feature.geometry.coordinates]
    if len(place) < 2:
        raise CatalogueRefused(f"{where}: it has no longitude and latitude")
    return Entry(
        where,
        about.time,
        latitude_deg=place[1],
        longitude_deg=place[0],
        depth_km=place[2] if len(place) > 2 else math.nan,
        magnitude=math.nan if about.mag is None else about.mag,
        event_id=feature.id,
        kind=about.type.lower(),
    )


def quakeml_entries(content: bytes) -> Iterator[Entry]:
    """Parse the events of a QuakeML file; the preferred, or else first, origin and magnitude count.

    Raises
    ------
    ExtraMissing
        If the extra `quakeml` is not installed.
    CatalogueRefused
        If the content is wrong; the message lacks the name of the file.
    """
    with needs("quakeml"):
        obspy = import_module("obspy")  # slow to import, needed for QuakeML only
    try:
        events = obspy.read_events(io.BytesIO(content), format="QUAKEML")
    except Exception as error:  # obspy passes on any error of its XML reader
        reason = " ".join(str(error).split())
        raise CatalogueRefused(f"not readable as QuakeML ({reason})") from error
    for number, event in enumerate(events, 1):
        yield _quakeml_entry(event, f"event {number}")


def _quakeml_entry(event: Any, where: str) -> Entry:
    origin = event.preferred_origin() or next(iter(event.origins), None)
    if origin is None or origin.time is None:
        raise CatalogueRefused(f"{where}: it has no origin with a time")
    magnitude = event.preferred_magnitude() or next(iter(event.magnitudes), None)
    depth_m = _or_nan(origin.depth)
    return Entry(
        where,
        round(origin.time.timestamp * 1000),
        _or_nan(origin.latitude),
        _or_nan(origin.longitude),
        depth_m / 1000,
        _or_nan(magnitude.mag) if magnitude else math.nan,
        event_id=str(event.resource_id.id),
        kind=str(event.event_type or "").lower(),
    )


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else float(value)
