"""The command ``magwatch train``."""

from pathlib import Path

import click
import msgspec
import torch

from support.table import print_table
from training.commands.bars import Bars
from training.commands.refusals import one_line
from training.model.export import ExportRefused
from training.pipelines.ablation import ablate
from training.pipelines.train import make
from training.recipe.recipe import Recipe, load_recipe
from training.report.terminal import ablation_table


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder with the archive files that the recipe names.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, ...")
@click.option("--seed", type=int, help="Train this seed alone instead of the recipe's.")
@click.option(
    "--ablation",
    is_flag=True,
    help="Train the recipe's grid of losses and scale policies instead, and show the table.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    default=Path("exports"),
    show_default=True,
    help="Folder for the model, its manifest, card and evaluation.",
)
def train(
    recipe: Path, data: Path, device: str, seed: int | None, ablation: bool, output: Path
) -> None:
    """Train, judge and export the model that RECIPE describes.

    Every seed of the recipe is trained with negative learning, without (the control, lambda = 0),
    and as a supervised classifier (the ceiling). The best on the validation days is exported with
    its manifest, model card, evaluation and report; the best of its rivals beside it.

    With --ablation nothing is exported: other losses, weights, margins and scale policies are
    trained for a few steps each and compared on the validation days.

    \b
    Example:
      magwatch train training/recipes/ulf-1hz.toml --data ~/observatory-data
      magwatch train training/recipes/ulf-1hz.toml --data ~/observatory-data --ablation
    """
    with one_line(ExportRefused):
        chosen = _with_seed(load_recipe(recipe), seed)
        with Bars() as bars:
            if ablation:
                rows, path = ablate(chosen, data, output, _device(device), bars.arm)
            else:
                written = make(recipe, chosen, data, output, _device(device), bars)
    if ablation:
        print_table(ablation_table(rows))
        click.echo(f"wrote {path}")
        return
    click.echo(f"{written.verdict}\nwrote {', '.join(map(str, written.paths))}")


def _with_seed(recipe: Recipe, seed: int | None) -> Recipe:
    if seed is None:
        return recipe
    training = msgspec.structs.replace(recipe.training, seeds=[seed])
    return msgspec.structs.replace(recipe, training=training)


def _device(asked: str) -> str:
    name = ("cuda" if torch.cuda.is_available() else "cpu") if asked == "auto" else asked
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise click.ClickException(f"--device {asked}: {reason}") from error
    return name
