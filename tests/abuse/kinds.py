"""Kinds of hostile batches for any topic; each can be left out of a run by its name."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random

import msgspec

from geofield.utc import utc
from monitor.kafka.partitioning import home_of
from tests.abuse.batches import CODECS, Headers, Record
from tests.abuse.scene import JSON_TOPICS, Scene, as_strangers, cooked, raw
from tests.abuse.trees import spoilt_json, spoilt_msgpack
from tests.fuzz.mutations import MUTATIONS, OF_ANY_BYTES

MIB = 1024 * 1024
LIMIT_BYTES = {"samples": 16 * MIB, "deadletter": 16 * MIB, "state": 16 * MIB}
OTHER_LIMIT_BYTES = MIB - 1024
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
FAR_AHEAD_MS = 4_102_444_800_000  # 2100-01-01; a century from there on is believed


@dataclass(frozen=True)
class Hostile:
    """A batch to be sent to one partition.

    In the samples topic those must become dead letters that the worker's codec refuses, for its
    reasons, and those numbered in `unreadable` for whatever reason.
    """

    topic: str
    partition: int
    records: Sequence[Record]
    codec: str = "none"
    attributes: int = 0
    unreadable: Collection[int] = ()


Make = Callable[[Scene, str, Random], Hostile]


def mutations(scene: Scene, topic: str, random: Random) -> Hostile:
    """Real records with other bits, digits, keys, lengths, or with bytes cut out or put in."""
    records = [_mutated(scene, topic, random) for _ in range(random.randint(1, 20))]
    return _batch(scene, topic, random, records, random.choice(("none", "gzip")))


def codecs(scene: Scene, topic: str, random: Random) -> Hostile:
    """The same, compressed by everything that Kafka knows."""
    records = [_mutated(scene, topic, random) for _ in range(random.randint(1, 20))]
    return _batch(scene, topic, random, records, random.choice([*CODECS]))


def horrors(scene: Scene, topic: str, random: Random) -> Hostile:
    """Well-formed records with one value, time or name that no reader expects."""
    records = [_spoilt(scene, topic, random) for _ in range(random.randint(1, 20))]
    return _batch(scene, topic, random, records)


def header_keys(scene: Scene, topic: str, random: Random) -> Hostile:
    """Names of headers that are not UTF-8, in one record among others."""
    records = [_mutated(scene, topic, random) for _ in range(random.randint(1, 8))]
    names = (b"\xff\xfe", b"content-type\xc3", b"\xed\xa0\x80", b"\xf8" * 300, b"\x80")
    headers: Headers = ((random.choice(names), random.choice((b"x", None, b""))),)
    place = random.randrange(len(records))
    records[place] = replace(records[place], headers=(*records[place].headers, *headers))
    return replace(_batch(scene, topic, random, records, _any_codec(random)), unreadable={place})


def headers(scene: Scene, topic: str, random: Random) -> Hostile:
    """Headers without value or name, thousands of them, huge ones; strange content types."""
    many = random.choice((1000, 5000))
    found: list[Headers] = [
        ((b"content-type", None),),
        ((b"", b""), (b"", None)),
        tuple((b"h%d" % n, None) for n in range(many)),
        ((b"content-type", b"application/json"),) * many,
        ((b"x" * 100_000, b"y" * 100_000),),
        ((b"content-type", b"\xff" * 1000),),
        ((b"content-type", b"a" * random.choice((1_000, 200_000, 900_000))),),
        ((b"Content-Type", b"text/\x00\r\nreason: internal"), (b"CONTENT-TYPE", b"")),
        ((b"reason", b"internal"), (b"offset", b"-1"), (b"topic", b"")),
    ]
    record = replace(_mutated(scene, topic, random), headers=random.choice(found))
    return _batch(scene, topic, random, [_safe(scene, topic, record, record, random)])


def keys(scene: Scene, topic: str, random: Random) -> Hostile:
    """Keys that are no names, up to as long as the topic takes."""
    most = min(LIMIT_BYTES.get(topic, OTHER_LIMIT_BYTES), 4 * MIB) - 64 * 1024
    key = random.choice((b"\x00", b"\xff" * 70_000, b"W00\n", "WİC".encode(), b"K" * most))
    original = _original(scene, topic, random)
    record = replace(original, key=key, value=(original.value or b"")[:50_000])
    return _batch(scene, topic, random, [_safe(scene, topic, record, original, random)])


def timestamps(scene: Scene, topic: str, random: Random) -> Hostile:
    """Times of records at and beyond all limits, on records that must be refused."""
    now_ms = round(time.time() * 1000)
    near_ms = (now_ms + HOUR_MS - 5000, now_ms - HOUR_MS)
    stamps_ms = (-1, -5, 0, 1, 2**62, 2**63 - 1, -(2**62), *near_ms)
    records = [
        replace(_mutated(scene, topic, random), timestamp_ms=random.choice(stamps_ms))
        for _ in range(random.randint(1, 3))
    ]
    return _batch(scene, topic, random, records)


def tombstones(scene: Scene, topic: str, random: Random) -> Hostile:
    """Records without value, key, or both; batches with bits set that mean nothing."""
    original = _original(scene, topic, random)
    empty = Record(random.choice((None, b"", original.key)), random.choice((None, b"")))
    records = [_safe(scene, topic, empty, original, random)] * random.randint(1, 50)
    batch = _batch(scene, topic, random, records, _any_codec(random))
    return replace(batch, attributes=random.choice((0, 0, 0x20, 0x40, 0x4000)))


def bombs(scene: Scene, topic: str, random: Random) -> Hostile:
    """A few kilobytes that become 100 MiB: as value, key, content type, or as very many records."""
    size = 100 * MIB
    codec = random.choice(("zstd", "gzip", "lz4"))
    key = _original(scene, topic, random).key
    match random.randrange(5):
        case 0:
            records = [Record(key, _spaces(size))]
        case 1:
            records = [Record(_spaces(20 * MIB), b"{}")]
        case 2:
            records = [Record(key, b"{}", ((b"content-type", _spaces(20 * MIB)),))]
        case 3:
            records = [Record(key, b"")] * 20_000
        case _:
            packed = zlib.compress(_spaces(size))  # that is what the state topic has
            records = [Record(key, packed)]
    return replace(_batch(scene, topic, random, records, codec), unreadable={0})


def ahead(scene: Scene, topic: str, random: Random) -> Hostile:
    """Good samples of an honest station, but dated far ahead, by a time that nobody can check.

    Only of stations that have a checkpoint: whose first record still waits for its second one loses
    it to four others.
    """
    known = [one.key for one in scene.originals["state"] if scene.names_honest(one.key)]
    code = (random.choice(known) if known else b"Z00") or b""
    fields = msgspec.json.decode(_original(scene, topic, random).value or b"")
    start_ms = FAR_AHEAD_MS + random.randrange(36_000) * DAY_MS
    fields |= {"iagaCode": code.decode(), "startDate": utc(start_ms)}
    stamp_ms = random.choice((-1, 2**62, start_ms + HOUR_MS))
    record = Record(code, msgspec.json.encode(fields), (), stamp_ms)
    return Hostile(topic, home_of(code, scene.partitions[topic]), [record])


def misplaced(scene: Scene, topic: str, random: Random) -> Hostile:
    """The same on any partition, where another worker may read it."""
    batch = ahead(scene, topic, random)
    return replace(batch, partition=random.randrange(scene.partitions[topic]))


def sizes(scene: Scene, topic: str, random: Random) -> Hostile:
    """Values as long as the topic takes, that do not compress."""
    most = LIMIT_BYTES.get(topic, OTHER_LIMIT_BYTES) - 1024
    value = random.randbytes(random.choice((most, most // 2, most - 64 * 1024)))
    return _batch(scene, topic, random, [Record(_original(scene, topic, random).key, value)])


@dataclass(frozen=True)
class Kind:
    """How to make batches of a kind, how often among all, and for which topics, if not for all."""

    make: Make
    weight: float
    topics: tuple[str, ...] = ()


KINDS = {
    "mutations": Kind(mutations, 30),
    "codecs": Kind(codecs, 20),
    "horrors": Kind(horrors, 25),
    "header-keys": Kind(header_keys, 10),
    "headers": Kind(headers, 8),
    "keys": Kind(keys, 4),
    "timestamps": Kind(timestamps, 8),
    "ahead": Kind(ahead, 3, ("samples",)),
    "misplaced": Kind(misplaced, 2, ("samples",)),
    "tombstones": Kind(tombstones, 6),
    "sizes": Kind(sizes, 1),
    "bombs": Kind(bombs, 0.4),
}


def _original(scene: Scene, topic: str, random: Random) -> Record:
    return random.choice(scene.originals[topic] or scene.originals["samples"])


def _mutated(scene: Scene, topic: str, random: Random) -> Record:
    original = _original(scene, topic, random)
    mutate = random.choice(MUTATIONS if topic == "samples" else OF_ANY_BYTES)
    mutated = cooked(mutate(raw(original), random))
    return _safe(scene, topic, mutated, original, random)


def _spoilt(scene: Scene, topic: str, random: Random) -> Record:
    original = _original(scene, topic, random)
    value = original.value or b"{}"
    if topic in JSON_TOPICS or topic == "samples":
        value = spoilt_json(value, random)
    elif topic == "state" and scene.originals[topic]:
        value = zlib.compress(spoilt_msgpack(zlib.decompress(value), random))
    return _safe(scene, topic, replace(original, value=value), original, random)


def _safe(scene: Scene, topic: str, record: Record, original: Record, random: Random) -> Record:
    """The record, or, if it could rightly be believed of an honest station, one of a stranger."""
    if not scene.believed(topic, record, original):
        return record
    stranger = as_strangers(record, random)
    return Record(b"", b"") if scene.believed(topic, stranger, original) else stranger


def _batch(
    scene: Scene, topic: str, random: Random, records: Sequence[Record], codec: str = "none"
) -> Hostile:
    return Hostile(topic, random.randrange(scene.partitions[topic]), records, codec)


def _any_codec(random: Random) -> str:
    return random.choice([*CODECS])


@cache
def _spaces(count: int) -> bytes:
    return b" " * count
