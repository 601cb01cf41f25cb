"""A finished model judged on an archive that it may never have seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from archive.model import Model, ModelRefused, load_model
from archive.observatory import ArchiveRefused, check_cadence, read_archive
from archive.recording import Recording
from archive.spans import Span
from geofield.windows import DAY_MS
from training.assess import (
    Earthquakes,
    Steps,
    evaluation_of,
    subject_of,
    with_earthquakes,
    with_injections,
)
from training.config import Recipe, load_recipe, shipped_recipe
from training.days import span_ms, utc_day
from training.evaluation import Evaluation
from training.ground import Ground, divided
from training.labels.catalogue import read_catalogue
from training.labels.types import Site
from training.publish import RIVALS
from training.report.write import write_report
from training.section import RecipeRefused


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be judged on what.

    Attributes
    ----------
    data
        Files, or folders of them, of one station.
    model
        The ONNX file; its rivals are looked for in the folder ``rivals`` beside it.
    recipe
        Rules; None for those of the model's own recipe, as shipped.
    catalogue
        Earthquakes, if it is to be judged on them.
    station
        IAGA code; None for that of the files.
    position_deg
        Latitude and longitude; None for those of the files.
    inject
        Whether to judge on transients.
    calibrate_until
        UTC date; None for the end of the first third.
    left_out
        Spans of time in which the data are not the field.
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


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What was found, where it was written, and what a reader has to be told first."""

    evaluation: Evaluation
    paths: Sequence[Path]
    warnings: Sequence[str]


def evaluate_elsewhere(asked: Asked, output: Path, steps: Steps) -> Evaluated:
    """Judge, and write the report.

    Raises
    ------
    archive.model.ModelRefused, archive.observatory.ArchiveRefused
        If a file is missing or does not fit.
    training.section.RecipeRefused, training.labels.selection.LabelsRefused
        If the rules leave nothing to judge on.
    """
    model = load_model(asked.model)
    recipe = load_recipe(asked.recipe or _own_recipe(model))
    recording = _recording(asked, model)
    earthquakes = _earthquakes(recording, asked)
    ground = _ground(recording, model, recipe, asked.calibrate_until)
    rivals, missing = _rivals(asked.model, model)
    subject = subject_of(model, rivals, ground, recipe, steps)
    injections = [with_injections(subject, ground, recipe, steps)] if asked.inject else []
    labelled = []
    if earthquakes is not None:
        labelled = [with_earthquakes(subject, ground, recipe, earthquakes, steps)]
    left_out = [str(one) for one in asked.left_out]
    evaluation = evaluation_of(model, injections, labelled, {}, left_out)
    name = f"{model.manifest.name}-{recording.station}"
    paths = write_report(output, name, evaluation, model.manifest)
    return Evaluated(evaluation, paths, [*missing, *_seen(model, ground)])


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
    check_cadence([recording], model.manifest)
    for span in asked.left_out:
        if not recording.holds(span):
            raise ArchiveRefused(f"--leave-out {span}: the files hold nothing then")
    return recording.without(asked.left_out)


def _files(data: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in data:
        own = sorted(one for one in path.iterdir() if one.is_file()) if path.is_dir() else [path]
        if not own:
            raise ArchiveRefused(f"{path}: the folder is empty")
        found += own
    return found


def _ground(recording: Recording, model: Model, recipe: Recipe, until: str | None) -> Ground:
    first, last = utc_day(recording.start_ms), utc_day(recording.end_ms - 1)
    third_ms = recording.start_ms + (recording.end_ms - recording.start_ms) // 3
    until = until or utc_day(max(third_ms, recording.start_ms + DAY_MS))
    if not first < until <= last:
        raise RecipeRefused(
            f"{recording.station}: data from {first} to {last} cannot be divided at {until}; two "
            "days are the least: some calibrate, the others are judged"
        )
    eve = utc_day(span_ms(until)[0] - 1)
    samples = recording.samples(recording.reference_declination_deg())
    window = model.manifest.window
    return divided(samples, [f"{first}/{eve}"], [f"{until}/{last}"], window, recipe.data.kp_max)


def _rivals(path: Path, model: Model) -> tuple[dict[str, Model], list[str]]:
    """The trained rivals that are there and have the model's window, and what to say if not."""
    found: dict[str, Model] = {}
    missing = []
    for method, suffix in RIVALS.items():
        rival = path.parent / "rivals" / f"{path.stem}-{suffix}.onnx"
        try:
            loaded = load_model(rival)
        except ModelRefused as refused:
            missing.append(f"without the {method}: {refused}")
            continue
        if loaded.manifest.window == model.manifest.window:
            found[method] = loaded
        else:
            missing.append(f"without the {method}: {rival} is for other windows")
    return found, missing


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


def _seen(model: Model, ground: Ground) -> list[str]:
    """A warning if the judged days are among those that the model learned from."""
    source = model.manifest.provenance
    if source.station != ground.judged.station:
        return []
    learned = [span_ms(day) for day in (*source.train_days, *source.validation_days)]
    overlap = any(
        start_ms < until_ms and begin_ms < end_ms
        for start_ms, end_ms in learned
        for begin_ms, until_ms in map(span_ms, ground.days)
    )
    if not overlap:
        return []
    return [
        f"some of the judged days trained {model.manifest.name}: what it shows there is no test"
    ]
