"""`magwatch calibrate`: fit stations' profiles to quiet days of their archives."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypedDict, Unpack

import click

from archive.history import with_day_files
from archive.kp_file import read_kp_file
from archive.lazy_recording import open_stations
from archive.model import Model
from archive.observatory import SeveralStations, files_by_station
from archive.outputs import check_output_folder
from archive.tables import Stated
from geofield.step import Rules
from geofield.utc import moment_ms
from monitor.assembly import NamedModel, alert_rules, living_rules, load_models, window_spec
from monitor.commands.archive_options import archive_options
from monitor.errors import Refused
from monitor.offline.calibration.calibrate import MAX_KP, CalibrationPlan
from monitor.offline.calibration.figure import check_drawable
from monitor.offline.calibration.results import Wishes, conclude
from monitor.offline.calibration.stations import StationTask, calibrate_stations
from monitor.profiles.replacement import Effective, EffectiveType, Replacement, present
from monitor.reviews.export import read_left_out
from monitor.settings import Settings, load_settings
from support.clock import now_ms
from support.options import MOMENT, between, kp_file_option, leave_out, model_option
from support.spans import Span


class CalibrateOptions(TypedDict):
    """Options of the command, as click passes them."""

    profiles: Path
    station: str | None
    stated: Stated
    begin: datetime | None
    end: datetime | None
    leave_out: tuple[Span, ...]
    reviews: Path | None
    check_from: datetime | None
    max_kp: float
    kp_file: Path | None
    false_alarms: float
    model: Path | None
    plot: Path | None
    effective: Effective | None
    replace: bool
    verbose: bool


@click.command()
@archive_options
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--profiles", type=click.Path(path_type=Path), default="profiles", show_default=True)
@click.option("--station", help="Calibrate as this IAGA code; else the code in the files.")
@click.option("--from", "begin", type=MOMENT, help="First moment to use, UTC.")
@click.option("--to", "end", type=MOMENT, help="First moment not to use, UTC.")
@leave_out
@click.option(
    "--reviews",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Leave out the alerts called man-made or instrument in this file of `magwatch review "
    "--export reviews.csv`.",
)
@click.option(
    "--check-from",
    type=MOMENT,
    help="Fit on what is before this moment (UTC) and count the alerts of the quiet rest.",
)
@click.option("--max-kp", type=click.FloatRange(0, 9), default=MAX_KP, show_default=True)
@kp_file_option
@click.option(
    "--false-alarms",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help="How many alerts a month quiet data may open.",
)
@model_option
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to show the fit, .png or .svg.  [default: PROFILES/STATION.png]",
)
@click.option(
    "--effective",
    type=EffectiveType(),
    help="Event time (UTC) after which the profile counts; `soon` is two minutes from now.  "
    "[default: always for a first profile, soon for one that replaces another]",
)
@click.option("--replace", is_flag=True, help="Replace a profile that is there without asking.")
@click.option("--verbose", "-v", is_flag=True, help="Show the figures behind the sentence.")
def calibrate(files: tuple[Path, ...], **options: Unpack[CalibrateOptions]) -> None:
    """Fit the profile of a station to its quiet data and write PROFILES/STATION.json.

    Only windows with known Kp of at most --max-kp count. Give at least a day of data; a threshold
    of one false alarm a month needs a month or more. The figure beside the profile shows the
    quality of the fit; --check-from checks it on later data. Files of several stations give a
    profile for each station.

    A present profile is kept as an earlier version. Workers change to the new one at the time given
    by --effective, without a restart. Exit code 1: a station has no new profile.

    \b
    Example:
      magwatch calibrate wic202404*.sec --profiles profiles
      magwatch calibrate wic2024*.sec --profiles profiles --check-from 2024-04-01
      magwatch calibrate hon202403*.sec --leave-out 2024-03-09T11:15/2024-03-09T11:18
      magwatch calibrate history/ --reviews reviews.csv
      magwatch calibrate new*.sec --kp-file Kp_ap_since_1932.txt
      magwatch calibrate archive/*.sec --replace --effective 2024-06-01
      magwatch calibrate history/ --station WIC --from 2026-01-01 --to 2026-02-01
    """
    check_output_folder(options["profiles"])
    if options["plot"]:
        check_drawable(options["plot"])
    settings = load_settings()
    chosen = _model(load_models(settings, options["model"]), files, options)
    model = chosen.model
    plan = _plan(settings, model, options)
    reviewed = read_left_out(options["reviews"]) if options["reviews"] else {}
    span = between(options["begin"], options["end"])
    files = tuple(with_day_files(files, options["station"], span))
    try:
        stations = files_by_station(files, options["station"])
    except SeveralStations as error:
        raise Refused(str(error)) from error
    if len(stations) > 1:
        _refuse_for_several(stations, options)
    rules = Rules(plan.window, plan.alert, model.ref, {})
    replacements = {
        station: Replacement(
            present(station, options["profiles"], rules, chosen.names), options["effective"]
        )
        for station in stations
    }
    _check_replaceable(replacements.values(), options["replace"])
    tasks = [
        StationTask(
            station=station,
            paths=paths,
            stated=options["stated"],
            span=span,
            plan=replace(plan, reviewed=reviewed.get(station, ())),
            reference_deg=replacements[station].reference_deg,
            figure_ending=options["plot"].suffix if options["plot"] else ".png",
            verbose=options["verbose"],
        )
        for station, paths in stations.items()
    ]
    outcomes = calibrate_stations(tasks, model, chosen.path)
    for left_out in options["leave_out"]:
        click.echo(f"left out: {left_out}")
    for station in stations:
        if options["reviews"]:
            click.echo(f"left out by reviews of {station}: {len(reviewed.get(station, ()))}")
    wishes = Wishes(options["replace"], options["verbose"], plan.max_kp, options["plot"])
    conclude(dict(zip(stations, outcomes, strict=True)), replacements, wishes)


def _model(
    models: Sequence[NamedModel], files: Sequence[Path], options: CalibrateOptions
) -> NamedModel:
    """The model to calibrate for: of several, that of the cadence of the files."""
    if len(models) == 1:
        return models[0]
    recordings = open_stations(files, options["station"], options["stated"])
    cadences_ms = {recording.cadence_ms for recording in recordings}
    for one in models:
        if cadences_ms == {one.model.manifest.window.cadence_ms}:
            return one
    names = " or ".join(one.model.manifest.name for one in models)
    raise Refused(
        "MAGWATCH_MODEL has several models, and these files are not of the cadence of one of them: "
        f"give --model {names}"
    )


def _plan(settings: Settings, model: Model, options: CalibrateOptions) -> CalibrationPlan:
    check_from, window = options["check_from"], window_spec(settings, model.manifest)
    return CalibrationPlan(
        window=window,
        alert=alert_rules(settings),
        false_alarms_per_month=options["false_alarms"],
        max_kp=options["max_kp"],
        check_from_ms=moment_ms(check_from) if check_from else None,
        left_out=options["leave_out"],
        kp_file=read_kp_file(options["kp_file"]) if options["kp_file"] else None,
        living=living_rules(settings, window),
    )


def _refuse_for_several(stations: Iterable[str], options: CalibrateOptions) -> None:
    """Refuse options for one station if the files are of several."""
    given = {"--plot": options["plot"], "--leave-out": options["leave_out"]}
    for option, value in given.items():
        if value:
            raise click.UsageError(
                f"{option} is about one station, the files are of {', '.join(stations)}"
            )


def _check_replaceable(replacements: Iterable[Replacement], replace: bool) -> None:
    """Refuse profiles that could not be written, before the calibration."""
    paths: list[str] = []
    for replacement in replacements:
        replacement.effective_ms(now_ms())
        paths += [str(replacement.before.path)] if replacement.before.files else []
    if paths and not replace and not sys.stdin.isatty():
        raise Refused(
            f"{', '.join(paths)} exist{'s' if len(paths) == 1 else ''}: give --replace to put a "
            "new profile there; what is there is kept"
        )
