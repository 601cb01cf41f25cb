"""The trained models that a model is compared with."""

from collections.abc import Mapping
from pathlib import Path

from archive.model import Model, ModelRefused, load_model
from training.recipe.recipe import Recipe
from training.recipe.section import RecipeRefused
from training.results import RIVALS

# An installed package leaves the rivals out: no worker needs them.
_IN_A_CHECKOUT = (
    "those of the shipped models are in a checkout, to be installed by "
    "pip install --editable '.[train]'"
)


def rivals_of(path: Path, model: Model) -> tuple[dict[str, Model], dict[str, str]]:
    """Usable trained rivals by method, and for every other method why it has none.

    A usable rival has a file and the model's window.
    """
    rivals: dict[str, Model] = {}
    missing = {}
    for method, suffix in RIVALS.items():
        rival = path.parent / "rivals" / f"{path.stem}-{suffix}.onnx"
        try:
            if not rival.is_file():
                raise ModelRefused(f"no {rival}: {_IN_A_CHECKOUT}")
            loaded = load_model(rival)
            if loaded.manifest.window != model.manifest.window:
                raise ModelRefused(f"{rival} is for other windows")
            rivals[method] = loaded
        except ModelRefused as refused:
            missing[method] = f"without the {method}: {refused}"
    return rivals, missing


def check_beaten(recipe: Recipe, missing: Mapping[str, str]) -> None:
    """Refuse, before hours of work, if a method that the verdict needs is missing."""
    for method in recipe.verdict.beat:
        if method in missing:
            raise RecipeRefused(
                f"{missing[method]}; the recipe's verdict has to beat it (verdict.beat)"
            )
