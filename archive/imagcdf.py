"""Read ImagCDF, INTERMAGNET's use of NASA's Common Data Format, by cdflib.

Source: the description of ImagCDF 1.2 (INTERMAGNET Technical Manual), and the 1.3 that geomagpy
writes. Each element has its unit and its fill in its attributes, and its own times: the vector is
read, whatever the cadence of the scalar and of temperatures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archive.elements import ANGLES, ELEMENTS, position_of
from archive.readings import Readings
from archive.truncation import check_cdf
from geofield.series.orientation import OrientationError, orientation_of
from geofield.types import Float64, Int64
from support.extras import needs

if TYPE_CHECKING:
    from cdflib import CDF

_FIELD = "GeomagneticField"
_COMMON_TIMES = ("GeomagneticVectorTimes", "DataTimes")
_NS_IN_MS = 1_000_000
_TT2000 = "CDF_TIME_TT2000"
_NO_TIME = -(2.0**62)  # fills are below, in any of these
_TIMES = (_TT2000, "CDF_EPOCH", "CDF_EPOCH16")


@dataclass(frozen=True, slots=True, eq=False)
class _ElementSeries:
    """An element and its times, as names of variables, and its attributes in lower case."""

    element: str
    variable: str
    times: str
    attributes: Mapping[str, Any]


def stated_code(path: Path) -> str:
    """IAGA code that a file states, upper case; empty if it states none.

    Raises
    ------
    ValueError
        If it is no ImagCDF.
    """
    return _stated(_opened(path), "IagaCode").upper()


def read_imagcdf(path: Path) -> Readings:
    """Samples of the vector in a file.

    Raises
    ------
    ValueError
        If the file is damaged, no ImagCDF, or has no vector on common times; the message says why.
    """
    check_cdf(path)
    file = _opened(path)
    try:
        return _readings(file)
    except (KeyError, IndexError, TypeError, OSError, AttributeError) as error:
        raise ValueError(f"not readable as ImagCDF ({error!r}): get it again") from error


def _opened(path: Path) -> CDF:
    with needs("archive"):
        import cdflib  # noqa: PLC0415 - needed for ImagCDF only
    try:
        return cdflib.CDF(path)
    except Exception as error:  # cdflib passes on whatever damage leads to
        reason = " ".join(str(error).split())
        raise ValueError(f"not readable as CDF ({reason}): get it again") from error


def _readings(file: CDF) -> Readings:
    vector = _vector(file, _all_series(file))
    times_ms = _times_ms(file, vector[0].times)
    elements = {}
    for series in vector:
        values = _values(file, series)
        if len(values) != len(times_ms):
            raise ValueError(
                f"{series.variable} has {len(values):,} values and {series.times} "
                f"{len(times_ms):,} times"
            )
        elements[series.element] = values
    return Readings(
        _stated(file, "IagaCode").upper(),
        times_ms,
        elements,
        {series.element: _unit(series) for series in vector},
        position_of(_stated(file, name) for name in ("Latitude", "Longitude")),
    )


def _stated(file: CDF, attribute: str) -> str:
    """Global attribute as text; empty if there is none."""
    entries = file.globalattsget().get(attribute, [""])
    first = entries[0] if isinstance(entries, list) and entries else entries
    return str(first).strip() if first is not None else ""


def _all_series(file: CDF) -> list[_ElementSeries]:
    info = file.cdf_info()
    names = [*info.zVariables, *info.rVariables]
    all_series = []
    for name in names:
        element = name.removeprefix(_FIELD).upper()
        if name.startswith(_FIELD) and element in ELEMENTS:
            attributes = _attributes(name, file.varattsget(name))
            stated = str(attributes.get("depend_0", "")).strip()
            common = next((times for times in _COMMON_TIMES if times in names), "")
            times = stated if stated in names else common
            all_series.append(_ElementSeries(element, name, times, attributes))
    if not all_series:
        raise ValueError(f"this CDF is no ImagCDF: it has no variables {_FIELD}…")
    return all_series


def _attributes(variable: str, stated: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes by their names in lower case: some write Units for UNITS."""
    attributes: dict[str, Any] = {}
    for name, value in stated.items():
        if str(attributes.setdefault(name.lower(), value)) != str(value):
            raise ValueError(f"{variable} has two attributes {name}, which differ")
    return attributes


def _vector(file: CDF, all_series: list[_ElementSeries]) -> list[_ElementSeries]:
    """The series on common times that make a vector."""
    recorded = frozenset(_stated(file, "ElementsRecorded").upper())
    groups: dict[bytes, list[_ElementSeries]] = {}
    for series in all_series:
        groups.setdefault(_raw_times(file, series.times).tobytes(), []).append(series)
    for group in groups.values():
        for vector in (group, [series for series in group if series.element in recorded]):
            try:
                orientation_of(frozenset(series.element for series in vector))
            except OrientationError:
                continue
            return vector
    orientation_of(frozenset(series.element for series in all_series))  # says what is missing
    stated = ", ".join(f"{series.element} by {series.times or 'none'}" for series in all_series)
    raise ValueError(f"its elements have different times ({stated}): they make no vector")


def _raw_times(file: CDF, name: str) -> Any:
    if not name:
        raise ValueError(f"it has none of the times {', '.join(_COMMON_TIMES)}")
    description = file.varinq(name)
    if description.Last_Rec < 0:
        raise ValueError(f"{name} is empty: no samples")
    if description.Data_Type_Description not in _TIMES:
        raise ValueError(f"{name} is {description.Data_Type_Description}, which is no time of CDF")
    return np.asarray(file.varget(name)).reshape(description.Last_Rec + 1)


def _times_ms(file: CDF, name: str) -> Int64:
    """Times of a variable, shape [n]; leap seconds are taken out, as everywhere in UTC."""
    from cdflib import cdfepoch  # noqa: PLC0415 - needed for ImagCDF only

    to_datetime = cdfepoch.to_datetime

    raw = _raw_times(file, name)
    if not (raw.real > _NO_TIME).all():
        raise ValueError("a sample has no time")
    if file.varinq(name).Data_Type_Description == _TT2000:
        ends = np.array([raw.min(), raw.max()])
        ends_ns = np.asarray(to_datetime(ends)).astype("datetime64[ns]").astype(np.int64)
        if ends[1] - ends[0] == ends_ns[1] - ends_ns[0]:  # no leap second in between
            return np.asarray((raw - ends[0] + ends_ns[0] + _NS_IN_MS // 2) // _NS_IN_MS)
    times_ns = np.asarray(to_datetime(raw)).astype("datetime64[ns]").astype(np.int64)
    return np.asarray((times_ns + _NS_IN_MS // 2) // _NS_IN_MS)


def _values(file: CDF, series: _ElementSeries) -> Float64:
    """Values of an element, shape [n], with NaN for the fill that its attribute states."""
    description = file.varinq(series.variable)
    if description.Last_Rec < 0:
        raise ValueError(f"{series.variable} is empty: no samples")
    read = np.asarray(file.varget(series.variable))
    if read.size != description.Last_Rec + 1 or read.dtype.kind not in "fiu":
        raise ValueError(f"{series.variable} is not one number for each time")
    values = read.reshape(-1).astype(np.float64)
    fill = series.attributes.get("fillval")
    try:
        fill = float(fill) if fill is not None else np.nan
    except (TypeError, ValueError):
        raise ValueError(f"FILLVAL of {series.variable} is no number: {fill!r}") from None
    return np.where(values == fill, np.nan, values)


def _unit(series: _ElementSeries) -> str:
    unit = str(series.attributes.get("units", "")).strip()
    if unit:
        return unit
    return "degrees" if series.element in ANGLES else "nT"
