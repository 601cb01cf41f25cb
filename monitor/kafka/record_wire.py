"""Untrusted parts of Kafka's wire format: codecs and single records.

Source: Kafka protocol guide, "Record Batch" (magic 2); Java's framing of snappy blocks.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cramjam

GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
FIRST_GUESS_BYTES = 64 * 1024
USUAL_RATIO = 8  # of compression, for text in batches
SNAPPY_MAGIC = b"\x82SNAPPY\x00"  # starts the frames of Java's clients
SNAPPY_HEADER_BYTES = 16
MOST_VARINT_BYTES = 10

_INTO: dict[int, Callable[[bytes, bytearray], int]] = {
    GZIP: cramjam.gzip.decompress_into,
    LZ4: cramjam.lz4.decompress_into,
    ZSTD: cramjam.zstd.decompress_into,
}


@dataclass(slots=True)
class WireRecord:
    """A record with the attributes of aiokafka's records; times in ms since 1970."""

    offset: int
    timestamp: int = -1
    timestamp_type: int = 0
    key: bytes | None = None
    value: bytes | None = None
    headers: list[tuple[str, bytes | None]] = field(default_factory=list)
    checksum: None = None


class _Marker(str):
    """Name of a header that senders cannot forge: its type differs from theirs."""

    __slots__ = ()


UNREADABLE = _Marker("unreadable")


def fault_of(record: Any) -> str:
    """The reason why a consumed record could not be read; empty if it could."""
    for name, value in record.headers:
        if name.__class__ is _Marker:
            return str(value.decode())
    return ""


def decompressed(codec: int, data: bytes, most_bytes: int) -> tuple[memoryview, bool]:
    """Decompressed data, at most `most_bytes`, and whether they are complete.

    Raises
    ------
    ValueError
        If the codec is unknown or the data are not encoded by it.
    """
    try:
        if codec == SNAPPY:
            return _snappy(data, most_bytes)
        if codec in _INTO:
            return _grown(_INTO[codec], data, most_bytes)
    except (cramjam.DecompressionError, struct.error) as error:
        raise ValueError(str(error)) from None
    raise ValueError(f"Kafka has no codec {codec}")


def _grown(
    into: Callable[[bytes, bytearray], int], data: bytes, most_bytes: int
) -> tuple[memoryview, bool]:
    """Decompress into growing buffers, as no stated size can be trusted."""
    size = min(max(FIRST_GUESS_BYTES, USUAL_RATIO * len(data)), most_bytes)
    while True:
        buffer = bytearray(size)
        try:
            return memoryview(buffer)[: into(data, buffer)], True
        except cramjam.DecompressionError as error:
            if "whole buffer" not in str(error):  # the buffer was large enough
                raise
        if size == most_bytes:
            return memoryview(buffer), False
        size = min(4 * size, most_bytes)


def _snappy(data: bytes, most_bytes: int) -> tuple[memoryview, bool]:
    """Decompress Snappy, which states the size of each block and keeps to it."""
    output = bytearray()
    for block in _snappy_blocks(data):
        if len(output) + cramjam.snappy.decompress_raw_len(block) > most_bytes:
            return memoryview(output), False
        output += bytes(cramjam.snappy.decompress_raw(block))
    return memoryview(output), True


def _snappy_blocks(data: bytes) -> list[bytes]:
    if not data.startswith(SNAPPY_MAGIC):
        return [data]
    blocks, place = [], SNAPPY_HEADER_BYTES
    while place < len(data):
        (length,) = struct.unpack_from(">i", data, place)
        if length <= 0:
            raise ValueError(f"a block of {length} bytes")
        blocks.append(data[place + 4 : place + 4 + length])
        place += 4 + length
    return blocks


@dataclass(slots=True)
class Cursor:
    """A reading position in a record's bytes; reading past the end raises `IndexError`."""

    data: memoryview
    place: int = 0  # next byte

    def number(self) -> int:
        """The next signed varint (zigzag)."""
        value = shift = 0
        for byte in self.data[self.place : self.place + MOST_VARINT_BYTES]:
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                self.place += shift // 7
                return (value >> 1) ^ -(value & 1)
        raise IndexError("a number is cut off or too long")

    def taken(self, count: int) -> bytes:
        """The next `count` bytes."""
        end = self.place + count
        if count < 0 or end > len(self.data):
            raise IndexError(f"{count} bytes are not there")
        self.place, begin = end, self.place
        return bytes(self.data[begin:end])

    def sized(self) -> bytes | None:
        """The next length and its bytes; None if the length is -1."""
        length = self.number()
        return None if length == -1 else self.taken(length)

    def header(self) -> tuple[str, bytes | None]:
        """Name and value of the next header.

        Raises
        ------
        UnicodeDecodeError
            If the name is not UTF-8.
        """
        return self.taken(self.number()).decode(), self.sized()
