"""The index topic: values of Kp (Dst, SYM-H) with the time each became known.

Key: the name of the index. Value: one or many values. The topic is kept, not compacted by name,
since a replay needs what was known at every moment.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

import msgspec

from geofield.indices import KpInterval
from monitor.records import EPOCH, utc

IndexName = Literal["Kp", "Dst", "SYM-H"]
_encoder = msgspec.json.Encoder()


class IndexValue(msgspec.Struct, frozen=True):
    """One value over `start` to `end`, known since `known` (ISO 8601, UTC)."""

    start: str
    end: str
    known: str
    value: float


class IndexRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """Values of one index; `source` says who published them, where that is known."""

    name: IndexName
    values: list[IndexValue]
    source: str = ""


_decoder = msgspec.json.Decoder(IndexRecord)


def encode_kp(intervals: Iterable[KpInterval]) -> bytes:
    """Value of the index topic for Kp; its key is `Kp`."""
    values = [
        IndexValue(utc(kp.start_ms), utc(kp.end_ms), utc(kp.known_ms), kp.kp) for kp in intervals
    ]
    return _encoder.encode(IndexRecord("Kp", values))


def decode_kp(value: bytes) -> list[KpInterval]:
    """Kp values of a record; other indices give none, the rules do not use them yet.

    Raises
    ------
    ValueError
        If the record is not one of ours (msgspec's errors are ValueErrors too).
    """
    record = _decoder.decode(value)
    if record.name != "Kp":
        return []
    return [
        KpInterval(time_ms(item.start), time_ms(item.end), time_ms(item.known), item.value)
        for item in record.values
    ]


def decode_record(value: bytes) -> IndexRecord:
    """A record of any index.

    Raises
    ------
    ValueError
        If the record is not one of ours.
    """
    return _decoder.decode(value)


def time_ms(text: str) -> int:
    """Milliseconds since 1970 of an ISO 8601 time; without a zone it is UTC.

    Raises
    ------
    ValueError
        If it is no time.
    """
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return int((moment - EPOCH).total_seconds() * 1000)
