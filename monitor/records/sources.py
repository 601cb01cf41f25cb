"""Records of the sources topic: whether the sources of a station speak, from `magwatch ingest`."""

from __future__ import annotations

from typing import Literal

import msgspec

from geofield.utc import utc
from monitor.records.kinds import UtcTime

SOURCE_SCHEMA = 1


class SourceRecord(msgspec.Struct, frozen=True):
    """The sources of a station since a time: one of them brings values, or all are silent.

    `since` is the time of the newest values for `silent`, of the first ones again for `speaks`;
    `said` is why no values come, as far as it is known.
    """

    schema_version: int
    station: str
    state: Literal["speaks", "silent"]
    since: UtcTime
    said: str = ""


def encode_source(
    station: str, state: Literal["speaks", "silent"], since_ms: int, said: str
) -> bytes:
    """The value of a record whose key is the station."""
    record = SourceRecord(SOURCE_SCHEMA, station, state, utc(since_ms // 1000 * 1000), said)
    return msgspec.json.encode(record)
