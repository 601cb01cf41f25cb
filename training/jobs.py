"""The arms of a recipe, each with every seed, trained side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from training.arms import Arm, classifier, control, negative_learning
from training.bench import Bench, prepare
from training.config import Recipe
from training.evaluation import CLASSIFIER, CONTROL
from training.loop import Report, Trained, train_arm
from training.parallel import Stage, Work, side_by_side


@dataclass(frozen=True, slots=True)
class Job:
    """One arm with one seed."""

    method: str
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A job done."""

    job: Job
    trained: Trained


def train_all(
    recipe: Recipe, folder: Path, device: str, jobs: Sequence[Job], stage: Stage
) -> list[Run]:
    """Train every job, in processes of their own unless there is one core or a GPU.

    Raises
    ------
    archive.observatory.ArchiveRefused, training.section.RecipeRefused
        If the data do not allow what the recipe asks for.
    """
    reports = [stage(f"{job.method}, seed {job.seed}", recipe.training.steps) for job in jobs]
    work = Work(partial(prepare, recipe, folder, device), _run)
    return side_by_side(work, jobs, reports, alone=device != "cpu")


def arm_of(recipe: Recipe, method: str) -> Arm:
    """The arm of a recipe that a method's name stands for."""
    if method == CLASSIFIER:
        return classifier()
    return control(recipe.loss) if method == CONTROL else negative_learning(recipe.loss)


def _run(bench: Bench, job: Job, report: Report) -> Run:
    arm = arm_of(bench.recipe, job.method)
    judge = bench.judge(arm.with_seismic)
    return Run(job, train_arm(bench.material, bench.recipe, arm, job.seed, judge, report))
