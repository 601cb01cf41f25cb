"""The tables that `magwatch evaluate --stations` judges, of a recipe or of a file of their own.

``[[stations]]`` are judged on transients, ``[[drift]]`` on false alarms long after a calibration,
``[[man_made]]`` on pulses that the field does not make.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from archive.files import FileRefused, contents
from archive.text import text_of
from geofield.utc import time_ms
from support.spans import Span, span_of
from training.recipe.days import span_ms
from training.recipe.section import RecipeRefused, RecipeTable
from training.recipe.stations import RecipeStation, no_spans, share_a_day, station_problems
from training.recipe.tables import LeftOutSpan


class DriftCase(RecipeTable, frozen=True):
    """A calibration, and later days in which false alarms are counted.

    Attributes
    ----------
    files
        Files of one station in the data folder, or ``magpy/...`` for examples of geomagpy.
    calibration_days, days
        UTC dates or spans of dates that calibrate, and later ones that are judged.
    group
        Name of cases whose counts are added up; empty for none.
    left_out
        Spans in which the archive is not the field.
    """

    files: list[str]
    calibration_days: list[str]
    days: list[str]
    group: str = ""
    left_out: tuple[LeftOutSpan, ...] = ()


class ManMadeCase(RecipeTable, frozen=True):
    """A record in which pulses are searched that the field does not make.

    Attributes
    ----------
    name
        Name of the record in the table.
    file
        As in `DriftCase.files`.
    natural
        Whether nothing man-made is in it but what is marked.
    marked
        Moments (UTC) of known man-made pulses.
    span
        Span of time (UTC) to search; empty for all of the file.
    """

    name: str
    file: str
    natural: bool = False
    marked: tuple[str, ...] = ()
    span: str = ""

    def marked_ms(self) -> list[int]:
        """The known moments, ms since 1970 UTC; ValueError if one is none."""
        return [time_ms(moment) for moment in self.marked]

    def searched(self) -> Span:
        """The span to search; ValueError if it is none."""
        return span_of(self.span) if self.span else Span()


class JudgedTables(RecipeTable, frozen=True):
    """The tables together; `stations` are those with ``use = "test"``."""

    stations: tuple[RecipeStation, ...] = ()
    drift: tuple[DriftCase, ...] = ()
    man_made: tuple[ManMadeCase, ...] = ()


def load_judged(path: Path) -> JudgedTables:
    """Read the tables from a file of their own, or from a recipe.

    Raises
    ------
    RecipeRefused
        If the file is missing, is not TOML, has a wrong or unknown key, contradicts itself, or has
        none of the tables.
    """
    try:
        tables = tomllib.loads(text_of(contents(path)))
        if "window" in tables:  # a recipe, which is checked as a whole where it is used
            own = JudgedTables.__struct_fields__
            tables = {name: table for name, table in tables.items() if name in own}
        judged = msgspec.convert(tables, JudgedTables)
        problems = judged_problems(judged.stations, judged.drift, judged.man_made)
    except RecipeRefused as error:
        raise RecipeRefused(f"{path}: {error}") from error
    except FileRefused as error:
        raise RecipeRefused(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise RecipeRefused(f"{path}: {error}") from error
    if problems:
        raise RecipeRefused(f"{path}: {'; '.join(problems)}")
    tested = tuple(station for station in judged.stations if station.use == "test")
    if not (tested or judged.drift or judged.man_made):
        raise RecipeRefused(
            f'{path}: nothing to judge: no [[stations]] of use = "test", [[drift]] or [[man_made]]'
        )
    return msgspec.structs.replace(judged, stations=tested)


def judged_problems(
    stations: Sequence[RecipeStation], drift: Sequence[DriftCase], man_made: Sequence[ManMadeCase]
) -> list[str]:
    """What is wrong with the tables, in words; empty if nothing is.

    Raises
    ------
    RecipeRefused
        If an entry is not a date or a span of dates.
    """
    problems = station_problems(stations)
    for number, case in enumerate(drift, 1):
        where = f"drift, number {number}: "
        problems += [f"{where}{problem}" for problem in _drift_problems(case)]
    for record in man_made:
        try:
            record.marked_ms()
            record.searched()
        except ValueError as error:
            problems.append(f"man_made, {record.name}: {error}")
    return problems


def _drift_problems(case: DriftCase) -> list[str]:
    problems = no_spans(case.left_out)
    if not (case.files and case.calibration_days and case.days):
        problems.append("files, calibration_days and days must not be empty")
    elif share_a_day(case.days, case.calibration_days):
        problems.append("a judged day must not calibrate")
    elif min(map(span_ms, case.days)) < max(map(span_ms, case.calibration_days)):
        problems.append("the judged days must lie after those that calibrate")
    return problems
