"""Read CSV: a column `time` (ISO 8601, UTC) and one column for each element."""

import csv
import io
import re

import numpy as np

from archive.readings import Readings
from archive.tables import TIME, Stated, columns_of
from archive.text import text_of
from geofield.types import Int64

_SEPARATORS = (",", ";", "\t")
_GAPS = ("", "nan", "null", "na")
_ZONE = re.compile(r"(?:Z|[+-]00:?00)$")
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)?")


def read_csv(content: bytes, stated: Stated) -> Readings:
    """Samples of a table; the user has to give the code of the station.

    Raises
    ------
    ValueError
        If a column, a unit or a value is missing or not readable; the message says which.
    """
    text = text_of(content)
    heading = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text), delimiter=max(_SEPARATORS, key=heading.count))
    names = [name.strip() for name in next(rows)]
    columns = columns_of(names, {}, stated)
    at, places = names.index(columns.time), [names.index(name) for name in columns.names.values()]
    times: list[np.datetime64] = []
    values: list[list[float]] = []
    lines: list[int] = []
    for row in rows:
        if not row:
            continue
        try:
            if len(row) != len(names):
                raise ValueError(f"{len(row)} columns, where the first line has {len(names)}")
            times.append(_time(row[at]))
            values.append([_number(row[place]) for place in places])
        except ValueError as error:
            raise ValueError(f"line {rows.line_num}: {error}") from None
        lines.append(rows.line_num)
    if not times:
        raise ValueError("it has no samples")
    by_element = dict(zip(columns.names, np.array(values).T, strict=True))
    times_ms: Int64 = np.array(times, "datetime64[ms]").astype(np.int64)
    return Readings("", times_ms, by_element, columns.units, lines=np.array(lines))


def _time(text: str) -> np.datetime64:
    bare = _ZONE.sub("", text.strip())
    try:
        if _TIME.fullmatch(bare):
            return np.datetime64(bare, "ms")
    except ValueError:
        pass  # a month 13
    raise ValueError(f"{text!r} in column {TIME} is no time like 2024-05-09T00:00:00Z")


def _number(text: str) -> float:
    bare = text.strip()
    if bare.lower() in _GAPS:
        return float("nan")
    try:
        if "_" not in bare:
            return float(bare)
    except ValueError:
        pass
    raise ValueError(f"{text!r} is no number")
