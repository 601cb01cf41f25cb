"""The table ``[[stations]]`` of a recipe: other stations, and other days of the first one."""

from collections.abc import Sequence
from itertools import combinations
from typing import Literal

from support.spans import span_of
from training.recipe.days import span_ms
from training.recipe.section import RecipeTable
from training.recipe.tables import LeftOutSpan


class RecipeStation(RecipeTable, frozen=True):
    """Archive files of one station, and their only use.

    Attributes
    ----------
    use
        ``train``: its quiet windows are trained on, in units of its scale. ``validation``: it helps
        to choose weights, stopping and seed. ``test``: it is judged in the evaluation.
    files
        File names in the data folder.
    days
        UTC dates or spans of dates for this use, as in ``[data]``.
    calibration_days
        For ``test``: days that fit scale and thresholds.
    left_out
        Spans in which the archive is not the field.
    """

    use: Literal["train", "validation", "test"]
    files: list[str]
    days: list[str]
    calibration_days: tuple[str, ...] = ()
    left_out: tuple[LeftOutSpan, ...] = ()


def station_problems(stations: Sequence[RecipeStation]) -> list[str]:
    """What is wrong with the tables, in words; empty if nothing is.

    Raises
    ------
    training.recipe.section.RecipeRefused
        If an entry is not a date or a span of dates.
    """
    problems = []
    for number, station in enumerate(stations, 1):
        where = f"stations, number {number}: "
        if not station.files or not station.days:
            problems.append(f"{where}files and days must not be empty")
        if bool(station.calibration_days) != (station.use == "test"):
            problems.append(f'{where}calibration_days are for use = "test", which needs them')
        if share_a_day(station.days, station.calibration_days):
            problems.append(f"{where}a judged day must not calibrate")
    for station in stations:
        problems += [f"stations.left_out: {problem}" for problem in no_spans(station.left_out)]
    problems += [
        f"stations: {', '.join(sorted({*first.files} & {*second.files}))} has a day that is in "
        f'use = "{first.use}" and in use = "{second.use}"'
        for first, second in combinations(stations, 2)
        if first.use != second.use
        and {*first.files} & {*second.files}
        and share_a_day(first.days, second.days)
    ]
    return problems


def no_spans(parts: Sequence[LeftOutSpan]) -> list[str]:
    """Problems of the spans to leave out, in words; empty if there is none."""
    problems = []
    for part in parts:
        try:
            span_of(part.span)
        except ValueError as error:
            problems.append(str(error))
    return problems


def share_a_day(some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether a day is in both lists."""
    spans, other_spans = list(map(span_ms, some)), list(map(span_ms, others))
    return any(
        begin < other_end and other_begin < end
        for begin, end in spans
        for other_begin, other_end in other_spans
    )
