"""Bounded reading of record batches: a malformed or huge batch cannot stop or fill its reader.

aiokafka stops reading a partition at the first record that it cannot parse, and decompresses a
batch to any size. `install` replaces its reader by the one below. A record that cannot be read is
delivered with the reason (`fault_of`); the records before and after it are delivered as they are.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords

from monitor.kafka.record_wire import UNREADABLE, Cursor, WireRecord, decompressed

MAX_BATCH_BYTES = 32 * 1024 * 1024  # of one batch, decompressed: twice the largest record
HEADER = struct.Struct(">qiibIhiqqqhii")  # of a batch, including the number of records
LENGTH_END = 12  # byte from which the length of a batch counts
CODEC_MASK = 0x07
SUSPECTS = 1000  # remembered
_suspects: dict[tuple[int, int], None] = {}  # batches that have failed their checksum once


def install() -> None:
    """Make every aiokafka consumer of this process read with `BoundedRecords`."""
    fetcher.MemoryRecords = BoundedRecords


class BoundedRecords:
    """The fetched batches of one partition; replaces aiokafka's `MemoryRecords`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._batches = MemoryRecords(data)
        self._place = 0  # bytes read

    def size_in_bytes(self) -> int:
        """Number of fetched bytes."""
        return len(self._data)

    def has_next(self) -> bool:
        """Whether a complete batch is left."""
        return bool(self._batches.has_next())

    def next_batch(self) -> Any:
        """The next batch; aiokafka's own for a format older than Kafka 0.11."""
        batch, begin = self._batches.next_batch(), self._place
        (length,) = struct.unpack_from(">i", self._data, begin + 8)
        self._place = begin + LENGTH_END + length
        if not isinstance(batch, DefaultRecordBatch):
            return batch
        return BoundedBatch(batch, memoryview(self._data)[begin : self._place])


class BoundedBatch:
    """A batch whose iteration never raises nor decompresses more than `MAX_BATCH_BYTES`."""

    def __init__(self, batch: Any, raw: memoryview) -> None:
        self._batch = batch
        self._raw = raw
        self._damaged = False  # checksum wrong twice
        self.base_offset: int = batch.base_offset
        self.next_offset: int = batch.next_offset
        self.producer_id: int = batch.producer_id
        self.is_control_batch: bool = batch.is_control_batch
        self.is_transactional: bool = batch.is_transactional

    def validate_crc(self) -> bool:
        """Whether to read on: a batch with a wrong checksum is fetched once more first."""
        if self._batch.validate_crc():
            return True
        identity = self.base_offset, self._batch.crc
        self._damaged = identity in _suspects
        _suspects[identity] = None
        if len(_suspects) > SUSPECTS:
            del _suspects[next(iter(_suspects))]
        return self._damaged

    def __next__(self) -> Any:
        """The next record of a control batch, which only brokers write."""
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the records in order; they are aiokafka's or `WireRecord`."""
        if self._damaged:
            yield self._rest(self.base_offset, "its checksum is wrong")
            return
        try:
            payload, fault = self._payload()
        except ValueError as error:
            yield self._rest(self.base_offset, f"it cannot be decompressed ({error})")
            return
        known = 0  # records parsed by aiokafka
        if not fault:
            try:
                after = self.base_offset
                for record in self._parsed(payload):
                    if not after <= record.offset < self.next_offset:
                        break
                    after = record.offset + 1
                    known += 1
                    yield record
                else:
                    return
                fault = f"a record of it has offset {record.offset}"
            except Exception as error:  # whatever the error, only the records at fault are lost
                fault = f"its structure is damaged ({error})"
        yield from self._one_by_one(payload, known, fault)

    def _payload(self) -> tuple[memoryview, str]:
        """The decompressed records, and the reason if they are incomplete."""
        body, codec = self._raw[HEADER.size :], self._batch.compression_type
        if not codec:
            return body, ""
        payload, whole = decompressed(codec, bytes(body), MAX_BATCH_BYTES)
        return payload, "" if whole else f"it grows beyond {MAX_BATCH_BYTES:,} bytes"

    def _parsed(self, payload: memoryview) -> Any:
        """The records as parsed by aiokafka."""
        if not self._batch.compression_type:
            return self._batch
        fields = list(HEADER.unpack_from(self._raw))
        fields[1] = HEADER.size - LENGTH_END + len(payload)
        fields[5] &= ~CODEC_MASK
        return DefaultRecordBatch(HEADER.pack(*fields) + payload)

    def _one_by_one(self, payload: memoryview, known: int, fault: str) -> Iterator[WireRecord]:
        """The records after the first `known`, and one record for a rest that has no boundaries."""
        cursor, after = Cursor(payload), self.base_offset
        for number in range(HEADER.unpack_from(self._raw)[-1]):
            try:
                length = cursor.number()
            except IndexError:
                break
            body = payload[cursor.place : cursor.place + max(length, 0)]
            record = self._record(body, length, after)
            if not (body and after <= record.offset < self.next_offset):
                break
            after = record.offset + 1
            cursor.place += length
            if number >= known:
                yield record
        else:
            return
        if after < self.next_offset:
            yield self._rest(after, fault)

    def _record(self, body: memoryview, length: int, expected_offset: int) -> WireRecord:
        """A record from its bytes, of which `body` may have only the first."""
        record, cursor = WireRecord(expected_offset), Cursor(body)
        try:
            cursor.taken(1)
            self._date(record, cursor.number())
            record.offset = self.base_offset + cursor.number()
            record.key, record.value = cursor.sized(), None
            record.value = cursor.sized()
            record.headers = [cursor.header() for _ in range(cursor.number())]
        except IndexError:
            if len(body) < length:
                return _unreadable(record, f"of its {length:,} bytes no more are read")
            record.key = record.value = None
            return _unreadable(record, "its structure is damaged")
        except UnicodeDecodeError:
            return _unreadable(record, "the name of a header is not UTF-8")
        return record

    def _date(self, record: WireRecord, delta_ms: int) -> None:
        record.timestamp_type = self._batch.timestamp_type
        by_broker = bool(record.timestamp_type)
        first_ms = self._batch.first_timestamp
        record.timestamp = self._batch.max_timestamp if by_broker else first_ms + delta_ms

    def _rest(self, begin: int, fault: str) -> WireRecord:
        """A record at the last offset of the batch that stands for all from `begin` on."""
        last = max(self.next_offset - 1, begin)
        which = f"offset {begin}" if begin == last else f"offsets {begin} to {last}"
        return _unreadable(WireRecord(last), f"{which} of a batch cannot be read: {fault}")


def _unreadable(record: WireRecord, why: str) -> WireRecord:
    record.headers = [(UNREADABLE, why.encode(errors="replace"))]
    return record
