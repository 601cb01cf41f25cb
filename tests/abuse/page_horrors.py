"""Records that somebody else may have written into a topic of ours, over a hundred for each."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from geofield.utc import utc
from monitor.records.sample_decoder import MAX_VALUE_BYTES
from tests.monitor.dashboard.builders import alert_data, event, score_record
from tests.monitor.feeds import START_MS

STATION = "WIC"
DAY_MS = 86_400_000
NO_NAME = 32 * "0"  # of an alert; each gets its own
LONG = 100_000
MARKUP = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"
NO_TIMES = [
    "2024-13-01T00:00:00Z",
    "2024-02-30T00:00:00Z",
    "2024-05-09T24:00:01Z",
    "2024-05-09T23:59:60Z",
    "2024-00-00T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "٢٠٢٤-٠٥-٠٩T٠٠:٠٠:٠٠Z",  # noqa: RUF001 - digits of another script
    "2024-05-09T00:00:00Z\n",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "yesterday",
    "",
    MARKUP,
    "\x00",
    LONG * "9",
    1715212800000,
    None,
    True,
    ["2024-05-09T00:00:00Z"],
    {},
]
OTHER_TIMES = ["0001-01-01T00:00:00Z", "1899-12-31T23:59:59Z", "9999-12-31T23:59:59Z"]
NO_WORDS = ["", MARKUP, "\x00", "../../etc/passwd", LONG * "x", "WIC\n", 7, None, True, [], {}]
NO_NUMBERS = ["4.0", "NaN", "", True, [], {}, -1, 1e308, 10**30]
# What JSON has no word for, or what no float holds: put in as it stands
RAW = ["NaN", "Infinity", "-Infinity", "1e999", "0x10", "+4", "4.", "'4'", '"\\ud800"', '"\\u00"']
NOT_JSON = {
    "empty": b"",
    "null": b"null",
    "a list": b"[]",
    "a text": b'"WIC"',
    "half": b'{"data": {"station": "WIC"',
    "two": b"{}{}",
    "nested lists": LONG * b"[",
    "nested maps": LONG * b'{"data":',
    "no UTF-8": b'{"data": "\xff\xfe"}',
    "UTF-16": '{"data": 1}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "compressed": gzip.compress(b"{}"),
    "zeros": 1000 * b"\0",
    "spaces": 10 * LONG * b" ",
    "a key without end": b'{"' + LONG * b"k",
}


class Horror(NamedTuple):
    """A record; `shown` says whether it can be shown, however strange it is."""

    name: str
    value: bytes
    shown: bool = False
    key: bytes = STATION.encode()
    content_type: str = ""
    timestamp_ms: int | None = None


def from_the_future(now_ms: int) -> dict[str, list[Horror]]:
    """Good records but for their times, by topic: an hour and a century ahead."""
    found: dict[str, list[Horror]] = {"samples": [], "scores": [], "alerts": []}
    for number, ahead_ms in enumerate((3_600_000, 36_500 * DAY_MS)):
        start_ms = (now_ms + ahead_ms) // 60_000 * 60_000
        name = f"{10**9 + number:032x}"
        found["samples"] += [
            Horror("samples ahead", good_samples(start_ms)),
            # so that the sender's time does not give it away
            Horror("samples and record ahead", good_samples(start_ms), timestamp_ms=start_ms),
        ]
        found["scores"] += [Horror("a score ahead", good_score(start_ms, 0.5))]
        found["alerts"] += [Horror("an alert ahead", good_alert(name, start_ms), key=name.encode())]
    return found


def alerts() -> list[Horror]:
    """Alerts, each with an id of its own where it has one."""
    return [
        horror._replace(
            key=f"{number:032x}".encode(),
            value=horror.value.replace(NO_NAME.encode(), f"{number:032x}".encode()),
        )
        for number, horror in enumerate(_alerts())
    ]


def _alerts() -> Iterator[Horror]:
    yield from _not_json()
    for field, value, shown in _alert_fields():
        yield _with(_alert(), ("data", field), value, shown)
    for field in ("score", "threshold", "return_period_days", "version"):
        for raw in RAW:
            yield _with_raw(_alert(), ("data", field), raw)
    for path, value in (
        (("data",), None),
        (("specversion",), "99"),
        (("type",), "magwatch.alert.exploded"),
        (("time",), 7),
    ):
        yield _with(_alert(), path, value)
    for field in ("alert_id", "version", "status", "station", "start", "end", "score", "model"):
        yield _without(_alert(), ("data", field))
    yield _with(_alert(), ("nobody", "knows"), MARKUP, shown=True)
    yield _twice(_alert(), "specversion", '"1.0"', shown=True)
    yield _twice(_alert(), "data", "1")


def _alert_fields() -> Iterator[tuple[str, object, bool]]:
    """Values of an alert's fields, and whether the alert can be shown with them."""
    for field in ("start", "end", "peak", "decided"):
        yield from ((field, time, False) for time in NO_TIMES)
    for field in ("start", "end"):
        yield from ((field, time, False) for time in OTHER_TIMES)
    for field in ("alert_id", "status", "station", "severity", "classification"):
        yield from ((field, word, False) for word in NO_WORDS)
    for word in NO_WORDS:
        yield "skill", word, isinstance(word, str) and len(word) < LONG
    for field in ("score", "threshold", "return_period_days", "version"):
        yield from ((field, number, False) for number in [*NO_NUMBERS, None])
    yield "kp_highest", 9.1, False
    yield "completeness", 1.5, False
    yield "faults", ["<b>"], False
    yield "faults", "step", False
    yield "faults", 500 * ["step", "noise"], True
    yield "remote", {}, False
    for stations, compared in ((10**30, 1), (-1, 1), (2, "all")):
        yield "remote", {"stations": stations, "compared": compared, "witnesses": 1}, False
    yield "share", {"H": 1}, False
    yield "model", "ulf-1hz", False
    yield from (("schema_version", number, False) for number in (99, 0, -1, 10**30, "2"))
    yield "end", utc(START_MS - DAY_MS), False  # before its start
    yield "start", utc(START_MS - 10**6 * 64_000), True


def scores() -> list[Horror]:
    """Scores of windows of one station, each of which would push the others out if it could."""
    return list(_scores())


def _scores() -> Iterator[Horror]:
    yield from _not_json()
    for field, value, shown in _score_fields():
        yield _with(_score(), (field,), value, shown)
    for field in ("rmse", "threshold", "return_period_days"):
        for raw in RAW:
            yield _with_raw(_score(), (field,), raw)
    for field in ("station", "window_end", "quality", "rmse", "model", "context"):
        yield _without(_score(), (field,))
    yield _with(_score(), ("model", "sha256"), "0")
    yield _with(_score(), ("nobody",), MARKUP, shown=True)
    yield _twice(_score(), "rmse", "0.25", shown=True)
    yield _twice(_score(), "rmse", '"x"')


def _score_fields() -> Iterator[tuple[str, object, bool]]:
    """Values of a score's fields, and whether the score can be shown with them."""
    for field in ("window_start", "window_end", "decided"):
        yield from ((field, time, False) for time in NO_TIMES)
    for field in ("window_start", "window_end"):
        yield from ((field, time, False) for time in OTHER_TIMES)
    for field in ("station", "quality"):
        yield from ((field, word, False) for word in NO_WORDS)
    for field in ("rmse", "threshold", "return_period_days"):
        yield from ((field, number, False) for number in NO_NUMBERS)
        yield field, None, True
    yield "completeness", 2, False
    yield "completeness", None, False
    yield "error", {"H": 1}, False
    yield "context", {"kp_highest": 99, "kp_complete": True}, False
    yield "trouble", [{"fault": "<b>", "components": "H"}], False
    yield from (("schema_version", number, False) for number in (99, 0, -1, 10**30, "2"))
    yield "window_end", utc(START_MS - DAY_MS), False  # before its start
    yield "window_start", utc(START_MS - 10**6 * 64_000), True


def samples() -> list[Horror]:
    """Samples of one station, under its key unless they have another."""
    return list(_samples())


def _samples() -> Iterator[Horror]:
    yield from _not_json()
    for time in [*NO_TIMES, *OTHER_TIMES]:
        yield _with(_sample(), ("startDate",), time)
    yield _with(_sample(), ("startDate",), "2024-05-09T00:00:00.500Z", shown=True)  # an offset
    for word in NO_WORDS:
        yield _with(_sample(), ("iagaCode",), word)
        yield _with(_sample(), ("cadence",), word)
    for cadence in ("PT1M", "PT0S", "P9999D", "PT-1S", "PT1e9S", "P1Y"):
        yield _with(_sample(), ("cadence",), cadence)
    for element in ("H", "E", "Z"):
        field = f"geomagneticField{element}"
        for value in (None, [], [1.0], "1,2", {}, 7, [["x"]], 60 * ["21000"]):
            yield _with(_sample(), (field,), value)
        yield _with(_sample(), (field,), 60 * [1e308], shown=True)  # fills: gaps
        for raw in RAW:
            yield _with_raw(_sample(), (field,), f"[{raw}]")
        yield _without(_sample(), (field,))
    for key in (b"", b"wic", b"XXX", b"WIC\n", b"W/C", b"\xff\xff", b"../..", 1000 * b"W"):
        yield _json(f"key {key[:8]!r}", _sample())._replace(key=key)
    for kind in ("text/html", "application/vnd.magwatch.samples+msgpack", "\x00", 1000 * "x"):
        yield _json(f"content type {kind[:16]!r}", _sample())._replace(content_type=kind)
    yield _with(_sample(), ("geomagneticFieldX",), 60 * [1.0])
    yield _with(_sample(), ("geomagneticFieldH",), 86_401 * [1.0])
    yield Horror("too big", b" " * (MAX_VALUE_BYTES + 1))
    yield _with(_sample(), ("nobody",), MARKUP, shown=True)
    yield _twice(_sample(), "cadence", '"PT1S"', shown=True)
    yield _twice(_sample(), "iagaCode", '"XXX"')


def good_alert(name: str, start_ms: int = START_MS) -> bytes:
    """An alert of ten minutes."""
    return json.dumps(_alert(name, start_ms)).encode()


def good_score(end_ms: int, rmse: float) -> bytes:
    """A window that ends then."""
    record = _score() | {"window_start": utc(end_ms - 256_000), "window_end": utc(end_ms)}
    return json.dumps(record | {"rmse": rmse}).encode()


def good_samples(start_ms: int) -> bytes:
    """A minute of samples from then on."""
    return json.dumps(_sample() | {"startDate": utc(start_ms)}).encode()


def _alert(name: str = NO_NAME, start_ms: int = START_MS) -> dict[str, Any]:
    data = alert_data(STATION, name, status="resolved", end_ms=start_ms + 600_000)
    return dict(json.loads(msgspec.json.encode(event(data))))


def _score() -> dict[str, Any]:
    return dict(json.loads(msgspec.json.encode(score_record(STATION))))


def _sample() -> dict[str, Any]:
    field_nt = {"H": 21_000.0, "E": 16.0, "Z": 43_800.0}
    arrays = {f"geomagneticField{name}": 60 * [level] for name, level in field_nt.items()}
    start = utc(START_MS + 30 * 60_000)
    return {"iagaCode": STATION, "cadence": "PT1S", "startDate": start, **arrays}


def _not_json() -> Iterator[Horror]:
    for name, value in NOT_JSON.items():
        yield Horror(name, value)


def _json(name: str, record: dict[str, Any], shown: bool = False) -> Horror:
    return Horror(name, json.dumps(record).encode(), shown)


def _with(
    record: dict[str, Any], path: tuple[str, ...], value: object, shown: bool = False
) -> Horror:
    changed = copy.deepcopy(record)
    place = changed
    for name in path[:-1]:
        place = place.setdefault(name, {})
    place[path[-1]] = value
    return _json(f"{path[-1]} {str(value)[:40]!r}", changed, shown)


def _with_raw(record: dict[str, Any], path: tuple[str, ...], text: str) -> Horror:
    marked = _with(record, path, "HERE")
    value = marked.value.replace(b'"HERE"', text.encode())
    return Horror(f"{path[-1]} {text}", value)


def _without(record: dict[str, Any], path: tuple[str, ...]) -> Horror:
    changed = copy.deepcopy(record)
    place = changed
    for name in path[:-1]:
        place = place[name]
    del place[path[-1]]
    return _json(f"no {path[-1]}", changed)


def _twice(record: dict[str, Any], name: str, other: str, shown: bool = False) -> Horror:
    value = json.dumps(record)[:-1] + f', "{name}": {other}}}'
    return Horror(f"{name} twice", value.encode(), shown)
