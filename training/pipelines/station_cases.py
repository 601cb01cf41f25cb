"""Stations to judge: from files, each divided by its days, or from the tables of a recipe."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from archive.decimation import whole_at_cadence
from archive.files import visible
from archive.kp import newer_than_kp
from archive.kp_file import KpFile
from archive.model import Model, cadence_refused
from archive.observatory import (
    ArchiveRefused,
    check_cadence,
    files_by_station,
    read_archive,
    refusing,
)
from archive.recording import Recording
from geofield.series.samples import Samples
from geofield.utc import DAY_MS, utc_day
from support.spans import Span, span_of
from training.data.windows import open_archive
from training.evaluation.data_split import DataSplit, divided
from training.recipe.days import span_ms
from training.recipe.judged import DriftCase
from training.recipe.recipe import Recipe
from training.recipe.section import RecipeRefused
from training.recipe.stations import RecipeStation


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A station whose files are read.

    Attributes
    ----------
    split
        Its data, divided into days that calibrate and days that are judged.
    position_deg
        Latitude and longitude in its files; None if they state none.
    left_out
        Spans in which its files are not the field, with reasons if they were given.
    warnings
        What the reader should know of its data.
    """

    split: DataSplit
    position_deg: tuple[float, float] | None
    left_out: Sequence[str] = ()
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class JudgedBy:
    """The model, its rules, and Kp of days that the installed table does not have."""

    model: Model
    recipe: Recipe
    kp_file: KpFile | None

    def divided(
        self, samples: Samples, calibration: Sequence[str], days: Sequence[str]
    ) -> DataSplit:
        """Samples divided into days that calibrate and days that are judged."""
        window = self.model.manifest.window
        return divided(samples, calibration, days, window, self.recipe, self.kp_file)


@dataclass(frozen=True, slots=True)
class StationCase:
    """A station to judge, whose files are read when its turn comes."""

    name: str
    opened: Callable[[], OpenCase]


@dataclass(frozen=True, slots=True)
class FilesAsked:
    """Files of one station or several, and how each is divided.

    Attributes
    ----------
    data
        Files, or folders of files.
    station
        IAGA code; None for those of the files.
    calibrate_until
        UTC date at which the judged days begin; None for the end of the first third of the data.
    left_out
        Spans of time in which the data are not the field.
    """

    data: Sequence[Path]
    station: str | None
    calibrate_until: str | None
    left_out: Sequence[Span] = ()


def cases_of_files(asked: FilesAsked, by: JudgedBy) -> list[StationCase]:
    """A case for each station of the files, in the order of their codes.

    Raises
    ------
    ArchiveRefused
        If a file is missing, or `left_out` is given for files of several stations.
    archive.observatory.SeveralStations
        If `station` is given for files of several stations.
    """
    by_station = files_by_station(_files(asked.data), asked.station)
    if len(by_station) > 1 and asked.left_out:
        codes = ", ".join(by_station)
        raise ArchiveRefused(f"--leave-out is about one station, the files are of {codes}")
    return [
        StationCase(code, partial(_of_files, code, paths, asked, by))
        for code, paths in by_station.items()
    ]


def cases_of_tables(
    stations: Sequence[RecipeStation], folder: Path, by: JudgedBy
) -> list[StationCase]:
    """A case for each table, whose files lie in `folder`."""
    return [
        StationCase(Path(table.files[0]).stem, partial(open_table, table, folder, by))
        for table in stations
    ]


def open_table(table: RecipeStation | DriftCase, folder: Path, by: JudgedBy) -> OpenCase:
    """Read the files of a table, divided by its days.

    Raises
    ------
    ArchiveRefused, RecipeRefused
        If a file is missing or does not fit the model, or the files have nothing on these days.
    """
    archive = open_archive(table, folder)
    samples = archive.samples
    if samples.cadence_ms != by.model.manifest.window.cadence_ms:
        manifest = by.model.manifest
        raise ArchiveRefused(cadence_refused(samples.station, samples.cadence_ms, manifest))
    split = by.divided(samples, table.calibration_days, table.days)
    left_out = [f"{samples.station}, {span_of(part.span)}: {part.why}" for part in table.left_out]
    return OpenCase(split, archive.position_deg, left_out)


def _of_files(code: str, paths: Sequence[Path], asked: FilesAsked, by: JudgedBy) -> OpenCase:
    recording = read_archive(paths, code)
    for span in asked.left_out:
        if not recording.holds(span):
            raise ArchiveRefused(f"--leave-out {span}: the files hold nothing then")
    cadence_ms = by.model.manifest.window.cadence_ms
    with refusing(recording.station):
        recording = whole_at_cadence(recording.without(asked.left_out), cadence_ms)
    check_cadence([recording], by.model.manifest)
    split = _divided_by_date(recording, asked, by)
    reason = newer_than_kp(recording.end_ms, by.kp_file)
    told = f"{reason}: windows after it do not count as quiet; give --kp-file"
    spans = [str(span) for span in asked.left_out]
    return OpenCase(split, recording.position_deg, spans, [told] if reason else [])


def _files(data: Sequence[Path]) -> list[Path]:
    files: list[Path] = []
    for path in data:
        inside = [file for file in visible(path) if not file.is_dir()] if path.is_dir() else [path]
        if not inside:
            raise ArchiveRefused(f"{path}: the folder is empty")
        files += inside
    return files


def _divided_by_date(recording: Recording, asked: FilesAsked, by: JudgedBy) -> DataSplit:
    first, last = utc_day(recording.start_ms), utc_day(recording.end_ms - 1)
    until = asked.calibrate_until or utc_day(max(third_ms(recording), recording.start_ms + DAY_MS))
    if not first < until <= last:
        raise RecipeRefused(
            f"{recording.station}: data from {first} to {last} cannot be divided at {until}; two "
            "days are the least: some calibrate, the others are judged"
        )
    eve = utc_day(span_ms(until)[0] - 1)
    samples = recording.samples(recording.reference_declination_deg())
    return by.divided(samples, [f"{first}/{eve}"], [f"{until}/{last}"])


def third_ms(recording: Recording) -> int:
    """Time before which a third of the known samples lie, ms since 1970 UTC."""
    known = np.all([np.isfinite(values) for values in recording.elements.values()], axis=0)
    third = int(np.searchsorted(np.cumsum(known), known.sum() / 3))
    return recording.start_ms + third * recording.cadence_ms
