"""Which form of negative learning, how strong, and in which units: tried one at a time.

Every arm is trained for a few steps with the first seed of the recipe and judged on the validation
days: transients of known truth, how steady the share of falsely flagged windows stays, and whether
the network still reconstructs anything at all.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import torch
from msgspec.structs import replace

from geofield.types import Float32
from training.arms import negative_learning
from training.bench import Bench, mean_auc, prepare, synthetic_material
from training.config import Recipe
from training.dataset import windows_of
from training.evaluation import Ablation
from training.injection import found
from training.loop import Material, Report, train_arm
from training.loss import SOFT_FORMS
from training.network import Classifier, Judged
from training.parallel import Stage, Work, side_by_side
from training.scale import Policy, row_scale_nt
from training.scorers import band_passed, network_scores
from training.section import RecipeRefused
from training.steadiness import away, steadiness, stretch
from training.tables import Grid, Loss

_NO_BETTER = -0.05  # in the logarithm of the rmse: five per cent


@dataclass(frozen=True, slots=True)
class Trial:
    """One arm of the ablation."""

    loss: Loss
    policy: Policy

    @property
    def title(self) -> str:
        """As progress shows it."""
        loss = self.loss
        return f"{loss.kind}, lambda {loss.weight:g}, margin {loss.margin:g}, {self.policy} scale"


def trials_of(recipe: Recipe, grid: Grid) -> list[Trial]:
    """The recipe's own choice, its control, and what departs from it in one respect."""
    own = recipe.loss
    losses = [
        own,
        replace(own, weight=0.0),
        *grid.kinds,
        *(replace(own, weight=weight) for weight in grid.weights),
        *(replace(own, margin=margin) for margin in grid.margins),
    ]
    policies: list[Policy] = list(grid.policies)
    return [*(Trial(loss, "station") for loss in losses), *(Trial(own, one) for one in policies)]


def ablation_path(output: Path, recipe: Recipe) -> Path:
    """Where the table of a recipe is kept."""
    return output / f"{recipe.name}.ablation.json"


def read_ablation(path: Path) -> list[Ablation]:
    """The table of an earlier run; empty if there was none."""
    return msgspec.json.decode(path.read_bytes(), type=list[Ablation]) if path.is_file() else []


def ablate(
    recipe: Recipe, folder: Path, output: Path, device: str, stage: Stage
) -> tuple[list[Ablation], Path]:
    """Train the grid and write the table.

    Raises
    ------
    RecipeRefused
        If the recipe has no table ``[ablation]``.
    archive.observatory.ArchiveRefused
        If the data are not there.
    """
    grid = recipe.ablation
    if grid is None:
        raise RecipeRefused(f"the recipe of {recipe.name} has no table [ablation]")
    training = replace(recipe.training, steps=grid.steps)
    shorter = replace(recipe, training=training)
    trials = trials_of(recipe, grid)
    reports = [stage(trial.title, grid.steps) for trial in trials]
    work = Work(partial(_prepared, shorter, folder, device), _run)
    rows = side_by_side(work, trials, reports, alone=device != "cpu")
    path = ablation_path(output, recipe)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(rows), indent=2) + b"\n")
    return rows, path


@dataclass(frozen=True, slots=True, eq=False)
class _Yard:
    """What all trials of a process share."""

    bench: Bench
    folder: Path


def _prepared(recipe: Recipe, folder: Path, device: str) -> _Yard:
    return _Yard(prepare(recipe, folder, device), folder)


def _run(yard: _Yard, trial: Trial, report: Report) -> Ablation:
    bench, policy = yard.bench, trial.policy
    recipe = bench.recipe
    arm = negative_learning(trial.loss, own_scale=policy == "window")
    without, cells = _validation(bench, policy)
    judge = partial(mean_auc, without, cells)
    seed = recipe.training.seeds[0]
    network = train_arm(_material(bench, policy), recipe, arm, seed, judge, report).network
    level = network_scores(network, without)
    steady = steadiness(
        network,
        stretch(bench, recipe.data.train_days, policy),
        stretch(bench, recipe.data.validation_days, policy),
        away(bench, recipe.ablation.elsewhere if recipe.ablation else [], yard.folder, policy),
    )
    return Ablation(
        loss=trial.loss.kind,
        weight=trial.loss.weight,
        margin=trial.loss.margin,
        scale_policy=policy,
        auc=judge(network),
        found=float(np.mean([found(level, network_scores(network, cell)) for cell in cells])),
        collapsed=collapsed(network, without),
        night_share=steady.night,
        day_share=steady.day,
        daily_spread=steady.daily_spread,
        elsewhere_share=steady.elsewhere,
        label_auc=None if bench.labelled is None else bench.judge()(network),
        softness=trial.loss.softness if trial.loss.kind in SOFT_FORMS else None,
    )


def collapsed(network: Judged, scaled: Float32) -> bool:
    """Whether non-seismic windows [n, steps, 3] are reconstructed no better than by zeros.

    By the median window: a network that does well on a few loud ones alone has collapsed too.
    """
    if isinstance(network, Classifier):
        raise TypeError("a classifier reconstructs nothing")
    with torch.no_grad():
        nothing = network.nothing(torch.from_numpy(scaled)).numpy() / 2
    return bool(np.median(network_scores(network, scaled) - nothing) >= _NO_BETTER)


def _material(bench: Bench, policy: Policy) -> Material:
    if policy == "trailing" and bench.labelled is None:
        return synthetic_material(bench.recipe, bench.archive, bench.material.front_end, policy)
    return bench.material


def _validation(bench: Bench, policy: Policy) -> tuple[Float32, list[Float32]]:
    """Windows of the validation days in the units of a policy, and the same with transients."""
    recipe, front_end = bench.recipe, bench.material.front_end
    spec = recipe.window.spec(recipe.data.judge_hop)
    days = recipe.data.validation_days
    windows = windows_of(bench.archive.samples, days, spec, partial(band_passed, front_end))
    rows_nt = row_scale_nt(windows, recipe, policy, np.array(bench.material.scale_nt))

    def scaled(filtered_nt: Float32) -> Float32:
        return (filtered_nt / rows_nt[:, None, :]).astype(np.float32)

    cells = [scaled(band_passed(front_end, cell.field_nt)) for cell in bench.validation.disturbed()]
    return scaled(windows.field_nt), cells
