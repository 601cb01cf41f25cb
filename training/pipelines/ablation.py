"""Ablation of negative learning: form of the loss, its weight and margin, and the scale policy.

Each arm departs from the recipe in one respect, is trained for a few steps with the recipe's first
seed, and is judged on the validation days by: injected transients, the steadiness of the share of
falsely flagged windows, and whether the network still reconstructs anything.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import torch
from msgspec.structs import replace

from archive.files import FileRefused, contents
from archive.outputs import check_output_folder, output_folder, write_file
from archive.text import decode_json
from geofield.types import Float32
from support.parallel import Work, side_by_side
from training.data.scaling import Policy, row_scale_nt
from training.data.windows import windows_of
from training.evaluation.injection.windows import detection_rate
from training.model.arms import negative_learning
from training.model.batch_scores import band_passed, network_scores
from training.model.loss import SOFT_FORMS
from training.model.network import Classifier, Judged
from training.model.train_loop import Material, Report, Stage, train_arm
from training.pipelines.prepared_data import Bench, mean_auc, prepare, synthetic_material
from training.pipelines.steadiness import away, scaled_windows, steadiness
from training.recipe.recipe import Recipe
from training.recipe.section import RecipeRefused
from training.recipe.tables import AblationGrid, Loss
from training.results import Ablation

_NO_BETTER = -0.05  # difference in the logarithm of the rmse: five per cent


@dataclass(frozen=True, slots=True)
class AblationArm:
    """One arm of the ablation."""

    loss: Loss
    policy: Policy

    @property
    def title(self) -> str:
        """Name of the arm in progress."""
        loss = self.loss
        return f"{loss.kind}, lambda {loss.weight:g}, margin {loss.margin:g}, {self.policy} scale"


def trials_of(recipe: Recipe, grid: AblationGrid) -> list[AblationArm]:
    """Arms of the grid: the recipe's own, its control, and variations in one respect."""
    chosen = recipe.loss
    losses = [
        chosen,
        replace(chosen, weight=0.0),
        *grid.kinds,
        *(replace(chosen, weight=weight) for weight in grid.weights),
        *(replace(chosen, margin=margin) for margin in grid.margins),
    ]
    policies: list[Policy] = list(grid.policies)
    return [
        *(AblationArm(loss, "station") for loss in losses),
        *(AblationArm(chosen, policy) for policy in policies),
    ]


def ablation_path(output: Path, recipe: Recipe) -> Path:
    """Path of the table of a recipe's ablation."""
    return output / f"{recipe.name}.ablation.json"


def read_ablation(path: Path) -> list[Ablation]:
    """Read the table of an earlier run; it is empty if there was no run.

    Raises
    ------
    archive.files.FileRefused
        If the file is no table of an ablation.
    """
    if not path.exists():
        return []
    content = contents(path)
    try:
        return decode_json(content, list[Ablation])
    except ValueError as error:
        raise FileRefused(f"{path}: no table of an ablation ({error}): remove it") from error


def ablate(
    recipe: Recipe, folder: Path, output: Path, device: str, stage: Stage
) -> tuple[list[Ablation], Path]:
    """Train the arms of the grid, and write their table.

    Returns
    -------
    The table and its path.

    Raises
    ------
    RecipeRefused
        If the recipe has no table ``[ablation]``.
    archive.observatory.ArchiveRefused
        If the data are missing.
    """
    grid = recipe.ablation
    if grid is None:
        raise RecipeRefused(f"the recipe of {recipe.name} has no table [ablation]")
    check_output_folder(output)
    training = replace(recipe.training, steps=grid.steps)
    shorter = replace(recipe, training=training)
    trials = trials_of(recipe, grid)
    reports = [stage(trial.title, grid.steps) for trial in trials]
    work = Work(partial(_prepared, shorter, folder, device), _run)
    rows = side_by_side(work, trials, reports, alone=device != "cpu")
    path = ablation_path(output_folder(output), recipe)
    write_file(path, msgspec.json.format(msgspec.json.encode(rows), indent=2) + b"\n")
    return rows, path


@dataclass(frozen=True, slots=True, eq=False)
class _Yard:
    """Data that all arms of a process share."""

    bench: Bench
    folder: Path


def _prepared(recipe: Recipe, folder: Path, device: str) -> _Yard:
    return _Yard(prepare(recipe, folder, device), folder)


def _run(yard: _Yard, trial: AblationArm, report: Report) -> Ablation:
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
        scaled_windows(bench, recipe.data.train_days, policy),
        scaled_windows(bench, recipe.data.validation_days, policy),
        away(bench, recipe.ablation.elsewhere if recipe.ablation else [], yard.folder, policy),
    )
    return Ablation(
        loss=trial.loss.kind,
        weight=trial.loss.weight,
        margin=trial.loss.margin,
        scale_policy=policy,
        auc=judge(network),
        found=float(
            np.mean([detection_rate(level, network_scores(network, cell)) for cell in cells])
        ),
        collapsed=collapsed(network, without),
        night_share=steady.night,
        day_share=steady.day,
        daily_spread=steady.daily_spread,
        elsewhere_share=steady.elsewhere,
        label_auc=None if bench.labelled is None else bench.judge()(network),
        softness=trial.loss.softness if trial.loss.kind in SOFT_FORMS else None,
    )


def collapsed(network: Judged, scaled: Float32) -> bool:
    """Whether the network reconstructs non-seismic windows [n, steps, 3] no better than zeros do.

    The median window decides: a network that does well on a few loud windows only has collapsed.
    """
    if isinstance(network, Classifier):
        raise TypeError("a classifier reconstructs nothing")
    with torch.no_grad():
        nothing = network.nothing(torch.from_numpy(scaled)).numpy() / 2
    return bool(np.median(network_scores(network, scaled) - nothing) >= _NO_BETTER)


def _material(bench: Bench, policy: Policy) -> Material:
    if policy == "trailing" and bench.labelled is None:
        front_end = bench.material.front_end
        return synthetic_material(bench.recipe, bench.archive, bench.stations, front_end, policy)
    return bench.material


def _validation(bench: Bench, policy: Policy) -> tuple[Float32, list[Float32]]:
    """Windows of the validation days in the units of a policy, without and with transients."""
    recipe, front_end = bench.recipe, bench.material.front_end
    spec = recipe.window.spec(recipe.data.judge_hop)
    days = recipe.data.validation_days
    windows = windows_of(bench.archive.samples, days, spec, partial(band_passed, front_end))
    rows_nt = row_scale_nt(windows, recipe, policy, np.array(bench.material.scale_nt))

    def scaled(filtered_nt: Float32) -> Float32:
        return (filtered_nt / rows_nt[:, None, :]).astype(np.float32)

    cells = [scaled(band_passed(front_end, cell.field_nt)) for cell in bench.validation.disturbed()]
    return scaled(windows.field_nt), cells
