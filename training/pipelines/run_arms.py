"""Train the arms of a recipe, each with every seed, in parallel."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from support.parallel import Work, side_by_side
from training.model.arms import Arm, classifier, control, negative_learning
from training.model.train_loop import Report, Stage, Trained, train_arm
from training.pipelines.prepared_data import Bench, prepare
from training.recipe.recipe import Recipe
from training.results import CLASSIFIER, CONTROL


@dataclass(frozen=True, slots=True)
class Job:
    """One arm with one seed."""

    method: str
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class TrainingRun:
    """A finished job."""

    job: Job
    trained: Trained


def train_all(
    recipe: Recipe, folder: Path, device: str, jobs: Sequence[Job], stage: Stage
) -> list[TrainingRun]:
    """Train every job, each in its own process unless there is one core or a GPU.

    Raises
    ------
    archive.observatory.ArchiveRefused, training.recipe.section.RecipeRefused
        If the data do not satisfy the recipe.
    """
    reports = [stage(f"{job.method}, seed {job.seed}", recipe.training.steps) for job in jobs]
    work = Work(partial(prepare, recipe, folder, device), _run)
    return side_by_side(work, jobs, reports, alone=device != "cpu")


def arm_of(recipe: Recipe, method: str) -> Arm:
    """The arm of a method, with the loss of the recipe."""
    if method == CLASSIFIER:
        return classifier()
    return control(recipe.loss) if method == CONTROL else negative_learning(recipe.loss)


def _run(bench: Bench, job: Job, report: Report) -> TrainingRun:
    arm = arm_of(bench.recipe, job.method)
    judge = bench.judge(arm.with_seismic)
    return TrainingRun(job, train_arm(bench.material, bench.recipe, arm, job.seed, judge, report))
