"""The recipe of a model: one TOML file that holds every choice its training depends on."""

from collections.abc import Sequence
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import msgspec

from archive.spans import span_of
from training.days import span_ms
from training.judge.verdict import VerdictRules
from training.labels.rules import LabelRules, rule_problems
from training.section import RecipeRefused, Section
from training.tables import (
    Catalogue,
    Data,
    Grid,
    Loss,
    Network,
    Promise,
    Seismic,
    Training,
    Variation,
    Window,
)
from training.transients import FAMILIES


class Recipe(Section, frozen=True):
    """All choices behind one published model.

    Attributes
    ----------
    name, version
        Of the model.
    remarks
        What a reader of the model card has to know about how these choices were made.
    labels, verdict
        How an evaluation on earthquakes is done and judged, fixed before it is run.
    catalogue
        Earthquakes that this model is trained or judged on; None where none are at hand.
    ablation
        None where nothing was tried systematically.
    """

    name: str
    version: str
    remarks: list[str]
    data: Data
    window: Window
    network: Network
    loss: Loss
    seismic: Seismic
    variation: Variation
    training: Training
    promise: Promise
    labels: LabelRules
    verdict: VerdictRules
    catalogue: Catalogue | None = None
    ablation: Grid | None = None


def shipped_recipe(name: str) -> Path:
    """A recipe that is shipped with the distribution, by its file name."""
    return Path(str(files("training.recipes") / name))


def load_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises
    ------
    RecipeRefused
        If the file is missing, is not TOML, has a wrong or unknown key, or contradicts itself.
    """
    try:
        recipe = msgspec.toml.decode(path.read_bytes(), type=Recipe)
    except OSError as error:
        raise RecipeRefused(f"{path}: {error.strerror or error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecipeRefused(f"{path}: {error}") from error
    try:
        problems = _contradictions(recipe)
    except RecipeRefused as refused:
        problems = [str(refused)]
    if problems:
        raise RecipeRefused(f"{path}: {'; '.join(problems)}")
    return recipe


def _contradictions(recipe: Recipe) -> list[str]:
    window, network, data = recipe.window, recipe.network, recipe.data
    seismic = recipe.seismic
    unknown = sorted({*seismic.families, *seismic.unseen_families} - set(FAMILIES))
    checks = [
        (not unknown, f"unknown families {unknown}: known are {', '.join(FAMILIES)}"),
        (not _overlap(data), "a day stands in more than one of the three lists of days"),
        (
            all((data.train_days, data.validation_days, data.test_days)),
            "train_days, validation_days and test_days must not be empty",
        ),
        (window.samples % window.step == 0, "window.step must divide window.samples"),
        (
            window.samples // window.step % network.group == 0,
            "network.group must divide window.samples / window.step",
        ),
        (
            0 < seismic.snr_low < seismic.snr_high,
            "seismic.snr_low must be positive and below seismic.snr_high",
        ),
        (
            0 < recipe.variation.gain_low <= recipe.variation.gain_high,
            "variation.gain_low must be positive and at most variation.gain_high",
        ),
        (network.knee > 0, "network.knee must be positive"),
        (0 <= network.emphasis < 1, "network.emphasis must be at least 0 and less than 1"),
        (network.floor >= 0, "network.floor must not be negative"),
        (recipe.training.weight_decay >= 0, "training.weight_decay must not be negative"),
        (recipe.loss.softness > 0, "loss.softness must be positive"),
        (bool(recipe.training.seeds), "training.seeds must not be empty"),
        (
            recipe.ablation is None
            or recipe.ablation.trailing_samples > 0
            or "trailing" not in recipe.ablation.policies,
            "ablation.trailing_samples must be positive for the policy trailing",
        ),
        (
            seismic.source == "synthetic" or recipe.catalogue is not None,
            'seismic.source = "catalogue" needs a table [catalogue]',
        ),
        (
            not set(seismic.families) & set(seismic.unseen_families),
            "a family cannot be both trained on and unseen",
        ),
    ]
    checks += _promise_checks(recipe.promise)
    problems = [problem for fine, problem in checks if not fine]
    problems += [f"data.left_out: {problem}" for problem in _no_spans(data)]
    return problems + [f"labels.{problem}" for problem in rule_problems(recipe.labels)]


def _promise_checks(promise: Promise) -> list[tuple[bool, str]]:
    """What must hold, and what is said where it does not."""
    positive: dict[str, Sequence[float]] = {
        "false_alarms_per_month": [promise.false_alarms_per_month],
        "checked_per_month": promise.checked_per_month,
        "durations": promise.durations,
        "snr": promise.snr,
        "apart": [promise.apart],
        "packets": [promise.packets],
        "draws": [promise.draws],
    }
    return [
        (bool(promise.snr), "promise.snr must not be empty"),
        (promise.snr == sorted(promise.snr), "promise.snr must be ascending"),
        *(
            (min(values, default=1) > 0, f"promise.{name} must be positive")
            for name, values in positive.items()
        ),
    ]


def _no_spans(data: Data) -> list[str]:
    problems = []
    for one in data.left_out:
        try:
            span_of(one.span)
        except ValueError as error:
            problems.append(str(error))
    return problems


def _overlap(data: Data) -> bool:
    """Whether two spans of days share a day.

    Raises
    ------
    RecipeRefused
        If one is not a date or a span of dates.
    """
    spans = sorted(
        span_ms(one) for one in (*data.train_days, *data.validation_days, *data.test_days)
    )
    return any(begin_ms < end_ms for (_, end_ms), (begin_ms, _) in pairwise(spans))
