"""External evaluation: a finished model judged on an archive of any station."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archive.decimation import whole_at_cadence
from archive.files import visible
from archive.kp import newer_than_kp
from archive.kp_file import KpFile
from archive.model import Model, ModelRefused, load_model
from archive.observatory import ArchiveRefused, check_cadence, read_archive, refusing
from archive.outputs import check_output_folder
from archive.recording import Recording
from geofield.utc import DAY_MS, utc_day
from support.spans import Span
from training.evaluation.data_split import DataSplit, divided
from training.evaluation.run import (
    Earthquakes,
    Steps,
    evaluation_of,
    fit_contestants,
    with_earthquakes,
    with_injections,
)
from training.labels.catalogue import read_catalogue
from training.labels.types import Site
from training.recipe.days import span_ms
from training.recipe.recipe import Recipe, load_recipe, shipped_recipe
from training.recipe.section import RecipeRefused
from training.report.write import write_report
from training.results import RIVALS, Evaluation

FEW_PACKETS = 20
# An installed package leaves the rivals out: no worker needs them.
_IN_A_CHECKOUT = (
    "those of the shipped models are in a checkout, to be installed by "
    "pip install --editable '.[train]'"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Request for an external evaluation.

    Attributes
    ----------
    data
        Files, or folders of files, of one station.
    model
        The ONNX file; its rivals are in the folder ``rivals`` beside it.
    recipe
        Rules; None for the shipped recipe of the model.
    catalogue
        Earthquakes to judge on; None to leave them out.
    station
        IAGA code; None for that of the files.
    position_deg
        Latitude and longitude; None for those of the files.
    inject
        Whether to judge on injected transients.
    calibrate_until
        UTC date at which the judged days begin; None for the end of the first third of the data.
    left_out
        Spans of time in which the data are not the field.
    kp_file
        Kp of days that the installed table does not have.
    """

    data: Sequence[Path]
    model: Path
    recipe: Path | None
    catalogue: Path | None
    station: str | None
    position_deg: tuple[float, float] | None
    inject: bool
    calibrate_until: str | None
    left_out: Sequence[Span] = ()
    kp_file: KpFile | None = None


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Result of an external evaluation: the document, its files, and warnings for the reader."""

    evaluation: Evaluation
    paths: Sequence[Path]
    warnings: Sequence[str]


def evaluate_elsewhere(asked: Asked, output: Path, steps: Steps) -> Evaluated:
    """Evaluate a model on an archive, and write the report.

    Raises
    ------
    archive.model.ModelRefused, archive.observatory.ArchiveRefused
        If a file is missing or does not fit.
    archive.outputs.CannotWrite
        If the report cannot be written; where possible before the work.
    training.recipe.section.RecipeRefused, training.labels.selection.LabelsRefused
        If the rules leave nothing to judge on.
    """
    check_output_folder(output)
    model = load_model(asked.model)
    recipe = load_recipe(asked.recipe or _own_recipe(model))
    rivals, missing = _rivals(asked.model, model)
    if asked.catalogue is not None:
        _check_beaten(recipe, missing)
    recording = _recording(asked, model)
    earthquakes = _earthquakes(recording, asked)
    split = _split(recording, model, recipe, asked)
    contestants = fit_contestants(model, rivals, split, recipe, steps)
    injections = [with_injections(contestants, split, recipe, steps)] if asked.inject else []
    labelled = []
    if earthquakes is not None:
        labelled = [with_earthquakes(contestants, split, recipe, earthquakes, steps)]
    left_out = [str(span) for span in asked.left_out]
    evaluation = evaluation_of(model, injections, labelled, {}, left_out)
    name = f"{model.manifest.name}-{recording.station}"
    paths = write_report(output, name, evaluation, model.manifest)
    warnings = [
        *missing.values(),
        *_seen(model, split),
        *_without_kp(recording, asked),
        *_few_packets(evaluation, recipe),
    ]
    return Evaluated(evaluation, paths, warnings)


def _own_recipe(model: Model) -> Path:
    name = model.manifest.recipe.get("file", "")
    path = shipped_recipe(name)
    if not path.is_file():
        raise RecipeRefused(
            f"the recipe of {model.manifest.name} ({name or 'not named'}) is not installed here: "
            "give it with --recipe"
        )
    return path


def _recording(asked: Asked, model: Model) -> Recording:
    recording = read_archive(_files(asked.data), asked.station)
    for span in asked.left_out:
        if not recording.holds(span):
            raise ArchiveRefused(f"--leave-out {span}: the files hold nothing then")
    cadence_ms = model.manifest.window.cadence_ms
    with refusing(recording.station):
        recording = whole_at_cadence(recording.without(asked.left_out), cadence_ms)
    check_cadence([recording], model.manifest)
    return recording


def _files(data: Sequence[Path]) -> list[Path]:
    files: list[Path] = []
    for path in data:
        inside = [file for file in visible(path) if not file.is_dir()] if path.is_dir() else [path]
        if not inside:
            raise ArchiveRefused(f"{path}: the folder is empty")
        files += inside
    return files


def _split(recording: Recording, model: Model, recipe: Recipe, asked: Asked) -> DataSplit:
    first, last = utc_day(recording.start_ms), utc_day(recording.end_ms - 1)
    until = asked.calibrate_until or utc_day(max(third_ms(recording), recording.start_ms + DAY_MS))
    if not first < until <= last:
        raise RecipeRefused(
            f"{recording.station}: data from {first} to {last} cannot be divided at {until}; two "
            "days are the least: some calibrate, the others are judged"
        )
    eve = utc_day(span_ms(until)[0] - 1)
    samples = recording.samples(recording.reference_declination_deg())
    window = model.manifest.window
    days = [f"{first}/{eve}"], [f"{until}/{last}"]
    return divided(samples, *days, window, recipe, asked.kp_file)


def third_ms(recording: Recording) -> int:
    """Time before which a third of the known samples lie, ms since 1970 UTC."""
    known = np.all([np.isfinite(values) for values in recording.elements.values()], axis=0)
    third = int(np.searchsorted(np.cumsum(known), known.sum() / 3))
    return recording.start_ms + third * recording.cadence_ms


def _rivals(path: Path, model: Model) -> tuple[dict[str, Model], dict[str, str]]:
    """Usable trained rivals by method, and for every other method why it has none.

    A usable rival has a file and the model's window.
    """
    rivals: dict[str, Model] = {}
    missing = {}
    for method, suffix in RIVALS.items():
        rival = path.parent / "rivals" / f"{path.stem}-{suffix}.onnx"
        try:
            if not rival.is_file():
                raise ModelRefused(f"no {rival}: {_IN_A_CHECKOUT}")
            loaded = load_model(rival)
            if loaded.manifest.window != model.manifest.window:
                raise ModelRefused(f"{rival} is for other windows")
            rivals[method] = loaded
        except ModelRefused as refused:
            missing[method] = f"without the {method}: {refused}"
    return rivals, missing


def _check_beaten(recipe: Recipe, missing: Mapping[str, str]) -> None:
    """Refuse, before hours of work, if a method that the verdict needs is missing."""
    for method in recipe.verdict.beat:
        if method in missing:
            raise RecipeRefused(
                f"{missing[method]}; the recipe's verdict has to beat it (verdict.beat)"
            )


def _earthquakes(recording: Recording, asked: Asked) -> Earthquakes | None:
    if asked.catalogue is None:
        return None
    position_deg = asked.position_deg or recording.position_deg
    if position_deg is None:
        raise ArchiveRefused(
            f"{recording.station}: its files do not state where it stands; give --latitude and "
            "--longitude"
        )
    return Earthquakes(read_catalogue(asked.catalogue), Site(recording.station, *position_deg))


def _few_packets(evaluation: Evaluation, recipe: Recipe) -> list[str]:
    """Warnings of durations without any packet, and of too few packets for meaningful shares."""
    warnings = []
    curves = [curve for known in evaluation.injections for curve in known.sensitivity]
    methods = {cell.method for known in evaluation.injections for cell in known.cells}
    for duration in recipe.promise.durations if evaluation.injections else ():
        duration_s = duration * recipe.window.cadence_ms / 1000
        if missing := methods - {
            curve.method for curve in curves if curve.duration_s == duration_s
        }:
            whom = "" if missing == methods else f" with {', '.join(sorted(missing))}"
            warnings.append(
                f"no transient of {duration_s:,.0f} s could be tried{whom}: the curves leave this "
                "duration out; judge more days without gaps and without alerts"
            )
    fewest = min((curve.packets for curve in curves), default=FEW_PACKETS)
    if fewest < FEW_PACKETS:
        warnings.append(
            f"few transients could be tried, of some duration {fewest} at each signal/noise: judge "
            "more days without gaps and without alerts"
        )
    return warnings


def _without_kp(recording: Recording, asked: Asked) -> list[str]:
    """A warning if Kp of the newest data is not known."""
    reason = newer_than_kp(recording.end_ms, asked.kp_file)
    return [f"{reason}: windows after it do not count as quiet; give --kp-file"] if reason else []


def _seen(model: Model, split: DataSplit) -> list[str]:
    """A warning if the model was trained on some of the judged days."""
    source = model.manifest.provenance
    if source.station != split.judged.station:
        return []
    training = [span_ms(day) for day in (*source.train_days, *source.validation_days)]
    overlap = any(
        start_ms < until_ms and begin_ms < end_ms
        for start_ms, end_ms in training
        for begin_ms, until_ms in map(span_ms, split.days)
    )
    if not overlap:
        return []
    return [
        f"some of the judged days trained {model.manifest.name}: what it shows there is no test"
    ]
