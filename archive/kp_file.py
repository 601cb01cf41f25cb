"""Read files of Kp that GFZ publishes, and CSV with a column `Kp`.

Source: the layouts that the heads of `Kp_ap_since_1932.txt` (a line for each three hours) and
`Kp_ap_Ap_SN_F107_since_1932.txt` (a line for each day) describe; GFZ Potsdam, doi 10.5880/Kp.0001,
CC BY 4.0.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archive.files import FileRefused, contents
from archive.packed import unpacked
from archive.text import text_of
from geofield.indices import KP, IndexInterval
from geofield.types import Float64, Int64
from geofield.utc import DAY_MS, time_ms, utc_day

_INTERVALS = 8  # in a day
_OF_THREE_HOURS, _OF_A_DAY = 10, 28  # columns
_MISSING = -1.0
_ROUNDED = 0.2  # three times Kp of one decimal lie so near to whole numbers
_TIMES = ("time", "interval_start_utc", "datetime", "date")
_ADVICE = "give GFZ's Kp_ap_since_1932.txt, or a CSV with a column of times and a column Kp"


class _NoKp(ValueError):
    """A line has no Kp; the message says what was found."""


@dataclass(frozen=True, slots=True, eq=False)
class KpFile:
    """Kp of a file.

    Attributes
    ----------
    start_ms
        Shape [n]: begin of each interval of three hours, in order.
    kp
        Shape [n]: its value.
    """

    start_ms: Int64
    kp: Float64

    @property
    def last_day(self) -> str:
        """Last day with a value, ISO 8601."""
        return utc_day(int(self.start_ms[-1]))

    def intervals(self, start_ms: int, end_ms: int) -> list[IndexInterval]:
        """Values of the intervals that touch ``start_ms`` to ``end_ms``, known at their ends."""
        first = int(np.searchsorted(self.start_ms, start_ms - KP.interval_ms, "right"))
        after = int(np.searchsorted(self.start_ms, end_ms))
        return [
            IndexInterval(KP, at_ms, at_ms + KP.interval_ms, at_ms + KP.interval_ms, value)
            for at_ms, value in zip(
                self.start_ms[first:after].tolist(), self.kp[first:after].tolist(), strict=True
            )
        ]


def read_kp_file(path: Path) -> KpFile:
    """Read a file of Kp, packed or not; of an interval that stands twice the later counts.

    Raises
    ------
    FileRefused
        If it is missing, has a line that cannot be read, or no Kp; the message names the line and
        what was found there.
    """
    content = contents(path, kind="file of Kp")
    try:
        parts = [inside for _, inside in unpacked(content)]
        if len(parts) != 1:
            raise ValueError(f"{len(parts)} files are in it: {_ADVICE}")
        values = dict(_values(text_of(parts[0])))
    except ValueError as error:
        raise FileRefused(f"{path}: {error}") from error
    if not values:
        raise FileRefused(f"{path}: no line has a Kp: {_ADVICE}")
    starts_ms = sorted(values)
    return KpFile(np.array(starts_ms, np.int64), np.array([values[at_ms] for at_ms in starts_ms]))


def _values(text: str) -> Iterator[tuple[int, float]]:
    """Begin of each interval and its Kp, without those that are missing."""
    lines = text.splitlines()
    head = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    rows = _csv_rows(text) if "," in head else _table_rows(lines)
    for number, row in rows:
        for at_ms, value in row:
            if value == _MISSING:
                continue
            if at_ms % KP.interval_ms:
                raise ValueError(
                    f"line {number} is not about three hours from 00, 03, … 21 UTC: is it another "
                    f"index, as Hp30? {_ADVICE}"
                )
            thirds = 3 * value
            if not KP.lowest <= value <= KP.highest or abs(thirds - round(thirds)) > _ROUNDED:
                raise ValueError(f"line {number}: {value:g} is no Kp of 0 to 9 in thirds")
            yield at_ms, value


_Row = list[tuple[int, float]]


def _table_rows(lines: list[str]) -> Iterator[tuple[int, _Row]]:
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            yield number, _table_row(line.split())
        except ValueError as error:
            what = str(error) if isinstance(error, _NoKp) else "not all of it are numbers"
            raise ValueError(
                f"line {number} is none of GFZ's tables of Kp ({what}): {line.strip()[:60]!r}; "
                f"{_ADVICE}"
            ) from None


def _table_row(fields: list[str]) -> _Row:
    if len(fields) not in (_OF_THREE_HOURS, _OF_A_DAY):
        raise _NoKp(f"{len(fields)} columns, not {_OF_THREE_HOURS} or {_OF_A_DAY}")
    try:
        day_ms = time_ms("-".join(fields[:3]))
    except ValueError:
        raise _NoKp(f"{' '.join(fields[:3])} is no date") from None
    if len(fields) == _OF_A_DAY:
        return [
            (day_ms + number * KP.interval_ms, float(field))
            for number, field in enumerate(fields[7 : 7 + _INTERVALS])
        ]
    hours, middle_hours = float(fields[3]), float(fields[4])
    if middle_hours != hours + 1.5:
        raise _NoKp(f"{fields[4]} h is not the middle of three hours from {fields[3]} h")
    return [(day_ms + round(hours * DAY_MS / 24), float(fields[7]))]


def _csv_rows(text: str) -> Iterator[tuple[int, _Row]]:
    rows = csv.reader(io.StringIO(text))
    names = [name.strip().lower() for name in next(rows)]
    times = [number for number, name in enumerate(names) if name in _TIMES]
    if not times or "kp" not in names:
        raise ValueError(f"line 1 has the columns {', '.join(names)}: {_ADVICE}")
    time, kp = times[0], names.index("kp")
    for row in rows:
        if not row:
            continue
        if len(row) != len(names):
            raise ValueError(
                f"line {rows.line_num} has {len(row)} columns, where the first line has "
                f"{len(names)}"
            )
        try:
            at_ms = time_ms(row[time].strip())
            value = float(row[kp]) if row[kp].strip() else _MISSING
        except ValueError:
            raise ValueError(
                f"line {rows.line_num}: {row[time]!r} and {row[kp]!r} are no time (UTC) and no Kp"
            ) from None
        yield rows.line_num, [(at_ms, value)]
