"""Whatever stands in a batch: what can be read is read, the rest is named, nothing is raised."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable
from typing import Any

import pytest
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from monitor.kafka.record_batches import MAX_BATCH_BYTES, BoundedRecords
from monitor.kafka.record_wire import fault_of
from monitor.records.sample_decoder import raw_record
from tests.abuse.batches import CODECS, INNER, OUTER, Record, batch_of, sealed

MIB = 1024 * 1024
codecs = st.sampled_from(list(CODECS))
blobs = st.none() | st.binary(max_size=40)
names = st.text(max_size=10).map(str.encode)
records = st.builds(
    Record,
    blobs,
    blobs,
    st.lists(st.tuples(names, blobs), max_size=3).map(tuple),
    st.integers(0, 2**45),
)


def read(data: bytes, reader: Any = BoundedRecords) -> list[Any]:
    """All records of a fetch, as aiokafka's consumer goes through them."""
    batches, found = reader(data), []
    while batches.has_next():
        batch = batches.next_batch()
        if batch.validate_crc():
            found += list(batch)
    return found


def told(found: Iterable[Any]) -> list[tuple[Any, ...]]:
    return [
        (one.offset, one.timestamp, one.timestamp_type, one.key, one.value, list(one.headers))
        for one in found
    ]


@given(st.lists(st.tuples(codecs, st.lists(records, min_size=1, max_size=5)), max_size=4))
def test_good_batches_are_read_as_aiokafka_reads_them(drawn: list[Any]) -> None:
    data = b"".join(batch_of(some, codec) for codec, some in drawn)
    assert told(read(data)) == told(read(data, MemoryRecords))


@given(codecs, st.lists(records, min_size=1, max_size=5), st.data())
def test_a_header_that_is_not_utf8_costs_its_own_record_only(
    codec: str, some: list[Record], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(some)))
    bad = Record(b"WIC", b"value", ((b"a", b"b"), (b"\xff\xfe", None)), 7)
    whole = batch_of([*some[:place], bad, *some[place:]], codec)
    found = read(whole)
    assert [one.offset for one in found] == list(range(len(some) + 1))
    assert [bool(fault_of(one)) for one in found] == [n == place for n in range(len(found))]
    assert (found[place].key, found[place].value) == (b"WIC", b"value")
    others = [one for n, one in enumerate(found) if n != place]
    assert [(one.key, one.value) for one in others] == [(one.key, one.value) for one in some]


@given(codecs, st.lists(records, min_size=1, max_size=5), st.data())
def test_damaged_batches_raise_nothing_and_stay_in_their_offsets(
    codec: str, some: list[Record], data: st.DataObject
) -> None:
    body = bytearray(batch_of(some, codec)[OUTER.size + INNER.size :])
    for _ in range(data.draw(st.integers(1, 4))):
        if body:
            body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    head = batch_of(some, codec)[OUTER.size : OUTER.size + INNER.size]
    found = read(sealed(head + bytes(body[: data.draw(st.integers(0, len(body)))])))
    offsets = [one.offset for one in found]
    assert offsets == sorted(set(offsets))
    assert all(0 <= offset < len(some) for offset in offsets)
    assert offsets[-1:] == [len(some) - 1]  # the last offset is accounted for
    for one in found:
        raw_record(Consumed(one))


class Consumed:
    """A record with the topic and partition that the consumer adds."""

    topic, partition = "geomag.samples", 0

    def __init__(self, record: Any) -> None:
        self._record = record

    def __getattr__(self, name: str) -> Any:
        return getattr(self._record, name)


@pytest.mark.parametrize("codec", [name for name in CODECS if name != "none"])
def test_a_bomb_is_cut_off(codec: str) -> None:
    good = Record(b"WIC", b"good")
    data = batch_of([good, Record(b"WIC", b" " * 120 * MIB), good, good], codec)
    tracemalloc.start()
    found = read(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * MAX_BATCH_BYTES
    told = [(one.offset, one.key, one.value, bool(fault_of(one))) for one in found]
    cut = [(0, b"WIC", b"good", False), (1, b"WIC", None, True), (3, None, None, True)]
    assert told == (cut if codec != "snappy-raw" else cut[-1:])  # that is one block
    assert fault_of(found[-1]).startswith("offsets")


def test_an_unknown_codec_is_named() -> None:
    data = batch_of([Record(b"WIC", b"good")])
    inner = bytearray(data[OUTER.size :])
    inner[1] |= 6
    (found,) = read(sealed(bytes(inner)))
    assert fault_of(found) == (
        "offset 0 of a batch cannot be read: it cannot be decompressed (Kafka has no codec 6)"
    )


def test_a_wrong_checksum_is_fetched_once_more_and_then_named() -> None:
    data = bytearray(batch_of([Record(b"WIC", b"good")] * 3))
    data[-1] ^= 1
    assert read(bytes(data)) == []
    (found,) = read(bytes(data))
    assert found.offset == 2
    assert "offsets 0 to 2" in fault_of(found)
    assert "checksum" in fault_of(found)


def test_no_sender_can_forge_the_mark() -> None:
    (found,) = read(batch_of([Record(b"WIC", b"good", ((b"unreadable", b"because"),))]))
    assert fault_of(found) == ""
