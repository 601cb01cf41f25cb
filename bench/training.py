"""What a training step costs beyond the arithmetic: the loop against the bare step.

The bare step is forward, backward and optimizer of the same network on windows drawn beforehand;
the loop also draws windows and transients and averages the weights. Both run in one process with
one thread, as `magwatch train` runs them on every core. Validation is left out: it is done four
times in a training of 700 steps.
"""

import time
from collections.abc import Callable
from pathlib import Path

import click
import msgspec
import numpy as np
import torch

from bench.report import Cell, publish, spread
from monitor.demo.scenario import quiet_day
from support.memory import keep_memory
from support.progress import progress_bar
from training.data.windows import Archive
from training.model.arms import negative_learning
from training.model.network import FrontEnd
from training.model.train_loop import (
    Material,
    _Batches,
    _descend,
    _loss,
    _seed_everything,
    train_arm,
)
from training.pipelines.prepared_data import prepare, synthetic_material
from training.recipe.recipe import Recipe, load_recipe, shipped_recipe

WARM_STEPS = 3
DAY = "2018-08-29"
NOTE = "the shipped recipe; seconds of the CPU, so that other processes do not count; no validation"


def shipped(steps: int) -> Recipe:
    """The recipe of the shipped model, with so many steps and one validation at the end."""
    recipe = load_recipe(shipped_recipe("ulf-1hz.toml"))
    short = msgspec.structs.replace(recipe.training, steps=steps, check_every=steps)
    return msgspec.structs.replace(recipe, training=short)


def material(recipe: Recipe, data: Path | None) -> Material:
    """Windows of the recipe's own archive in `data`, else of one day of another observatory."""
    if data is not None:
        return prepare(recipe, data, "cpu").material
    keep_memory()  # as `training.pipelines.prepared_data.prepare` does
    torch.set_num_threads(1)
    day = quiet_day()
    one_day = msgspec.structs.replace(recipe.data, train_days=[DAY])
    recipe = msgspec.structs.replace(recipe, data=one_day)
    archive = Archive(day.samples(day.reference_declination_deg()), 0.0, {})
    return synthetic_material(recipe, archive, [], FrontEnd(recipe.window), "station")


def loop_s(windows: Material, recipe: Recipe) -> float:
    """CPU seconds of a step of the loop."""
    marks_s: list[float] = []
    arm = negative_learning(recipe.loss)
    train_arm(
        windows,
        recipe,
        arm,
        seed=1,
        judge=lambda _: 0.0,
        report=lambda *_: marks_s.append(time.process_time()),
    )
    return (marks_s[-1] - marks_s[WARM_STEPS]) / (len(marks_s) - 1 - WARM_STEPS)


def bare_s(windows: Material, recipe: Recipe) -> float:
    """CPU seconds of a step on windows that are ready."""
    _seed_everything(1)
    arm = negative_learning(recipe.loss)
    network = arm.build(recipe.network, windows.analytic.shape[1])
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.0)
    ready = _Batches(windows, recipe, np.random.default_rng(1)).draw(with_seismic=True)

    def step() -> None:
        _descend(optimizer, network, _loss(network, *ready, arm), recipe.training.clip)

    return _each_s(step, recipe.training.steps)


def drawing_s(windows: Material, recipe: Recipe) -> float:
    """CPU seconds of drawing a batch."""
    batches = _Batches(windows, recipe, np.random.default_rng(1))
    return _each_s(lambda: batches.draw(with_seismic=True), recipe.training.steps)


def _each_s(call: Callable[[], object], count: int) -> float:
    for _ in range(WARM_STEPS):
        call()
    began_s = time.process_time()
    for _ in range(count):
        call()
    return (time.process_time() - began_s) / count


def measure(windows: Material, recipe: Recipe, repeats: int) -> list[dict[str, Cell]]:
    """One row for each of the three, measured in turn so that all meet the same machine."""
    measures = {"loop": loop_s, "bare step": bare_s, "drawing": drawing_s}
    found: dict[str, list[float]] = {name: [] for name in measures}
    with progress_bar("measurements") as bar:
        task = bar.add_task("training", total=repeats * len(measures))
        for _ in range(repeats):
            for name, one in measures.items():
                found[name].append(one(windows, recipe))
                bar.advance(task)
    batch = 2 * min(recipe.training.batch, len(windows.analytic))  # of either class
    bare = spread(found["bare step"]).median
    return [
        {
            "what": name,
            "CPU, ms/step": spread([1000 * one for one in seconds]),
            "windows/s": spread([batch / one for one in seconds]),
            "of bare step": spread(seconds).median / bare,
        }
        for name, seconds in found.items()
    ]


@click.command()
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the recipe's archive.")
@click.option("--steps", type=click.IntRange(10), default=100, show_default=True)
@click.option("--repeats", type=click.IntRange(1), default=5, show_default=True)
@click.option("--quick", is_flag=True, help="15 steps, twice.")
def main(data: Path | None, steps: int, repeats: int, quick: bool) -> None:
    """Measure a step of the training loop against the bare arithmetic in it.

    \b
    Example:
      python -m bench.training --data folder
    """
    steps, repeats = (15, 2) if quick else (steps, repeats)
    recipe = shipped(steps)
    windows = material(recipe, data)
    asked = {
        "data": "the recipe's" if data else f"WIC {DAY}",
        "windows": len(windows.analytic),
        "batch": recipe.training.batch,
        "steps": steps,
        "repeats": repeats,
    }
    publish("training", measure(windows, recipe, repeats), asked, NOTE)


if __name__ == "__main__":
    main()
