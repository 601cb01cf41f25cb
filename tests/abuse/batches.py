"""Kafka's record batches made and read byte by byte: also those that no client would make."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from aiokafka import codec as codecs
from aiokafka.record.util import calc_crc32c

# base offset, length, leader epoch, magic, CRC | attributes, last offset delta, first and last
# timestamp, producer id, epoch, sequence, count
OUTER, INNER = struct.Struct(">qiibI"), struct.Struct(">hiqqqhii")
AFTER_LENGTH = 12
LOG_APPEND_TIME, CONTROL = 0x08, 0x20
NO_PRODUCER = (-1, -1, -1)

Headers = tuple[tuple[bytes, bytes | None], ...]


@dataclass(frozen=True)
class Record:
    """A record to be; without a timestamp it gets the present time."""

    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp_ms: int | None = None


@dataclass(frozen=True)
class Codec:
    """A way to compress; snappy has two."""

    number: int
    encode: Callable[[bytes], bytes]
    decode: Callable[[bytes], bytes]


CODECS = {
    "none": Codec(0, bytes, bytes),
    "gzip": Codec(1, lambda data: codecs.gzip_encode(data, 6), codecs.gzip_decode),
    "snappy": Codec(2, codecs.snappy_encode, codecs.snappy_decode),
    "snappy-raw": Codec(
        2, lambda data: codecs.snappy_encode(data, xerial_compatible=False), codecs.snappy_decode
    ),
    "lz4": Codec(3, codecs.lz4_encode, codecs.lz4_decode),
    "zstd": Codec(4, codecs.zstd_encode, codecs.zstd_decode),
}
DECODERS = {one.number: one.decode for one in CODECS.values()}


@dataclass(frozen=True)
class Batch:
    """A batch as a broker has stored it; its records are still compressed."""

    base_offset: int
    next_offset: int
    attributes: int
    max_timestamp_ms: int
    first_timestamp_ms: int
    count: int
    body: bytes

    def records(self) -> Iterator[tuple[int, Record]]:
        """Offsets and records; none in a batch that only marks the end of a transaction."""
        if self.attributes & CONTROL:
            return
        data, place = DECODERS[self.attributes & 7](self.body), 0
        for _ in range(self.count):
            length, place = _read_varint(data, place)
            yield self._record(memoryview(data)[place : place + length])
            place += length

    def _record(self, data: memoryview) -> tuple[int, Record]:
        delta_ms, place = _read_varint(data, 1)
        offset, place = _read_varint(data, place)
        key, place = _read_bytes(data, place)
        value, place = _read_bytes(data, place)
        count, place = _read_varint(data, place)
        headers = []
        for _ in range(count):
            name, place = _read_bytes(data, place)
            text, place = _read_bytes(data, place)
            headers.append((name or b"", text))
        by_broker = self.attributes & LOG_APPEND_TIME
        stamp_ms = self.max_timestamp_ms if by_broker else self.first_timestamp_ms + delta_ms
        return self.base_offset + offset, Record(key, value, tuple(headers), stamp_ms)


def batch_of(
    records: Sequence[Record],
    codec: str = "none",
    attributes: int = 0,
    producer: tuple[int, int, int] = NO_PRODUCER,
) -> bytes:
    """The bytes of a batch; `attributes` beside the codec's; `producer` is id, epoch, sequence."""
    now_ms = round(time.time() * 1000)
    stamps_ms = [now_ms if one.timestamp_ms is None else one.timestamp_ms for one in records]
    first_ms = stamps_ms[0] if stamps_ms else 0
    body = b"".join(
        _encoded(record, number, stamp_ms - first_ms)
        for number, (record, stamp_ms) in enumerate(zip(records, stamps_ms, strict=True))
    )
    way = CODECS[codec]
    inner = INNER.pack(
        way.number | attributes,
        max(len(records) - 1, 0),
        first_ms,
        max(stamps_ms, default=0),
        *producer,
        len(records),
    )
    return sealed(inner + way.encode(body))


def sealed(rest: bytes) -> bytes:
    """A batch of what follows its checksum."""
    length = OUTER.size - AFTER_LENGTH + len(rest)
    return OUTER.pack(0, length, -1, 2, calc_crc32c(rest)) + rest


def batches_in(data: bytes) -> Iterator[Batch]:
    """Whole batches of a fetch; a broker may cut the last one off."""
    place = 0
    while place + OUTER.size + INNER.size <= len(data):
        base, length, *_ = OUTER.unpack_from(data, place)
        end = place + AFTER_LENGTH + length
        if end > len(data):
            return
        attributes, last, first_ms, max_ms, _, _, _, count = INNER.unpack_from(
            data, place + OUTER.size
        )
        body = bytes(data[place + OUTER.size + INNER.size : end])
        yield Batch(base, base + last + 1, attributes, max_ms, first_ms, count, body)
        place = end


def _encoded(record: Record, number: int, delta_ms: int) -> bytes:
    parts = [b"\0", _varint(delta_ms), _varint(number), _bytes(record.key), _bytes(record.value)]
    parts.append(_varint(len(record.headers)))
    parts += [_bytes(text) for pair in record.headers for text in pair]
    data = b"".join(parts)
    return _varint(len(data)) + data


def _bytes(data: bytes | None) -> bytes:
    return _varint(-1) if data is None else _varint(len(data)) + data


def _varint(number: int) -> bytes:
    """Zigzag, seven bits a byte."""
    rest = (number << 1) ^ (number >> 63)
    data = bytearray()
    while rest > 0x7F:
        data.append(rest & 0x7F | 0x80)
        rest >>= 7
    data.append(rest)
    return bytes(data)


def _read_varint(data: bytes | memoryview, place: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1), place
        shift += 7


def _read_bytes(data: memoryview, place: int) -> tuple[bytes | None, int]:
    length, place = _read_varint(data, place)
    return (None, place) if length < 0 else (bytes(data[place : place + length]), place + length)
