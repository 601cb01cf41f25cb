"""Every way in which a record can be wrong that we could think of, with the reason it must get."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from monitor.records.sample_decoder import Reason

START = "2024-05-09T00:00:00Z"
FIELD = {
    "geomagneticFieldH": [21027.3, 21027.4],
    "geomagneticFieldE": [16.5, 16.6],
    "geomagneticFieldZ": [43859.3, 43859.2],
}
GOOD: dict[str, object] = {"startDate": START, "iagaCode": "WIC", "cadence": "PT1S", **FIELD}


@dataclass(frozen=True)
class Broken:
    """A record that must be refused."""

    name: str
    reason: Reason
    value: bytes | None
    key: bytes | None = b"WIC"


def changed(**fields: object) -> bytes:
    """The good record with other fields; None takes one away."""
    merged = {**GOOD, **fields}
    return msgspec.json.encode({name: item for name, item in merged.items() if item is not None})


def vector(h: list[object], e: list[object], z: list[object]) -> bytes:
    """The good record with other values."""
    return changed(geomagneticFieldH=h, geomagneticFieldE=e, geomagneticFieldZ=z)


ZEROS: list[object] = [0] * 90_000
BROKEN = [
    Broken("not JSON", Reason.NOT_JSON, b"rubbish"),
    Broken("nothing", Reason.NOT_JSON, b""),
    Broken("no value", Reason.NOT_JSON, None),
    Broken("cut off", Reason.NOT_JSON, changed()[:-20]),
    Broken("NaN", Reason.NOT_JSON, changed().replace(b"21027.4", b"NaN")),
    Broken("infinity", Reason.NOT_JSON, changed().replace(b"21027.4", b"Infinity")),
    Broken("not UTF-8", Reason.NOT_JSON, changed().replace(b"PT1S", b"P\xff1S")),
    Broken("a list", Reason.WRONG_TYPE, b"[1, 2, 3]"),
    Broken("text for numbers", Reason.WRONG_TYPE, vector(["21027.3", "x"], [1, 1], [1, 1])),
    Broken("number for an array", Reason.WRONG_TYPE, changed(geomagneticFieldH=21027.3)),
    Broken("truth for a number", Reason.WRONG_TYPE, vector([True, False], [1, 1], [1, 1])),
    Broken("no start", Reason.WRONG_TYPE, changed(startDate=None)),
    Broken("deep nesting", Reason.WRONG_TYPE, b'{"startDate":' + b"[" * 50_000),
    Broken("no elements", Reason.ORIENTATION, changed(**dict.fromkeys(FIELD))),
    Broken("H and E only", Reason.ORIENTATION, changed(geomagneticFieldZ=None)),
    Broken("four elements", Reason.ORIENTATION, changed(geomagneticFieldX=[1.0, 2.0])),
    Broken("unequal arrays", Reason.UNEQUAL_ARRAYS, vector([1, 2, 3], [1, 2], [1, 2])),
    Broken("empty arrays", Reason.EMPTY, vector([], [], [])),
    Broken("too long", Reason.TOO_LONG, vector(ZEROS, ZEROS, ZEROS)),
    Broken("31 February", Reason.BAD_TIME, changed(startDate="2024-02-31T00:00:00Z")),
    Broken("no date", Reason.BAD_TIME, changed(startDate="yesterday")),
    Broken("before 1900", Reason.BAD_TIME, changed(startDate="1899-12-31T23:59:59Z")),
    Broken("year 1, east", Reason.BAD_TIME, changed(startDate="0001-01-01T00:00:00+14:00")),
    Broken("beyond 2200", Reason.BAD_TIME, changed(startDate="9999-12-31T23:00:00Z")),
    Broken("the future", Reason.FUTURE, changed(startDate="2199-01-01T00:00:00Z")),
    Broken("microseconds", Reason.OFF_GRID, changed(startDate="2024-05-09T00:00:00.000001Z")),
    Broken("no duration", Reason.BAD_CADENCE, changed(cadence="1 second")),
    Broken("empty duration", Reason.BAD_CADENCE, changed(cadence="PT")),
    Broken("too strong together", Reason.BAD_FIELD, vector([9e4, 1], [1, 1], [9e4, 1])),
    Broken(
        "D in seconds",
        Reason.BAD_FIELD,
        changed(geomagneticFieldE=None, geomagneticFieldD=[870.0, 871.0]),
    ),
    Broken("no key", Reason.BAD_KEY, changed(), None),
    Broken("key in lower case", Reason.BAD_KEY, changed(), b"wic"),
    Broken("key of bytes", Reason.BAD_KEY, changed(), b"\xff\x00\xfe"),
    Broken("key of a path", Reason.BAD_KEY, changed(), b"../../etc"),
    Broken("another station's key", Reason.KEY_MISMATCH, changed(), b"HON"),
    Broken("9 MB", Reason.TOO_BIG, changed() + b" " * 9_000_000),
    Broken("10 MB", Reason.TOO_BIG, b"x" * 10_000_000),
]
