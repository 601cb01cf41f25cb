"""From a recipe to everything that is published: models, manifest, evaluation, report and card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import msgspec

from archive.model import Model
from archive.observatory import read_archive
from archive.spans import span_of
from geofield.windows import DAY_MS
from training.ablation import ablation_path, read_ablation
from training.assess import (
    Earthquakes,
    Steps,
    evaluation_of,
    subject_of,
    with_earthquakes,
    with_injections,
)
from training.config import Recipe
from training.days import utc_day
from training.evaluation import Cell, Evaluation, FalseAlarms
from training.ground import Ground, divided
from training.injected import as_cells
from training.injection import Figure
from training.labels.catalogue import read_catalogue
from training.labels.types import Site
from training.parallel import Stage
from training.publish import (
    Candidates,
    train,
    training_facts,
    with_verdict,
    write_manifest,
    write_models,
)
from training.quiet_alarms import quiet_alarms
from training.report.card import render_card
from training.report.write import write_report
from training.section import RecipeRefused


class Shown(Protocol):
    """What progress is told to."""

    @property
    def arm(self) -> Stage:
        """See `training.parallel.Stage`."""

    @property
    def steps(self) -> Steps:
        """See `training.assess.Steps`."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a run left."""

    verdict: str
    paths: Sequence[Path]


def make(
    recipe_path: Path, recipe: Recipe, folder: Path, output: Path, device: str, shown: Shown
) -> Written:
    """Train every arm, export the best, evaluate it on the test days, and write all of it.

    Parameters
    ----------
    recipe_path, recipe
        The recipe and the file it was read from.
    folder
        Where the recipe's data files are.
    output
        Folder for ``<name>.onnx``, ``.json``, ``.md``, ``.evaluation.json`` and ``.html``, and the
        folder ``rivals`` in it.
    device
        Of PyTorch.
    shown
        Shows progress.

    Raises
    ------
    archive.observatory.ArchiveRefused, training.section.RecipeRefused
        If the data do not allow what the recipe asks for.
    training.export.ExportRefused
        If the exported model does not agree with the trained one.
    """
    return finish(train(recipe, folder, device, shown.arm), recipe_path, folder, output, shown)


def finish(
    candidates: Candidates, recipe_path: Path, folder: Path, output: Path, shown: Shown
) -> Written:
    """What `make` does once every arm is trained."""
    recipe = candidates.bench.recipe
    model, rivals = write_models(candidates, recipe_path, output)
    evaluation = _evaluated(candidates, model, rivals, folder, shown.steps)
    ablation = read_ablation(ablation_path(output, recipe))
    evaluation = msgspec.structs.replace(evaluation, ablation=ablation)
    manifest = with_verdict(model.manifest, evaluation.verdict)
    path = output / f"{recipe.name}.onnx"
    write_manifest(path, manifest)
    report = write_report(output, recipe.name, evaluation, manifest)
    card = path.with_suffix(".md")
    card.write_text(render_card(manifest, evaluation), encoding="utf-8")
    return Written(evaluation.verdict.words, [path, path.with_suffix(".json"), card, *report])


def _evaluated(
    candidates: Candidates,
    model: Model,
    rivals: Mapping[str, Model],
    folder: Path,
    steps: Steps,
) -> Evaluation:
    """On the test days, which nothing until here has looked at."""
    recipe = candidates.bench.recipe
    ground = test_ground(candidates)
    subject = subject_of(model, rivals, ground, recipe, steps)
    injections = with_injections(subject, ground, recipe, steps, _cells(candidates, steps))
    labelled = []
    if recipe.catalogue is not None:
        earthquakes = _earthquakes(recipe, candidates, folder)
        labelled = [with_earthquakes(subject, ground, recipe, earthquakes, steps)]
        aseismic = [folder / name for name in recipe.catalogue.aseismic]
        elsewhere = _aseismic(aseismic, model, rivals, recipe, steps) if aseismic else []
        counted = [*injections.false_alarms, *elsewhere]
        injections = msgspec.structs.replace(injections, false_alarms=counted)
    left_out = [f"{span_of(one.span)}: {one.why}" for one in recipe.data.left_out]
    return evaluation_of(model, [injections], labelled, training_facts(candidates), left_out)


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
    ground = divided(samples, *halves, recipe.window.model_window(), recipe.data.kp_max)
    return quiet_alarms(subject_of(model, rivals, ground, recipe, steps), ground, recipe.promise)


def test_ground(candidates: Candidates) -> Ground:
    """Thresholds from the days of training and validation, judgement on those of the test."""
    recipe = candidates.bench.recipe
    data = recipe.data
    return divided(
        candidates.bench.archive.samples,
        [*data.train_days, *data.validation_days],
        data.test_days,
        recipe.window.model_window(),
        data.kp_max,
    )


def _cells(candidates: Candidates, steps: Steps) -> list[Cell]:
    """The main table, over all seeds: every network in one pass over the transients."""
    bench, runs = candidates.bench, candidates.runs
    test = bench.test_days()
    named = {f"{run.job.method}, seed {run.job.seed}": run for run in runs}
    networks = {name: run.trained.network for name, run in named.items()}
    advance = steps("transients in windows, all seeds", len(test))
    published: list[Figure] = []
    others: list[Figure] = []
    for figure in test.run(partial(bench.scores, networks), advance):
        run = named.get(figure.method)
        if run is None:
            published.append(figure)
            continue
        own = replace(figure, method=run.job.method)
        (published if run is candidates.best(run.job.method) else others).append(own)
    return as_cells([published, others])


def _earthquakes(recipe: Recipe, candidates: Candidates, folder: Path) -> Earthquakes:
    archive = candidates.bench.archive
    if archive.position_deg is None or recipe.catalogue is None:
        raise RecipeRefused("the archive does not state where the station stands")
    site = Site(archive.samples.station, *archive.position_deg)
    return Earthquakes(read_catalogue(folder / recipe.catalogue.file), site)
