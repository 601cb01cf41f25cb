"""Where stations are: a CSV file with the columns code, lat, lon (degrees, east positive)."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from geofield.profile import StationProfile
from geofield.samples import STATION_CODE
from monitor.errors import Refused

Positions = Mapping[str, tuple[float, float]]
CODES, LATITUDES, LONGITUDES = ("code", "iaga"), ("lat", "latitude"), ("lon", "longitude")


def read_positions(path: Path) -> dict[str, tuple[float, float]]:
    """Latitude and longitude (-180 to 180) by station; further columns are left alone.

    Raises
    ------
    Refused
        Naming the line that cannot be used.
    """
    with path.open(newline="", encoding="utf-8-sig") as stream:
        rows = csv.DictReader(stream)
        columns = {(name or "").strip().lower(): name for name in rows.fieldnames or ()}
        keys = [_column(path, columns, names) for names in (CODES, LATITUDES, LONGITUDES)]
        return dict(_position(path, rows.line_num, [row[key] for key in keys]) for row in rows)


def of_profiles(profiles: Mapping[str, StationProfile]) -> dict[str, tuple[float, float]]:
    """Positions of the stations whose profile has one."""
    found = {code: profile.position_deg for code, profile in profiles.items()}
    return {code: position for code, position in found.items() if position is not None}


def _column(path: Path, columns: Mapping[str, str], names: tuple[str, ...]) -> str:
    for name in names:
        if name in columns:
            return columns[name]
    raise Refused(f"{path}: no column {names[0]!r}; it needs code,lat,lon in its first line")


def _position(path: Path, line: int, texts: list[str | None]) -> tuple[str, tuple[float, float]]:
    code = (texts[0] or "").strip().upper()
    try:
        latitude_deg, longitude_deg = float(texts[1] or ""), float(texts[2] or "")
    except ValueError:
        raise Refused(f"{path}, line {line}: latitude and longitude must be numbers") from None
    if not STATION_CODE.fullmatch(code):
        raise Refused(f"{path}, line {line}: {code[:40]!r} is not an IAGA code")
    if not (-90 <= latitude_deg <= 90 and -180 <= longitude_deg <= 360):
        raise Refused(f"{path}, line {line}: {latitude_deg:g}, {longitude_deg:g} is nowhere")
    return code, (latitude_deg, (longitude_deg + 180) % 360 - 180)
