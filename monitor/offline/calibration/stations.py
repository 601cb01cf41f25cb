"""Parallel calibration of stations from their archive files; a failure does not stop the others."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.progress import Progress

from archive.model import Model, load_model
from archive.tables import NOTHING, Stated
from geofield.calibration.diagnostics import diagnose
from geofield.calibration.profile import StationProfile
from monitor.errors import Refused
from monitor.exits import exit_code, line
from monitor.offline.calibration.archive_parts import read_parts
from monitor.offline.calibration.calibrate import Calibrated, CalibrationPlan, calibrated
from monitor.offline.calibration.figure import drawn
from monitor.offline.calibration.text import check, figures, warnings, without_kp
from monitor.offline.calibration.window_usage import WindowUsage
from support.extras import ExtraMissing
from support.parallel import Report, Work, side_by_side
from support.progress import progress_bar
from support.spans import Span


@dataclass(frozen=True, slots=True)
class StationTask:
    """A station to calibrate.

    Attributes
    ----------
    station
        IAGA code of the profile.
    paths
        Its archive files.
    span
        Span of time to use.
    plan
        Parameters of the calibration.
    stated
        What the user says of files that do not say it themselves.
    reference_deg
        Reference declination; that of the data if None.
    figure_ending
        Format of the figure of the fit.
    verbose
        Whether to report the figures of the fit.
    """

    station: str
    paths: tuple[Path, ...]
    span: Span
    plan: CalibrationPlan
    stated: Stated = NOTHING
    reference_deg: float | None = None
    figure_ending: str = ".png"
    verbose: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """A station's profile and the report on it.

    Attributes
    ----------
    figures, check, warnings
        Lines on the fit, on its check with later data, and on what the user should inspect.
    figure
        The fit as an image; None if it cannot be drawn, for the reason `no_figure`.
    """

    profile: StationProfile
    usage: WindowUsage
    figures: tuple[str, ...]
    check: tuple[str, ...]
    warnings: tuple[str, ...]
    figure: bytes | None
    no_figure: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """Reason why a station has no profile, and the exit code of that failure."""

    reason: str
    exit_code: int


def calibrate_stations(
    tasks: Sequence[StationTask], model: Model, model_path: Path
) -> list[Finished | Failed]:
    """Run all tasks in parallel with progress on the terminal; results in the order of tasks.

    Parameters
    ----------
    model, model_path
        The model and its file, from which other processes load it again.

    Raises
    ------
    Refused
        If a process was killed.
    """
    with progress_bar("windows") as bar:
        reports = [_bar(bar, task.station, len(tasks) == 1) for task in tasks]
        if len(tasks) == 1:
            return [_run(model, tasks[0], reports[0])]
        try:
            return side_by_side(Work(partial(load_model, model_path), _run), tasks, reports)
        except BrokenProcessPool as error:
            raise Refused(
                "a process that calibrated was ended, by the system if memory was short: "
                "calibrate fewer stations at once"
            ) from error


def _bar(bar: Progress, station: str, visible: bool) -> Report:
    """A progress bar shown while its station is processed; it has no total until files are read."""
    task = bar.add_task(station, total=None, visible=visible)

    def report(done: int, total: int | None) -> None:
        bar.update(task, completed=done, total=total, visible=visible or done != total)

    return report


def _run(model: Model, task: StationTask, report: Report) -> Finished | Failed:
    try:
        return _finished(model, task, report)
    except Exception as error:
        code = exit_code(error)
        if code is None:
            raise
        report(0, 0)
        return Failed(line(error), code)


def _finished(model: Model, task: StationTask, report: Report) -> Finished:
    report(0, None)
    plan, done = task.plan, 0
    parts = read_parts(
        task.paths,
        task.station,
        task.span,
        plan.left_out,
        model.manifest,
        task.stated,
        plan.reviewed,
    )
    total = 2 * (sum(map(len, parts)) // plan.window.hop)

    def advance(windows: int) -> None:
        nonlocal done
        done += windows
        report(min(done, total - 1), total)

    result = calibrated(parts, model, plan, advance, task.reference_deg)
    figure, no_figure = _figure(result, task)
    report(total, total)
    return Finished(
        profile=result.profile,
        usage=result.usage,
        figures=tuple(figures(result, plan)) if task.verbose else (),
        check=tuple(check(result, plan)),
        warnings=(*warnings(result, plan), *without_kp(max(part.end_ms for part in parts), plan)),
        figure=figure,
        no_figure=no_figure,
    )


def _figure(result: Calibrated, task: StationTask) -> tuple[bytes | None, str]:
    diagnosis = diagnose(result.scores, result.fitted, task.plan.window)
    try:
        return drawn(result.profile, diagnosis, task.figure_ending), ""
    except ExtraMissing as missing:
        return None, str(missing)
