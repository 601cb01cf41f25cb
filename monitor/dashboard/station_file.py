"""File of stations: positions and names as CSV with the columns code, lat, lon, name."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from archive.files import FileRefused, contents
from archive.text import text_of
from geofield.series.samples import STATION_CODE
from monitor.errors import Refused
from monitor.kafka.guard import printable

CODES, LATITUDES, LONGITUDES = ("code", "iaga"), ("lat", "latitude"), ("lon", "longitude")
NAME = "name"  # an optional column
MOST_CHARACTERS = 200  # of a name


@dataclass(frozen=True, slots=True)
class ListedStation:
    """Latitude and longitude (-180 to 180, east positive) of a station, and its name if any."""

    position_deg: tuple[float, float]
    name: str = ""


def read_stations(path: Path) -> dict[str, ListedStation]:
    """The stations of a file by their codes; other columns are ignored.

    Raises
    ------
    Refused
        If the file cannot be read or a line cannot be used; the message names the line.
    """
    try:
        content = contents(path)
    except FileRefused as error:
        raise Refused(str(error)) from error
    try:
        return _stations(path, csv.DictReader(io.StringIO(text_of(content), newline="")))
    except (ValueError, csv.Error) as error:
        raise Refused(f"{path}: {error}") from error


def _stations(path: Path, rows: csv.DictReader[str]) -> dict[str, ListedStation]:
    columns = {(name or "").strip().lower(): name for name in rows.fieldnames or ()}
    keys = [_column(path, columns, names) for names in (CODES, LATITUDES, LONGITUDES)]
    keys.append(columns.get(NAME, NAME))
    stations = {}
    for row in rows:
        code, latitude, longitude, name = ((row.get(key) or "").strip() for key in keys)
        where = f"{path}, line {rows.line_num}"
        stations[code.upper()] = _station(where, code.upper(), latitude, longitude, name)
    return stations


def _column(path: Path, columns: Mapping[str, str], names: tuple[str, ...]) -> str:
    for name in names:
        if name in columns:
            return columns[name]
    raise Refused(f"{path}: no column {names[0]!r}; it needs code,lat,lon in its first line")


def _station(where: str, code: str, latitude: str, longitude: str, name: str) -> ListedStation:
    try:
        latitude_deg, longitude_deg = float(latitude), float(longitude)
    except ValueError:
        raise Refused(f"{where}: latitude and longitude must be numbers") from None
    if not STATION_CODE.fullmatch(code):
        raise Refused(f"{where}: {code[:40]!r} is not an IAGA code")
    if not (-90 <= latitude_deg <= 90 and -180 <= longitude_deg <= 360):
        raise Refused(f"{where}: {latitude_deg:g}, {longitude_deg:g} is nowhere")
    position_deg = (latitude_deg, (longitude_deg + 180) % 360 - 180)
    return ListedStation(position_deg, printable(name)[:MOST_CHARACTERS])
