"""The two encodings of a record of samples: JSON, and MessagePack with arrays of doubles.

The Kafka header `content-type` names the encoding; without it the record is JSON.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from math import isnan
from typing import Annotated, Any, TypeAlias

import msgspec
import numpy as np
from msgspec.structs import astuple

from geofield.types import Float64
from monitor.records.kinds import AnyTime

JSON = "application/json"
BINARY = "application/vnd.magwatch.samples+msgpack"
ELEMENTS = "XYZHDEIFS"  # in the order of the fields below
DOUBLE = np.dtype("<f8")
FEW = 30  # numbers, below which `struct` is not faster than NumPy

Numbers: TypeAlias = list[float | None] | None
Doubles: TypeAlias = bytes | None


class SamplesRecord(msgspec.Struct, rename="camel", frozen=True):
    """INTERMAGNET's MQTT payload (IMPF) and the two fields that IMPF keeps in its MQTT topic.

    The first sample is at `startDate` and the others follow by `cadence`; arrays of nT, D and I of
    degrees, all of one length; null is a gap. The elements make a vector: XYZ, HDZ, HEZ or DIF.
    Keys that are not named here are tolerated.
    """

    start_date: AnyTime
    iaga_code: Annotated[str, msgspec.Meta(description="IAGA code, also the key of the record")]
    cadence: Annotated[str, msgspec.Meta(description="ISO 8601 duration, such as PT1S or PT1M")]
    geomagnetic_field_x: Numbers = msgspec.field(default=None, name="geomagneticFieldX")
    geomagnetic_field_y: Numbers = msgspec.field(default=None, name="geomagneticFieldY")
    geomagnetic_field_z: Numbers = msgspec.field(default=None, name="geomagneticFieldZ")
    geomagnetic_field_h: Numbers = msgspec.field(default=None, name="geomagneticFieldH")
    geomagnetic_field_d: Numbers = msgspec.field(default=None, name="geomagneticFieldD")
    geomagnetic_field_e: Numbers = msgspec.field(default=None, name="geomagneticFieldE")
    geomagnetic_field_i: Numbers = msgspec.field(default=None, name="geomagneticFieldI")
    geomagnetic_field_f: Numbers = msgspec.field(default=None, name="geomagneticFieldF")
    geomagnetic_field_s: Numbers = msgspec.field(default=None, name="geomagneticFieldS")

    def lengths(self) -> dict[str, int]:
        """Lengths of the arrays present, by the letter of the element."""
        return {letter: len(values) for letter, values in _arrays(self) if values is not None}

    def values(self) -> Float64:
        """The arrays as one of shape [k, n]; they must have equal lengths. Null becomes NaN, a gap.

        Converting at once frees the Python floats, one for each sample. Keeping thousands of them
        until the end of a batch costs more than decoding them.
        """
        columns: list[list[float | None]] = [
            values for _, values in _arrays(self) if values is not None
        ]
        numbers: list[float | None] = []
        for column in columns:
            numbers += column
        if len(numbers) < FEW:
            return np.array(columns, dtype=np.float64)
        try:
            packed = struct.pack(f"{len(numbers)}d", *numbers)  # takes half the time of NumPy
        except struct.error:  # null is no number
            return np.array(columns, dtype=np.float64)
        return np.frombuffer(packed).reshape(len(columns), -1)


class BinarySamplesRecord(msgspec.Struct, rename="camel", frozen=True):
    """The same fields; an array is the bytes of little-endian doubles, in which NaN is a gap."""

    start_date: str
    iaga_code: str
    cadence: str
    geomagnetic_field_x: Doubles = msgspec.field(default=None, name="geomagneticFieldX")
    geomagnetic_field_y: Doubles = msgspec.field(default=None, name="geomagneticFieldY")
    geomagnetic_field_z: Doubles = msgspec.field(default=None, name="geomagneticFieldZ")
    geomagnetic_field_h: Doubles = msgspec.field(default=None, name="geomagneticFieldH")
    geomagnetic_field_d: Doubles = msgspec.field(default=None, name="geomagneticFieldD")
    geomagnetic_field_e: Doubles = msgspec.field(default=None, name="geomagneticFieldE")
    geomagnetic_field_i: Doubles = msgspec.field(default=None, name="geomagneticFieldI")
    geomagnetic_field_f: Doubles = msgspec.field(default=None, name="geomagneticFieldF")
    geomagnetic_field_s: Doubles = msgspec.field(default=None, name="geomagneticFieldS")

    def __post_init__(self) -> None:
        for letter, values in _arrays(self):
            if values is not None and len(values) % DOUBLE.itemsize:
                raise ValueError(
                    f"the {len(values)} bytes of geomagneticField{letter} are no array of doubles"
                )

    def lengths(self) -> dict[str, int]:
        """Lengths of the arrays present, in doubles, by the letter of the element."""
        present = ((letter, data) for letter, data in _arrays(self) if data is not None)
        return {letter: len(data) // DOUBLE.itemsize for letter, data in present}

    def values(self) -> Float64:
        """The arrays as one of shape [k, n]; they must have equal lengths. Any NaN is a gap."""
        columns: list[bytes] = [data for _, data in _arrays(self) if data is not None]
        numbers = np.frombuffer(b"".join(columns), DOUBLE)
        if isnan(np.minimum.reduce(numbers)):
            numbers = np.where(np.isnan(numbers), np.nan, numbers)
        return numbers.reshape(len(columns), -1)


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding; `read` raises `msgspec.DecodeError` for malformed bytes."""

    name: str
    read: Callable[[bytes], SamplesRecord | BinarySamplesRecord]


ENCODINGS = {
    JSON: Encoding("JSON", msgspec.json.Decoder(SamplesRecord).decode),
    BINARY: Encoding("MessagePack", msgspec.msgpack.Decoder(BinarySamplesRecord).decode),
}


def encoding_of(content_type: str) -> Encoding | None:
    """Encoding of a content type, ignoring parameters and case; None if it is unknown."""
    if not content_type:
        return ENCODINGS[JSON]
    return ENCODINGS.get(content_type.partition(";")[0].strip().lower())


def _arrays(record: msgspec.Struct) -> zip[tuple[str, Any]]:
    return zip(ELEMENTS, astuple(record)[-len(ELEMENTS) :], strict=True)
