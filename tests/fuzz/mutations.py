"""Real records, and what broken senders, disks and lines could make of them: always the same."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import cycle, islice
from random import Random
from typing import Any
from zlib import crc32

import msgspec
import numpy as np
from msgspec import structs

from archive.recording import Recording
from monitor.offline.pacing import interleaved
from monitor.records.sample_decoder import RawRecord
from monitor.records.sample_encoder import encode_samples
from monitor.records.sample_payloads import BINARY, JSON

GOOD_SHARE = 0.4
AGAIN_SHARE = 0.1
TOPIC = "geomag.samples"
PARTITIONS = 4
VALUES: list[Any] = [
    None, True, False, 0, -1, 1e308, -1e308, 10**25, 2**63, 0.1, "", "21063.7", "NaN", [], [[]],
    [None], {}, {"a": 1}, 99999.0, 88888, 99999.9, 100_000, -99_999, "\u0000", "\u2014", 5e-324,
]  # fmt: skip
STARTS = [
    "2018-08-29", "2018-08-29T00:00:00.5Z", "2018-08-29T00:00:60Z", "2018-02-29T00:00:00Z",
    "2016-02-29T12:00:00Z", "1899-12-31T23:59:59Z", "1900-01-01T00:00:00Z", "2200-01-01T00:00:00Z",
    "2199-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2018-08-29T00:00:00+24:00", "now",
    "2018-08-29T01:00:00+01:00", "20180829T000000Z", "2018-W35-3", "-2018-08-29T00:00:00Z", "",
]  # fmt: skip
CADENCES = ["PT1M", "PT1s", "pt1s", "PT0.1S", "P1D", "PT", "P", "", "1", "PT1e3S", "PT99999999S"]
KEYS: list[bytes | None] = [None, b"", b"wic", b"WICX", b"W", b"\xff\xfe", b"A" * 5000, b"WIC\n"]
TIMES_MS = [-1, 0, 2**60]


def fuzzed(recordings: Sequence[Recording], count: int, seed: int) -> Iterator[RawRecord]:
    """`count` records: those of the recordings in order, and after the last a day later again.

    Two of five are as they were sent, the others altered; some are sent a second time, or come
    altered after their like. The first station's are sent well besides, so that it has scores.
    """
    random = Random(seed)  # noqa: S311 - repeatable, not secret
    offsets = [0] * PARTITIONS
    for record in islice(_sent(recordings, random), count):
        partition = crc32(record.key or b"") % PARTITIONS
        yield structs.replace(record, partition=partition, offset=offsets[partition])
        offsets[partition] += 1


def _sent(recordings: Sequence[Recording], random: Random) -> Iterator[RawRecord]:
    whole = recordings[0].station.encode()
    before: deque[RawRecord] = deque(maxlen=80)
    for original in _originals(recordings, random):
        record = random.choice(before) if before and random.random() < AGAIN_SHARE else original
        before.append(original)
        if random.random() > GOOD_SHARE:
            record = random.choice(MUTATIONS)(record, random)
        yield record
        if original.key == whole and record is not original:
            yield original


def _originals(recordings: Sequence[Recording], random: Random) -> Iterator[RawRecord]:
    for day in cycle(range(100_000)):
        moved = [replace(one, start_ms=one.start_ms + day * 86_400_000) for one in recordings]
        for part in interleaved(moved, random.choice((2, 3, 5))):
            yield RawRecord(TOPIC, 0, 0, part.end_ms, part.station.encode(), encode_samples(part))


def _bits(record: RawRecord, random: Random) -> RawRecord:
    value = bytearray(record.value or b"")
    for _ in range(random.randint(1, 3)):
        value[random.randrange(len(value))] ^= 1 << random.randrange(8)
    return structs.replace(record, value=bytes(value))


def _digits(record: RawRecord, random: Random) -> RawRecord:
    """Another digit for one: most often still a record, of other values or another time."""
    value = bytearray(record.value or b"")
    where = [n for n, byte in enumerate(value) if 48 <= byte <= 57]
    value[random.choice(where)] = random.randint(48, 57)
    return structs.replace(record, value=bytes(value))


def _slices(record: RawRecord, random: Random) -> RawRecord:
    """Cut off, cut out, doubled, or with rubbish in the middle."""
    value = record.value or b""
    begin, end = sorted(random.choices(range(len(value)), k=2))
    filling = random.choice((b"", value[begin:end] * 2, random.randbytes(8), b"NaN", b"null", b"["))
    return structs.replace(
        record, value=value[:begin] + filling + random.choice((value[end:], b""))
    )


def _field(record: RawRecord, random: Random) -> RawRecord:
    """One key gone, or with another value, or under another name."""
    fields = msgspec.json.decode(record.value or b"")
    name = random.choice(list(fields))
    match random.randrange(3):
        case 0:
            del fields[name]
        case 1:
            fields[name] = random.choice(VALUES)
        case 2:
            fields["geomagneticField" + random.choice("XYZHDEIFSQ")] = fields.pop(name)
    return structs.replace(record, value=msgspec.json.encode(fields))


def _array(record: RawRecord, random: Random) -> RawRecord:
    """One array with another value in it, or of another length; or all of them empty."""
    fields = msgspec.json.decode(record.value or b"")
    names = [name for name in fields if name.startswith("geo")]
    array = fields[random.choice(names)]
    match random.randrange(5):
        case 0:
            array[random.randrange(len(array))] = random.choice(VALUES)
        case 3:
            array[random.randrange(len(array))] = None
        case 4:
            fields |= {name: [] for name in names}
        case 1:
            array += array[: random.randint(1, 3)]
        case 2:
            array.pop()
    return structs.replace(record, value=msgspec.json.encode(fields))


def _time(record: RawRecord, random: Random) -> RawRecord:
    fields = msgspec.json.decode(record.value or b"")
    if random.random() < 0.5:
        fields["startDate"] = random.choice(STARTS)
    else:
        fields["cadence"] = random.choice(CADENCES)
    return structs.replace(record, value=msgspec.json.encode(fields))


def _key(record: RawRecord, random: Random) -> RawRecord:
    return structs.replace(record, key=random.choice(KEYS))


def _code(record: RawRecord, random: Random) -> RawRecord:
    """A station that nobody has heard of."""
    code = b"Z%02d" % random.randrange(100)
    value = (record.value or b"").replace(record.key or b"", code)
    return structs.replace(record, key=code, value=value)


def _timestamp(record: RawRecord, random: Random) -> RawRecord:
    return structs.replace(record, timestamp_ms=random.choice(TIMES_MS))


def _nothing(record: RawRecord, random: Random) -> RawRecord:
    return structs.replace(record, value=random.choice((None, b"", b"{}", b"null", b"[]")))


def _late(record: RawRecord, random: Random) -> RawRecord:
    """The same samples at a time minutes ago, as after a reset of the station's clock."""
    fields = msgspec.json.decode(record.value or b"")
    minutes = b"T%02d:%02d:" % (random.randrange(24), random.randrange(60))
    fields["startDate"] = fields["startDate"][:10] + minutes.decode() + fields["startDate"][17:]
    return structs.replace(record, value=msgspec.json.encode(fields))


def _type(record: RawRecord, random: Random) -> RawRecord:
    """Not what the header says."""
    return structs.replace(record, content_type=random.choice((BINARY, JSON, "text/csv", "\x00")))


def _binary(record: RawRecord, random: Random) -> RawRecord:
    """Binary, and now and then with a broken byte."""
    fields = msgspec.json.decode(record.value or b"")
    for name, values in fields.items():
        if isinstance(values, list):
            fields[name] = np.array(values, np.float64).tobytes()
    packed = structs.replace(record, value=msgspec.msgpack.encode(fields), content_type=BINARY)
    return _bits(packed, random) if random.random() < 0.5 else packed


MUTATIONS: list[Callable[[RawRecord, Random], RawRecord]] = [
    _bits, _digits, _slices, _field, _array, _time, _key, _code, _timestamp, _nothing, _late,
    _type, _binary,
]  # fmt: skip

# Those that need no record of the samples topic.
OF_ANY_BYTES: list[Callable[[RawRecord, Random], RawRecord]] = [_bits, _slices, _key, _nothing]
