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

from archive.elements import ANGLES, ELEMENTS, position_of
from archive.iaga2002_rows import BEFORE, BEGIN, samples_of, shown
from archive.number_columns import Lines, fields_of, split_lines
from archive.readings import Readings, counted
from archive.truncation import AGAIN

_COLUMNS = re.compile(rb"^[ \t]*DATE[ \t]+TIME[ \t]+DOY\b(.*)$", re.IGNORECASE | re.MULTILINE)
_LABEL = re.compile(
    r"\s*(IAGA Code|Geodetic Latitude|Geodetic Longitude|Reported)\s(.*?)[|\s]*",
    re.IGNORECASE | re.ASCII,
)
_COLUMN = re.compile(r"(.*?)(NUL|[A-Z])", re.DOTALL)
_NO_FIELD = ("G", "NUL")
_DOS_END = b" \t\x1a"


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
    lines = split_lines(header.data, BEFORE + len(header.elements))
    if not header.data.rstrip(_DOS_END).endswith(b"\n"):
        _check_last(lines, header)
    samples = samples_of(lines, len(header.elements), header.lines)
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
    whole = len(fields) == BEFORE + len(header.elements)
    if not whole or _decimals(fields[-1]) != next(likes, _decimals(fields[-1])):
        number = len(lines) + header.lines
        raise ValueError(f"line {number} is not whole ({shown(last)}), {AGAIN}")


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
