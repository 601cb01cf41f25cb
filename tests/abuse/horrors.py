"""A hundred things that nobody should write to a topic, and their likes made of a good record."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec

TIMES = [
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2024-13-01T00:00:00Z",
    "2024-02-30T00:00:00Z", "\u0662\u0660\u0662\u0664-05-09T00:00:00Z", "now", "", "-1", "0",
    "2024-05-09T24:00:01Z", "2024-05-09", "1e400", "2024-05-09T00:00:00Z\n", "T", "9" * 5000,
    "2262-04-11T23:47:17Z", "1677-09-21T00:12:43Z", "\x00", "<script>alert(1)</script>",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, -1, 0, 1e308, -1e308, 5e-324, 10**30, "", "NaN", [], {}, [[]], {"a": {}},
    "x" * 100_000, "\ud800".encode("utf-8", "surrogatepass"), "\u202e", "../../etc/passwd",
]  # fmt: skip


@cache
def junk() -> list[bytes]:
    """Bytes that are no record, some of them a bomb; it takes a second to pack."""
    return [
        b"", b" ", b"null", b"true", b"0", b'""', b"[]", b"{}", b"NaN", b"Infinity", b"\x00", b"{",
        b"\xff\xfe", b"}", b'{"a"', b"[" * 100_000, b'{"a":' * 100_000, b'"\\ud800"', b"1e999999",
        b"9" * 5000, b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b"<xml/>", b"\x80\x04K\x01.",
        b"\x93NUMPY", zlib.compress(b" " * 200_000_000), zlib.compress(b"\x80"), b"\xc1",
        zlib.compress(b"")[:4], zlib.compress(b"\xdc\xff\xff" * 1000), b"PK\x03\x04", b"PAR1" * 100,
        b"\x1f\x8b" + b"\x00" * 20,
    ]  # fmt: skip


def horrors(good: bytes | None = None) -> Iterator[bytes]:
    """The junk, and a good JSON record with each of its fields gone, or changed."""
    yield from junk()
    fields = msgspec.json.decode(good) if good else {}
    for path in paths(fields):
        for value in (*VALUES, *TIMES):
            if isinstance(value, bytes):
                continue
            yield msgspec.json.encode(changed(fields, path, value))
        yield msgspec.json.encode(changed(fields, path, msgspec.UNSET))
    if good:
        yield good[:-1]
        yield good + good
        yield good.replace(b":", b":\xff", 1)
        yield b'{"name":"x",' + good[1:]
        yield b'{"unknown":"\xff",' + good[1:]


def paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a tree of JSON; of arrays the first one."""
    inside = value.items() if isinstance(value, dict) else enumerate(value[:1])
    for name, inner in inside:
        yield (*before, name)
        if isinstance(inner, dict | list):
            yield from paths(inner, (*before, name))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy with something else at a place, or, with `msgspec.UNSET`, nothing."""
    name, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    if rest:
        copy[name] = changed(value[name], tuple(rest), new)
    elif new is msgspec.UNSET:
        del copy[name]
    else:
        copy[name] = new
    return copy
