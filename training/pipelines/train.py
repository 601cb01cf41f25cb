"""Make all published files of a recipe: models, manifest, evaluation, report and card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import msgspec

from archive.catalogue import read_catalogue
from archive.model import Model
from archive.observatory import read_archive
from archive.outputs import check_output_folder
from geofield.earthquakes.types import Site
from geofield.utc import DAY_MS, utc_day
from support.spans import span_of
from training.evaluation.data_split import DataSplit, divided
from training.evaluation.false_alarms import quiet_alarms
from training.evaluation.injection.suite import over_seeds
from training.evaluation.run import (
    Earthquakes,
    Steps,
    evaluation_of,
    fit_contestants,
    with_earthquakes,
    with_injections,
)
from training.model.train_loop import Stage
from training.pipelines.ablation import ablation_path, read_ablation
from training.pipelines.own_card import write_judged
from training.pipelines.publish import (
    TrainedCandidates,
    train,
    training_facts,
    write_models,
)
from training.recipe.recipe import Recipe
from training.recipe.section import RecipeRefused
from training.results import Cell, Evaluation, FalseAlarms, Injections


class Shown(Protocol):
    """Display of progress."""

    @property
    def arm(self) -> Stage:
        """See `training.model.train_loop.Stage`."""

    @property
    def steps(self) -> Steps:
        """See `training.evaluation.run.Steps`."""


@dataclass(frozen=True, slots=True)
class Written:
    """Result of a run: the verdict, and the files written."""

    verdict: str
    paths: Sequence[Path]


def make(
    recipe_path: Path, recipe: Recipe, folder: Path, output: Path, device: str, shown: Shown
) -> Written:
    """Train every arm, export the best, evaluate it on the test days, and write all files.

    Parameters
    ----------
    recipe_path, recipe
        The recipe and its file.
    folder
        Folder of the recipe's data files.
    output
        Folder for ``<name>.onnx``, ``.json``, ``.md``, ``.evaluation.json`` and ``.html``, and for
        the folder ``rivals``.
    device
        Device of PyTorch.
    shown
        Display of progress.

    Raises
    ------
    archive.observatory.ArchiveRefused, training.recipe.section.RecipeRefused
        If the data do not satisfy the recipe.
    training.model.export.ExportRefused
        If the exported model does not agree with the trained one.
    """
    check_output_folder(output)  # refuse before hours of work
    read_ablation(ablation_path(output, recipe))
    return finish(train(recipe, folder, device, shown.arm), recipe_path, folder, output, shown)


def finish(
    candidates: TrainedCandidates, recipe_path: Path, folder: Path, output: Path, shown: Shown
) -> Written:
    """Export, evaluate and write the files of trained arms: the second part of `make`."""
    recipe = candidates.bench.recipe
    model, rivals = write_models(candidates, recipe_path, output)
    evaluation = _evaluated(candidates, model, rivals, folder, shown.steps)
    ablation = read_ablation(ablation_path(output, recipe))
    evaluation = msgspec.structs.replace(evaluation, ablation=ablation)
    path = output / f"{recipe.name}.onnx"
    beside = write_judged(path, model.manifest, evaluation)
    return Written(evaluation.verdict.words, [path, *beside])


def _evaluated(
    candidates: TrainedCandidates,
    model: Model,
    rivals: Mapping[str, Model],
    folder: Path,
    steps: Steps,
) -> Evaluation:
    """Evaluation on the test days, which no step before this one uses."""
    recipe = candidates.bench.recipe
    split = test_split(candidates)
    contestants = fit_contestants(model, rivals, split, recipe, steps)
    injections = with_injections(contestants, split, recipe, steps, _cells(candidates, steps))
    labelled = []
    if recipe.catalogue is not None:
        earthquakes = _earthquakes(recipe, candidates, folder)
        labelled = [with_earthquakes(contestants, split, recipe, earthquakes, steps)]
        aseismic = [folder / name for name in recipe.catalogue.aseismic]
        elsewhere = _aseismic(aseismic, model, rivals, recipe, steps) if aseismic else []
        counted = [*injections.false_alarms, *elsewhere]
        injections = msgspec.structs.replace(injections, false_alarms=counted)
    judged = [injections, *_at_test_stations(candidates, model, rivals, steps)]
    parts = [*recipe.data.left_out, *(part for other in recipe.stations for part in other.left_out)]
    left_out = [f"{span_of(part.span)}: {part.why}" for part in parts]
    return evaluation_of(model, judged, labelled, training_facts(candidates), left_out)


def _at_test_stations(
    candidates: TrainedCandidates, model: Model, rivals: Mapping[str, Model], steps: Steps
) -> list[Injections]:
    """Judgement on the injected transients at every station that the recipe keeps for the test."""
    recipe = candidates.bench.recipe
    judged = []
    for kept in candidates.bench.stations:
        station = kept.station
        if station.use == "test":
            split = divided(
                kept.archive.samples,
                station.calibration_days,
                station.days,
                recipe.window.model_window(),
                recipe,
            )
            contestants = fit_contestants(model, rivals, split, recipe, steps)
            judged.append(with_injections(contestants, split, recipe, steps))
    return judged


def _aseismic(
    paths: Sequence[Path], model: Model, rivals: Mapping[str, Model], recipe: Recipe, steps: Steps
) -> list[FalseAlarms]:
    """False alarms in the second half of the days of another station."""
    recording = read_archive(paths)
    middle_ms = (recording.start_ms + recording.end_ms) // 2
    samples = recording.samples(recording.reference_declination_deg())
    halves = (
        [f"{utc_day(recording.start_ms)}/{utc_day(middle_ms)}"],
        [f"{utc_day(middle_ms + DAY_MS)}/{utc_day(recording.end_ms - 1)}"],
    )
    split = divided(samples, *halves, recipe.window.model_window(), recipe)
    return quiet_alarms(fit_contestants(model, rivals, split, recipe, steps), split, recipe.promise)


def test_split(candidates: TrainedCandidates) -> DataSplit:
    """Data split: training and validation days calibrate, the test days are judged."""
    recipe = candidates.bench.recipe
    data = recipe.data
    return divided(
        candidates.bench.archive.samples,
        [*data.train_days, *data.validation_days],
        data.test_days,
        recipe.window.model_window(),
        recipe,
    )


def _cells(candidates: TrainedCandidates, steps: Steps) -> list[Cell]:
    """Main table over all seeds, from one pass of all networks over the transients."""
    bench, runs = candidates.bench, candidates.runs
    test = bench.test_days()
    named = {f"{run.job.method}, seed {run.job.seed}": run for run in runs}
    networks = {name: run.trained.network for name, run in named.items()}
    advance = steps("transients in windows, all seeds", len(test))
    published: list[Cell] = []
    others: list[Cell] = []
    for cell in test.run(partial(bench.scores, networks), advance):
        run = named.get(cell.method)
        if run is None:
            published.append(cell)
            continue
        cells = published if run is candidates.best(run.job.method) else others
        cells.append(msgspec.structs.replace(cell, method=run.job.method))
    return over_seeds([published, others])


def _earthquakes(recipe: Recipe, candidates: TrainedCandidates, folder: Path) -> Earthquakes:
    archive = candidates.bench.archive
    if archive.position_deg is None or recipe.catalogue is None:
        raise RecipeRefused("the archive does not state where the station stands")
    site = Site(archive.samples.station, *archive.position_deg)
    return Earthquakes(read_catalogue(folder / recipe.catalogue.file), site)
