"""`magwatch export`: a day of the history as a file of an observatory."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from archive.export import csv, iaga2002, iaga2002_name, whole_day
from archive.history import is_history, with_day_files
from archive.observatory import read_archive
from archive.outputs import write_file
from geofield.utc import DAY_MS, moment_ms
from monitor.dashboard.station_file import read_stations
from monitor.errors import Refused
from monitor.settings import load_settings
from support.options import DAY
from support.spans import Span


@click.command()
@click.argument("station")
@click.argument("day", type=DAY, metavar="YYYY-MM-DD")
@click.option(
    "--history",
    "folder",
    type=click.Path(path_type=Path),
    default="history",
    show_default=True,
    help="Folder of `magwatch history`.",
)
@click.option("--stations", help="CSV file code,lat,lon,name; else MAGWATCH_STATIONS.")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write; .csv for CSV, else IAGA-2002.  [default: such as wic20260104vsec.sec]",
)
def export(
    station: str, day: datetime, folder: Path, stations: str | None, output: Path | None
) -> None:
    """Write a UTC day of a station from the history as IAGA-2002 or CSV.

    IAGA-2002 has two decimals, and minutes of arc; CSV has all digits, and degrees. Position and
    name of the station are those of --stations, if it is in there.

    \b
    Example:
      magwatch export WIC 2026-01-04
      magwatch export WIC 2026-01-04 --history /data/history -o wic.csv
    """
    settings = load_settings(stations=stations)
    listed = read_stations(settings.stations) if settings.stations else {}
    if not is_history(folder):
        raise Refused(f"{folder}: no files of `magwatch history` are there: give --history")
    day_ms = moment_ms(day)
    files = with_day_files([folder], station, Span(day_ms, day_ms + DAY_MS))
    recording = whole_day(read_archive(files), day_ms)
    known = listed.get(recording.station)
    if known:
        recording = replace(recording, position_deg=known.position_deg)
    path = output or Path(iaga2002_name(recording))
    name = known.name if known else ""
    write_file(path, csv(recording) if path.suffix == ".csv" else iaga2002(recording, name))
    click.echo(f"{len(recording):,} samples of {recording.station}: {path}")
