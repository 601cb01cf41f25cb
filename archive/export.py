"""Write a day of a recording as IAGA-2002 or CSV.

Source: the IAGA-2002 format description (August 2001, revised to June 2015): lines of 70
characters, two decimals, nT and minutes of arc, 99999.00 for a missing value and 88888.00 for a
column that is not recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import isnan

import numpy as np

from archive.elements import ANGLES
from archive.recording import Recording, positions_of
from geofield.series.limits import MISSING, NOT_RECORDED
from geofield.series.orientation import orientation_of
from geofield.types import Float64
from geofield.utc import DAY_MS, datetime_of, utc

_WIDTH = 69  # of a header line, before its |
_COLUMNS = 4
_NOTHING = "NUL"
_NAMES = {1000: ("second", "sec"), 60_000: ("minute", "min"), 3_600_000: ("hour", "hor")}


def whole_day(recording: Recording, day_ms: int) -> Recording:
    """The samples of a UTC day on its whole grid, NaN where there are none."""
    cadence_ms = recording.cadence_ms
    start_ms = -(-day_ms // cadence_ms) * cadence_ms
    length = -(-(day_ms + DAY_MS - start_ms) // cadence_ms)
    begin, stop = positions_of(recording, start_ms, day_ms + DAY_MS)
    place = (recording.start_ms - start_ms) // cadence_ms + begin
    elements = {}
    for name, values in recording.elements.items():
        elements[name] = np.full(length, np.nan)
        elements[name][place : place + stop - begin] = values[begin:stop]
    return replace(recording, start_ms=start_ms, elements=elements)


def iaga2002_name(recording: Recording) -> str:
    """Name of the file of a day by the rules of IAGA-2002, such as ``wic20260104vsec.sec``."""
    _, ending = _names(recording.cadence_ms)
    day = f"{datetime_of(recording.start_ms):%Y%m%d}"
    return f"{recording.station.lower()}{day}v{ending}.{ending}"


def iaga2002(recording: Recording, station_name: str = "") -> bytes:
    """A recording as IAGA-2002; values are rounded to its two decimals."""
    orientation = orientation_of(frozenset(recording.elements))
    scalars = [name for name in "FS" if name in recording.elements and name not in orientation]
    names = [*orientation, *scalars]
    names += [_NOTHING] * (_COLUMNS - len(names))
    rows = zip(*(_values(recording, name) for name in names), strict=True)
    times = map(_time, _stamps_ms(recording))
    body = (
        f"{time}    " + " ".join(f"{value:9.2f}" for value in row)
        for time, row in zip(times, rows, strict=True)
    )
    return "\n".join([*_header(recording, names, station_name), *body, ""]).encode("ascii")


def csv(recording: Recording) -> bytes:
    """A recording as CSV with a column `time` and one for each element, in nT and degrees.

    Values have all their digits; a gap is empty.
    """
    times = map(utc, _stamps_ms(recording))
    rows = zip(*(values.tolist() for values in recording.elements.values()), strict=True)
    lines = (
        ",".join([time, *("" if isnan(value) else repr(value) for value in row)])
        for time, row in zip(times, rows, strict=True)
    )
    return "\n".join([",".join(["time", *recording.elements]), *lines, ""]).encode()


def _stamps_ms(recording: Recording) -> list[int]:
    start_ms = recording.start_ms + recording.offset_ms
    return [start_ms + number * recording.cadence_ms for number in range(len(recording))]


def _values(recording: Recording, name: str) -> list[float]:
    if name == _NOTHING:
        return [float(NOT_RECORDED)] * len(recording)
    values: Float64 = recording.elements[name] * (60.0 if name in ANGLES else 1.0)
    reported: list[float] = np.where(np.isnan(values), MISSING, values).tolist()
    return reported


def _time(time_ms: int) -> str:
    at = datetime_of(time_ms)
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03} {at:%j}"


def _header(recording: Recording, names: list[str], station_name: str) -> Iterator[str]:
    interval, _ = _names(recording.cadence_ms)
    latitude_deg, longitude_deg = recording.position_deg or (None, None)
    fields = {
        "Format": "IAGA-2002",
        "Source of Data": "as reported to magwatch",
        "Station Name": station_name.encode("ascii", "replace").decode(),
        "IAGA Code": recording.station,
        "Geodetic Latitude": "" if latitude_deg is None else f"{latitude_deg:.3f}",
        "Geodetic Longitude": "" if longitude_deg is None else f"{longitude_deg % 360:.3f}",
        "Elevation": "",
        "Reported": "".join(names),
        "Sensor Orientation": "".join(name for name in names if name != _NOTHING),
        "Digital Sampling": f"{recording.cadence_ms / 1000:g} second",
        "Data Interval Type": interval,
        "Data Type": "variation",
    }
    for label, text in fields.items():
        yield f" {label:23}{text}"[:_WIDTH].ljust(_WIDTH) + "|"
    columns = "".join(f"{recording.station + name:<10}" for name in names)
    yield f"DATE       TIME         DOY     {columns}".rstrip().ljust(_WIDTH) + "|"


def _names(cadence_ms: int) -> tuple[str, str]:
    """Words for an interval, and the ending of its files."""
    unit, ending = _NAMES.get(cadence_ms, ("", "txt"))
    return (f"1-{unit}" if unit else f"{cadence_ms / 1000:g}-second"), ending
