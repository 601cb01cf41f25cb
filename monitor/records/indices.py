"""The index topic: values of the geomagnetic indices with the time each became known.

Key: the name of the index. Value: one or many values. The topic is kept, not compacted by name,
since a replay needs what was known at every moment.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec

from geofield.indices import INDICES, Index, IndexInterval
from geofield.utc import time_ms, utc
from monitor.records.kinds import AnyTime

LONGEST_MS = max(index.interval_ms for index in INDICES.values())  # Kp's, three hours
UNUSED = "SYM-H"  # accepted, and nothing reads it
_names = msgspec.Meta(extra_json_schema={"enum": sorted({*INDICES, UNUSED})})
_encoder = msgspec.json.Encoder()


class IndexValue(msgspec.Struct, frozen=True):
    """One value over `start` to `end`, known since `known` (ISO 8601, UTC)."""

    start: AnyTime
    end: AnyTime
    known: AnyTime
    value: float


class IndexRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """Values of one index; `source` says who published them, where that is known."""

    name: Annotated[str, _names]
    values: list[IndexValue]
    source: str = ""

    def __post_init__(self) -> None:
        if self.name not in {*INDICES, UNUSED}:
            raise ValueError(f"no index is named {self.name!r}")


_decoder = msgspec.json.Decoder(IndexRecord)


def encode_index(index: Index, intervals: Iterable[IndexInterval]) -> bytes:
    """Value of the index topic; its key is the index's name."""
    values = [
        IndexValue(
            utc(interval.start_ms), utc(interval.end_ms), utc(interval.known_ms), interval.value
        )
        for interval in intervals
    ]
    return _encoder.encode(IndexRecord(index.name, values))


def decode_indices(value: bytes) -> list[IndexInterval]:
    """Values of a record; SYM-H gives none.

    Raises
    ------
    ValueError
        If the record is not one of ours (msgspec's errors are ValueErrors too).
    """
    record = _decoder.decode(value)
    if record.name == UNUSED:
        return []
    index = INDICES[record.name]
    return [IndexInterval(index, *_times_ms(item), item.value) for item in record.values]


def decode_record(value: bytes) -> IndexRecord:
    """A record of any index.

    Raises
    ------
    ValueError
        If the record is not one of ours.
    """
    return _decoder.decode(value)


def _times_ms(item: IndexValue) -> tuple[int, int, int]:
    start_ms, end_ms, known_ms = time_ms(item.start), time_ms(item.end), time_ms(item.known)
    if end_ms - start_ms > LONGEST_MS:
        raise ValueError(f"{item.start} to {item.end} is more than the three hours of an index")
    return start_ms, end_ms, known_ms
