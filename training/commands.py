"""The command ``magwatch train``."""

from pathlib import Path

import click
import msgspec
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from archive.extras import ExtraMissing
from archive.observatory import ArchiveRefused
from geofield.orientation import OrientationError
from training.config import Recipe, RecipeRefused, load_recipe
from training.export import ExportRefused
from training.loop import Report
from training.publish import publish

_REFUSALS = (ArchiveRefused, ExportRefused, ExtraMissing, OrientationError, RecipeRefused)


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
    "--output",
    type=click.Path(path_type=Path),
    default=Path("exports"),
    show_default=True,
    help="Folder for the .onnx, .json and .md files.",
)
def train(recipe: Path, data: Path, device: str, seed: int | None, output: Path) -> None:
    """Train, judge and export the model that RECIPE describes.

    Every seed of the recipe is trained with negative learning and, as the control, without; the
    best on the validation days is exported with its manifest and model card.

    \b
    Example:
      magwatch train training/recipes/ulf-1hz.toml --data ~/observatory-data
    """
    try:
        chosen = _with_seed(load_recipe(recipe), seed)
        with _Bars() as bars:
            model = publish(recipe, chosen, data, output, _device(device), bars.stage)
    except _REFUSALS as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename or output}: {error.strerror}") from error
    click.echo(f"wrote {model}, {model.with_suffix('.json')} and {model.with_suffix('.md')}")


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


class _Bars:
    """One progress bar for each arm."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]:.3f}  validation AUC {task.fields[best]:.4f}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )

    def __enter__(self) -> "_Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def stage(self, title: str, length: int) -> Report:
        """A new bar; its report moves it."""
        task = self._progress.add_task(title, total=length, loss=float("nan"), best=float("nan"))

        def report(step: int, loss: float, best: float) -> None:
            self._progress.update(task, completed=step, loss=loss, best=best)

        return report
