"""Read IAGA-2002: strictly, and a day of one sample a second in a fraction of a second.

Source: the IAGA-2002 format description (August 2001, revised to June 2015), and what observatories
make of it. D and I are minutes of arc, everything else is nT. NUL is a column that is not there, G
the difference of two measured total fields, which is no field. 99999 is missing, 88888 not recorded
(`geofield.series.limits`).
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from archive.elements import ANGLES, ELEMENTS, position_of
from archive.number_columns import DOT, Lines, digits_at, fields_of, numbers_at, split_lines
from archive.readings import Readings, counted
from archive.truncation import AGAIN
from geofield.types import Bool, Float64, Int64
from geofield.utc import DAY_MS, EPOCH

BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?\s*Format\s+IAGA-?2002\b", re.IGNORECASE)
_COLUMNS = re.compile(rb"^[ \t]*DATE[ \t]+TIME[ \t]+DOY\b(.*)$", re.IGNORECASE | re.MULTILINE)
_LABEL = re.compile(
    r"\s*(IAGA Code|Geodetic Latitude|Geodetic Longitude|Reported)\s(.*?)[|\s]*",
    re.IGNORECASE | re.ASCII,
)
_COLUMN = re.compile(r"(.*?)(NUL|[A-Z])", re.DOTALL)
_NO_FIELD = ("G", "NUL")
_BEFORE = 3  # columns: date, time, day of the year
_TIME = re.compile(r"(\d\d):(\d\d):(\d\d)(\.\d*)?")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)")
_STARS, _NAN = re.compile(r"\*+"), "nan"
_EPOCH_DAY = EPOCH.date().toordinal()
_SHOWN = 40
_DOS_END = b" \t\x1a"


class _BadLine(ValueError):
    """A line that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class _Iaga2002Header:
    station: str
    elements: tuple[str, ...]  # by column, NUL and G included
    position_deg: tuple[float, float] | None
    lines: int  # up to the first sample
    data: bytes


def iaga_code(content: bytes) -> str:
    """IAGA code in the header of a file or of its beginning, upper case; empty if it has none.

    Raises
    ------
    ValueError
        If the header contradicts itself, or has no line of columns.
    """
    return _header(content).station


def read_iaga2002(content: bytes) -> Readings:
    """Samples of a file.

    Raises
    ------
    ValueError
        If a line cannot be read; the message begins with its number.
    """
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise ValueError(f"line {line} has a NUL byte: the file is damaged, get it again")
    if b"\n" not in content:
        content = content.replace(b"\r", b"\n")
    header = _header(content)
    lines = split_lines(header.data, _BEFORE + len(header.elements))
    if not header.data.rstrip(_DOS_END).endswith(b"\n"):
        _check_last(lines, header)
    samples = _samples(lines, header)
    keep = [number for number, name in enumerate(header.elements) if name in ELEMENTS]
    return Readings(
        header.station,
        samples.times_ms,
        {header.elements[number]: samples.values[:, number] for number in keep},
        dict.fromkeys(ANGLES, "arcmin"),
        header.position_deg,
        tuple(_notes(header, samples.notes)),
        samples.lines + header.lines + 1,
    )


def _header(content: bytes) -> _Iaga2002Header:
    if not BEGIN.match(content):
        raise ValueError("line 1 does not say Format IAGA-2002")
    columns = _COLUMNS.search(content)
    if columns is None:
        raise ValueError(f"it ends in its header: no line DATE TIME DOY …, {AGAIN}")
    text = content[: columns.start()].decode("latin-1")
    stated = {
        match[1].upper(): (match[2].strip(), number)
        for number, line in enumerate(text.split("\n"), 1)
        if (match := _LABEL.fullmatch(line))
    }
    lines = content.count(b"\n", 0, columns.end()) + 1
    station = stated.get("IAGA CODE", ("", 0))[0].upper()
    names = columns[1].decode("latin-1").replace("|", " ").upper().split()
    elements = _elements(names, station, lines)
    reported, line = stated.get("REPORTED", ("", 0))
    if reported and reported.upper().replace(" ", "") != "".join(elements):
        raise ValueError(
            f"line {line} says that {reported} is reported, line {lines} has the columns "
            f"{' '.join(elements)}: correct one of them"
        )
    position_deg = position_of(
        stated.get(f"GEODETIC {axis}", ("", 0))[0] for axis in ("LATITUDE", "LONGITUDE")
    )
    data = content[columns.end() :].lstrip(b"\r").removeprefix(b"\n")
    return _Iaga2002Header(station, elements, position_deg, lines, data)


def _elements(names: list[str], station: str, line: int) -> tuple[str, ...]:
    """Elements of the columns, which are called after the station and the element."""
    elements: list[str] = []
    for name in names:
        match = _COLUMN.fullmatch(name.removeprefix(station))
        if not match or (match[1] and station):
            raise ValueError(
                f"line {line}: column {name!r} is no element of the station {station or '?'} that "
                "the header names"
            )
        elements.append(match[2])
    twice = [name for name, count in Counter(elements).items() if count > 1 and name != "NUL"]
    if twice:
        raise ValueError(f"line {line} has a column of {twice[0]} twice")
    return tuple(elements)


@dataclass(frozen=True, slots=True, eq=False)
class _Samples:
    times_ms: Int64
    values: Float64  # [n, columns]
    lines: Int64  # from 0
    notes: Counter[str]


def _samples(lines: Lines, header: _Iaga2002Header) -> _Samples:
    """Samples of all lines: plain lines together, the others one by one."""
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
        return _Samples(times_ms, values, lines.numbers, notes)
    read = list(_read_alone(lines, odd.tolist(), header, notes))
    numbers = np.concatenate([lines.numbers[good], [number for number, _, _ in read]])
    order = np.argsort(numbers, kind="stable")
    rows = np.array([row for _, _, row in read]).reshape(-1, values.shape[1])
    times = np.concatenate([times_ms[good], np.array([at for _, at, _ in read], np.int64)])
    return _Samples(
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
    lines: Lines, numbers: list[int], header: _Iaga2002Header, notes: Counter[str]
) -> Iterator[tuple[int, int, list[float]]]:
    """Numbers, times and values of lines that are not plain, without comments."""
    for number in numbers:
        line = lines.line(number)
        if line.startswith(b"#"):
            continue
        try:
            at_ms, row = _row(line, len(header.elements), notes)
        except _BadLine as fault:
            place = f"line {number + header.lines + 1}"
            if BEGIN.match(line):
                raise ValueError(f"{place} begins another file: divide it there") from None
            raise ValueError(
                f"{place} is no row of date, time, day of the year and "
                f"{len(header.elements)} values ({fault}): {_shown(line)}"
            ) from None
        if at_ms is not None:
            yield number, at_ms, row


def _row(line: bytes, columns: int, notes: Counter[str]) -> tuple[int | None, list[float]]:
    """Time and values of one line; no time for a leap second."""
    fields = [field.decode("latin-1") for field in fields_of(line)]
    if len(fields) != _BEFORE + columns:
        raise _BadLine(f"{len(fields)} columns")
    day = _day(fields[0])
    if day is None or len(fields[0]) != 10:
        raise _BadLine(f"{fields[0]!r} is no date")
    time_ms = _time_ms(fields[1])
    if not fields[2].isdecimal() or not 1 <= int(fields[2]) <= 366:
        raise _BadLine(f"{fields[2]!r} is no day of the year")
    row = [_value(field, notes) for field in fields[_BEFORE:]]
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


def _check_last(lines: Lines, header: _Iaga2002Header) -> None:
    """Check that the last line, which has no line break, is whole.

    Raises
    ------
    ValueError
        If it has fewer columns, or fewer decimals in the last one, than a line before.
    """
    last, *before = (lines.line(n) for n in range(len(lines) - 1, max(len(lines) - 99, -1), -1))
    fields = fields_of(last)
    if not fields or last.startswith(b"#"):
        return
    others = (other[-1] for line in before if (other := fields_of(line)))
    likes = (_decimals(other) for other in others if other[-1:].isdigit())
    whole = len(fields) == _BEFORE + len(header.elements)
    if not whole or _decimals(fields[-1]) != next(likes, _decimals(fields[-1])):
        number = len(lines) + header.lines
        raise ValueError(f"line {number} is not whole ({_shown(last)}), {AGAIN}")


def _decimals(field: bytes) -> int:
    return len(field.partition(b".")[2])


def _notes(header: _Iaga2002Header, notes: Counter[str]) -> Iterator[str]:
    left = [name for name in header.elements if name not in ELEMENTS and name not in _NO_FIELD]
    if left:
        yield f"the columns {' '.join(left)} are not read"
    if notes["stars"]:
        yield f"stars or NaN stand for {counted(notes['stars'], 'value')}: gaps"
    if notes["leap"]:
        are = "is" if notes["leap"] == 1 else "are"
        yield f"{counted(notes['leap'], 'sample')} of a leap second {are} left out"
    if notes["doy"]:
        lines = counted(notes["doy"], "line")
        yield f"the day of the year is not that of the date in {lines}: the date counts"


def _shown(line: bytes) -> str:
    text = line.decode("ascii", "replace").strip()
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
