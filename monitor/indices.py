"""The index topic: values of Kp (Dst, SYM-H) with the time each became known.

Key: the name of the index. Value: one or many values. The topic is kept, not compacted by name,
since a replay needs what was known at every moment.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from geofield.indices import DstInterval, KpInterval
from monitor.fields import AnyTime
from monitor.records import time_ms, utc

IndexName = Literal["Kp", "Dst", "SYM-H"]
_encoder = msgspec.json.Encoder()


class IndexValue(msgspec.Struct, frozen=True):
    """One value over `start` to `end`, known since `known` (ISO 8601, UTC)."""

    start: AnyTime
    end: AnyTime
    known: AnyTime
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


def encode_dst(intervals: Iterable[DstInterval]) -> bytes:
    """Value of the index topic for Dst; its key is `Dst`."""
    values = [
        IndexValue(utc(dst.start_ms), utc(dst.end_ms), utc(dst.known_ms), dst.dst_nt)
        for dst in intervals
    ]
    return _encoder.encode(IndexRecord("Dst", values))


def decode_indices(value: bytes) -> list[KpInterval] | list[DstInterval]:
    """Kp or Dst values of a record; SYM-H gives none, the rules do not use it.

    Raises
    ------
    ValueError
        If the record is not one of ours (msgspec's errors are ValueErrors too).
    """
    record = _decoder.decode(value)
    if record.name == "Kp":
        return [KpInterval(*_times_ms(item), item.value) for item in record.values]
    if record.name == "Dst":
        return [DstInterval(*_times_ms(item), item.value) for item in record.values]
    return []


def decode_record(value: bytes) -> IndexRecord:
    """A record of any index.

    Raises
    ------
    ValueError
        If the record is not one of ours.
    """
    return _decoder.decode(value)


def _times_ms(item: IndexValue) -> tuple[int, int, int]:
    return time_ms(item.start), time_ms(item.end), time_ms(item.known)
