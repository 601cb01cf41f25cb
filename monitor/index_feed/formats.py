"""What the services answer, as readings of an index.

NOAA's products are arrays of rows: since March 2026 objects, before that arrays under a row of
names; times are UTC without a zone. GFZ's service answers with parallel arrays; a value that is not
there is null or -1. All times are starts of intervals. A row that cannot be used is left out and
counted; a document without any usable row is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from geofield.indices import DST, KP, Index
from geofield.utc import time_ms

THIRDS = 0.05  # NOAA writes two thirds as .67 or .66
DST_NT = (-2500.0, 500.0)  # the largest storm thinkable to a strong compression
FIRST_MS = time_ms("1932-01-01")  # Kp begins; Dst does later
NUMBER = re.compile(r" *[+-]?\d{1,9}(\.\d{0,9})? *", re.ASCII)  # as text, in NOAA's older shape

Row: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of an index over `start_ms` to `end_ms` (exclusive)."""

    start_ms: int
    end_ms: int
    value: float


@dataclass(frozen=True, slots=True)
class Document:
    """Readings in the order of the answer, and how many rows could not be used."""

    index: Index
    readings: tuple[Reading, ...]
    unusable: int


Parse: TypeAlias = Callable[[bytes], Document]


def noaa_kp(body: bytes) -> Document:
    """NOAA SWPC `noaa-planetary-k-index.json`: `time_tag`, `Kp`.

    Raises
    ------
    ValueError
        If it is none, here and below.
    """
    return _document(KP, _rows(body), "time_tag", "Kp", _in_thirds)


def gfz_index(index: Index, body: bytes) -> Document:
    """GFZ's web service: `datetime` and the index by its name; Kp's `status` is left alone."""
    answer, name = _decoded(body), index.name
    if not isinstance(answer, dict):
        raise ValueError(f"not an object with datetime and {name}")
    times, values = answer.get("datetime"), answer.get(name)
    if not (isinstance(times, list) and isinstance(values, list) and len(times) == len(values)):
        raise ValueError(f"datetime and {name} are not arrays of one length")
    rows = [{"datetime": at, name: value} for at, value in zip(times, values, strict=True)]
    return _document(index, rows, "datetime", name, _in_thirds)


def kyoto_dst(body: bytes) -> Document:
    """NOAA SWPC `kyoto-dst.json`: `time_tag`, `dst` in nT, hourly."""
    return _document(DST, _rows(body), "time_tag", "dst", _dst_nt)


def _document(
    index: Index,
    rows: Iterable[object],
    time_name: str,
    value_name: str,
    value_of: Callable[[Index, object], float],
) -> Document:
    readings: dict[int, Reading] = {}  # by start: of an interval told twice the last row counts
    unusable = 0
    for row in rows:
        try:
            if not isinstance(row, dict):
                raise TypeError("not an object")
            start_ms = _start_ms(row[time_name], index.interval_ms)
            value = value_of(index, row[value_name])
            readings[start_ms] = Reading(start_ms, start_ms + index.interval_ms, value)
        except (KeyError, TypeError, ValueError, OverflowError):
            unusable += 1
    if not readings:
        raise ValueError(f"no usable {index.name} among {unusable} rows")
    return Document(index, tuple(readings.values()), unusable)


def _rows(body: bytes) -> list[object]:
    """Rows as objects, from either of NOAA's shapes."""
    answer = _decoded(body)
    if not isinstance(answer, list) or not answer:
        raise ValueError("not an array of rows")
    if not isinstance(answer[0], list):
        return answer
    names, *rows = answer
    if not all(isinstance(name, str) for name in names):
        raise ValueError("the first row does not name the columns")
    return [dict(zip(names, row, strict=False)) if isinstance(row, list) else row for row in rows]


def _decoded(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from None


def _start_ms(value: object, length_ms: int) -> int:
    if not isinstance(value, str):
        raise TypeError("not a time")
    start_ms = time_ms(value)
    if start_ms % length_ms or start_ms < FIRST_MS:
        raise ValueError(f"{value} begins no interval")
    return start_ms


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError("not a number")
    if isinstance(value, str) and not NUMBER.fullmatch(value):
        raise ValueError("not a number")
    return float(value)


def _in_thirds(index: Index, value: object) -> float:
    """Kp or Hp30, to three decimals as GFZ writes them."""
    number = _number(value)
    thirds = round(number * 3)
    if not index.lowest <= number <= index.highest or abs(number - thirds / 3) > THIRDS:
        raise ValueError(f"{number} is no {index.name}")
    return round(thirds / 3, 3)


def _dst_nt(_: Index, value: object) -> float:
    dst_nt = _number(value)
    if not DST_NT[0] <= dst_nt <= DST_NT[1]:
        raise ValueError(f"{dst_nt} nT is no Dst")
    return dst_nt
