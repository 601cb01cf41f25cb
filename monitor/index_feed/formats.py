"""What the services answer, as readings of an index.

NOAA's products are arrays of rows: since March 2026 objects, before that arrays under a row of
names; times are UTC without a zone. GFZ's service answers with parallel arrays. All times are
starts of intervals. A row that cannot be used is left out and counted; a document without any
usable row is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from monitor.indices import IndexName
from monitor.records import time_ms

HOUR_MS = 3_600_000
THIRDS = 0.05  # NOAA writes two thirds as .67 or .66
DST_NT = (-2500.0, 500.0)  # the largest storm thinkable to a strong compression

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

    index: IndexName
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
    return _document("Kp", _rows(body), "time_tag", "Kp", 3 * HOUR_MS, _kp)


def gfz_kp(body: bytes) -> Document:
    """GFZ's web service: `datetime`, `Kp`, and `status`, which does not matter here."""
    answer = _decoded(body)
    if not isinstance(answer, dict):
        raise ValueError("not an object with datetime and Kp")
    times, values = answer.get("datetime"), answer.get("Kp")
    if not (isinstance(times, list) and isinstance(values, list) and len(times) == len(values)):
        raise ValueError("datetime and Kp are not arrays of one length")
    rows: list[object] = [{"datetime": at, "Kp": kp} for at, kp in zip(times, values, strict=True)]
    return _document("Kp", rows, "datetime", "Kp", 3 * HOUR_MS, _kp)


def kyoto_dst(body: bytes) -> Document:
    """NOAA SWPC `kyoto-dst.json`: `time_tag`, `dst` in nT, hourly."""
    return _document("Dst", _rows(body), "time_tag", "dst", HOUR_MS, _dst_nt)


def _document(
    index: IndexName,
    rows: Iterable[object],
    time_name: str,
    value_name: str,
    length_ms: int,
    value_of: Callable[[object], float],
) -> Document:
    readings: dict[int, Reading] = {}  # by start: of an interval told twice the last row counts
    unusable = 0
    for row in rows:
        try:
            if not isinstance(row, dict):
                raise TypeError("not an object")
            start_ms = time_ms(str(row[time_name]))
            if start_ms % length_ms:
                raise ValueError(f"{row[time_name]} begins no interval")
            value = value_of(row[value_name])
            readings[start_ms] = Reading(start_ms, start_ms + length_ms, value)
        except (KeyError, TypeError, ValueError, OverflowError):
            unusable += 1
    if not readings:
        raise ValueError(f"no usable {index} among {unusable} rows")
    return Document(index, tuple(readings.values()), unusable)


def _rows(body: bytes) -> list[object]:
    """Rows as objects, from either of NOAA's shapes."""
    answer = _decoded(body)
    if not isinstance(answer, list) or not answer:
        raise ValueError("not an array of rows")
    if not isinstance(answer[0], list):
        return answer
    names, *rows = answer
    return [dict(zip(names, row, strict=False)) if isinstance(row, list) else row for row in rows]


def _decoded(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from None


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError("not a number")
    return float(value)


def _kp(value: object) -> float:
    """Kp in thirds, to three decimals as GFZ writes them."""
    kp = _number(value)
    thirds = round(kp * 3)
    if not 0 <= kp <= 9 or abs(kp - thirds / 3) > THIRDS:
        raise ValueError(f"{kp} is no Kp")
    return round(thirds / 3, 3)


def _dst_nt(value: object) -> float:
    dst_nt = _number(value)
    if not DST_NT[0] <= dst_nt <= DST_NT[1]:
        raise ValueError(f"{dst_nt} nT is no Dst")
    return dst_nt
