"""The rows of IAGA-2002: plain ones together in arrays, the others one by one.

Source: the IAGA-2002 format description (August 2001, revised to June 2015).
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from archive.number_columns import DOT, Lines, digits_at, fields_of, numbers_at
from geofield.types import Bool, Float64, Int64
from geofield.utc import DAY_MS, EPOCH

BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?\s*Format\s+IAGA-?2002\b", re.IGNORECASE)
BEFORE = 3  # columns: date, time, day of the year
_TIME = re.compile(r"(\d\d):(\d\d):(\d\d)(\.\d*)?")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)")
_STARS, _NAN = re.compile(r"\*+"), "nan"
_EPOCH_DAY = EPOCH.date().toordinal()
_SHOWN = 40


class _BadLine(ValueError):
    """A line that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Iaga2002Rows:
    """Samples of a file.

    Attributes
    ----------
    times_ms
        Shape [n]: milliseconds since 1970 UTC.
    values
        Shape [n, columns]; NaN where missing.
    lines
        Shape [n]: number of each sample's line, from 0 after the header.
    notes
        How often something was met that the user should know.
    """

    times_ms: Int64
    values: Float64
    lines: Int64
    notes: Counter[str]


def samples_of(lines: Lines, columns: int, before: int) -> Iaga2002Rows:
    """Samples of all lines: plain lines together, the others one by one.

    Parameters
    ----------
    lines
        Lines after the header.
    columns
        Number of elements in a line.
    before
        Number of lines before these, for messages.

    Raises
    ------
    ValueError
        If a line cannot be read; the message begins with its number.
    """
    days, day_of_year, dated = _dates(lines)
    time_ms, timed = _times_ms(lines)
    numbered, plain = _numbers(lines)
    good = dated & timed & plain
    notes: Counter[str] = Counter()
    notes["doy"] += int((numbered[:, 0] != day_of_year)[good].sum())
    times_ms = days * DAY_MS + time_ms
    values = numbered[:, 1:]
    odd = np.sort(np.concatenate([lines.numbers[~good], lines.others]))
    if not len(odd):
        return Iaga2002Rows(times_ms, values, lines.numbers, notes)
    read = list(_read_alone(lines, odd.tolist(), columns, before, notes))
    numbers = np.concatenate([lines.numbers[good], [number for number, _, _ in read]])
    order = np.argsort(numbers, kind="stable")
    rows = np.array([row for _, _, row in read]).reshape(-1, values.shape[1])
    times = np.concatenate([times_ms[good], np.array([at for _, at, _ in read], np.int64)])
    return Iaga2002Rows(
        times[order],
        np.concatenate([values[good], rows])[order],
        numbers[order].astype(np.int64),
        notes,
    )


def _dates(lines: Lines) -> tuple[Int64, Int64, Bool]:
    """Days since 1970 and days of the year, [n], and which lines have a date."""
    digits, fitting = digits_at(lines.text, lines.begins[:, 0], "dddd-dd-dd")
    fitting &= lines.ends[:, 0] - lines.begins[:, 0] == 10
    keys, which = np.unique(digits @ 10 ** np.arange(7, -1, -1), return_inverse=True)
    days = [_day(f"{key // 10_000:04}-{key // 100 % 100:02}-{key % 100:02}") for key in keys]
    table = np.array([(day or (0, 0)) for day in days], np.int64).reshape(-1, 2)
    known = np.array([day is not None for day in days], dtype=bool)
    return table[which, 0], table[which, 1], fitting & known[which]


def _day(text: str) -> tuple[int, int] | None:
    """Day since 1970 and day of the year of an ISO date; None if it is none."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day.toordinal() - _EPOCH_DAY, day.timetuple().tm_yday


def _times_ms(lines: Lines) -> tuple[Int64, Bool]:
    """Milliseconds since midnight, [n], and which lines have a plain time."""
    begins, lengths = lines.begins[:, 1], lines.ends[:, 1] - lines.begins[:, 1]
    digits, fitting = digits_at(lines.text, begins, "dd:dd:dd")
    tens, ones = digits[:, ::2], digits[:, 1::2]
    hour, minute, second = (10 * tens + ones).T
    fitting &= (hour < 24) & (minute < 60) & (second < 60)
    time_ms = 1000 * (3600 * hour + 60 * minute + second)
    fraction_ms, whole = np.zeros(len(begins), np.int64), lengths == 8
    if not whole.all():
        for decimals in range(1, 7):
            some = lengths == 9 + decimals
            parts, plain = digits_at(lines.text, begins[some] + 8, "." + decimals * "d")
            weights = 1000 / 10.0 ** np.arange(1, decimals + 1)
            fraction_ms[some] = np.rint(parts @ weights).astype(np.int64)
            whole[some] = plain
    return time_ms + fraction_ms, fitting & whole


def _numbers(lines: Lines) -> tuple[Float64, Bool]:
    """Day of the year and values, [n, 1 + columns], and which lines have plain ones."""
    begins, ends = lines.begins[:, 2:], lines.ends[:, 2:]
    values, plain = numbers_at(lines.text, begins.ravel(), ends.ravel())
    numbered = values.reshape(begins.shape)
    day_ends = ends[:, 0]
    day = numbered[:, 0]
    good = plain.reshape(begins.shape).all(axis=1) & (day >= 1) & (day <= 366) & (day % 1 == 0)
    good &= (lines.text[day_ends - 1] != DOT) & (lines.text[day_ends - 2] != DOT)
    return numbered, np.asarray(good & (lines.text[begins[:, 0]] >= ord("0")))


def _read_alone(
    lines: Lines, numbers: list[int], columns: int, before: int, notes: Counter[str]
) -> Iterator[tuple[int, int, list[float]]]:
    """Numbers, times and values of lines that are not plain, without comments."""
    for number in numbers:
        line = lines.line(number)
        if line.startswith(b"#"):
            continue
        try:
            at_ms, row = _row(line, columns, notes)
        except _BadLine as fault:
            place = f"line {number + before + 1}"
            if BEGIN.match(line):
                raise ValueError(f"{place} begins another file: divide it there") from None
            raise ValueError(
                f"{place} is no row of date, time, day of the year and "
                f"{columns} values ({fault}): {shown(line)}"
            ) from None
        if at_ms is not None:
            yield number, at_ms, row


def _row(line: bytes, columns: int, notes: Counter[str]) -> tuple[int | None, list[float]]:
    """Time and values of one line; no time for a leap second."""
    fields = [field.decode("latin-1") for field in fields_of(line)]
    if len(fields) != BEFORE + columns:
        raise _BadLine(f"{len(fields)} columns")
    day = _day(fields[0])
    if day is None or len(fields[0]) != 10:
        raise _BadLine(f"{fields[0]!r} is no date")
    time_ms = _time_ms(fields[1])
    if not fields[2].isdecimal() or not 1 <= int(fields[2]) <= 366:
        raise _BadLine(f"{fields[2]!r} is no day of the year")
    row = [_value(field, notes) for field in fields[BEFORE:]]
    notes["doy"] += int(fields[2]) != day[1]
    if time_ms is None:
        notes["leap"] += 1
        return None, row
    return day[0] * DAY_MS + time_ms, row


def _time_ms(field: str) -> int | None:
    """Milliseconds since midnight; None in a leap second, which has no place in UTC here."""
    match = _TIME.fullmatch(field)
    if not match:
        raise _BadLine(f"{field!r} is no time")
    hour, minute, second = (int(part) for part in match.groups()[:3])
    if (hour, minute, second) == (23, 59, 60):
        return None
    fraction = float(match[4] or 0) if match[4] != "." else 0.0
    midnight = (hour, minute, second, fraction) == (24, 0, 0, 0)
    if not midnight and (hour > 23 or minute > 59 or second > 59):
        raise _BadLine(f"{field!r} is no time")
    return 1000 * (3600 * hour + 60 * minute + second) + round(1000 * fraction)


def _value(field: str, notes: Counter[str]) -> float:
    if _NUMBER.fullmatch(field):
        return float(field)
    if _STARS.fullmatch(field) or field.lower() == _NAN:
        notes["stars"] += 1
        return float("nan")
    raise _BadLine(f"{field!r} is no number")


def shown(line: bytes) -> str:
    """A line for a message."""
    text = line.decode("ascii", "replace").strip()
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
