"""The recipe of a model: a TOML file with all choices of its training."""

from collections.abc import Sequence
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import msgspec

from archive.files import FileRefused, contents
from archive.text import text_of
from training.recipe.days import span_ms
from training.recipe.judged import DriftCase, ManMadeCase, judged_problems
from training.recipe.labels import LabelRules, rule_problems
from training.recipe.operation import AlertRule, ProfileRule, Promise
from training.recipe.section import RecipeRefused, RecipeTable
from training.recipe.stations import RecipeStation, no_spans
from training.recipe.tables import (
    AblationGrid,
    CatalogueChoice,
    Data,
    Loss,
    NetworkSize,
    Seismic,
    Training,
    Variation,
    Window,
)
from training.recipe.transients import FAMILIES
from training.recipe.verdict_rules import VerdictRules


class Recipe(RecipeTable, frozen=True):
    """All choices behind a published model.

    Attributes
    ----------
    name, version
        Name and version of the model.
    remarks
        Remarks for the model card on how the choices were made.
    alert, profile
        Rules of alerts and of living profiles in the evaluation.
    labels, verdict
        Rules of the evaluation on earthquakes, fixed before it runs.
    catalogue
        Earthquakes for training or evaluation; None without any.
    ablation
        Grid of the ablation; None without one.
    stations
        Other stations, and other days of the first one.
    drift, man_made
        What `magwatch evaluate --stations` judges besides, see `training.recipe.judged`.
    """

    name: str
    version: str
    remarks: list[str]
    data: Data
    window: Window
    network: NetworkSize
    loss: Loss
    seismic: Seismic
    variation: Variation
    training: Training
    promise: Promise
    labels: LabelRules
    verdict: VerdictRules
    alert: AlertRule = AlertRule()
    profile: ProfileRule = ProfileRule()
    catalogue: CatalogueChoice | None = None
    ablation: AblationGrid | None = None
    stations: tuple[RecipeStation, ...] = ()
    drift: tuple[DriftCase, ...] = ()
    man_made: tuple[ManMadeCase, ...] = ()

    def used(self, use: str) -> list[RecipeStation]:
        """The stations of one use, in the order of the file."""
        return [station for station in self.stations if station.use == use]


def shipped_recipe(name: str) -> Path:
    """Path of a shipped recipe, given its file name."""
    return Path(str(files("training.recipes") / name))


def load_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises
    ------
    RecipeRefused
        If the file is missing, is not TOML, has a wrong or unknown key, or contradicts itself.
    """
    try:
        content = contents(path)
    except FileRefused as error:
        raise RecipeRefused(str(error)) from error
    try:
        recipe = msgspec.toml.decode(text_of(content), type=Recipe)
    except ValueError as error:
        raise RecipeRefused(f"{path}: {error}") from error
    except RecursionError:
        raise RecipeRefused(f"{path}: it is nested too deeply") from None
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
        (recipe.loss.allowed > 0, "loss.allowed must be positive"),
        (recipe.loss.penalty >= 0, "loss.penalty must not be negative"),
        (
            0 < recipe.variation.noise_low <= recipe.variation.noise_high,
            "variation.noise_low must be positive and at most variation.noise_high",
        ),
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
    problems += [f"data.left_out: {problem}" for problem in no_spans(data.left_out)]
    problems += judged_problems(recipe.stations, recipe.drift, recipe.man_made)
    problems += _alert_problems(recipe)
    problems += recipe.profile.problems
    return problems + [f"labels.{problem}" for problem in rule_problems(recipe.labels)]


def _promise_checks(promise: Promise) -> list[tuple[bool, str]]:
    """Conditions of the promise, and the message for each if it does not hold."""
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


def _alert_problems(recipe: Recipe) -> list[str]:
    try:
        recipe.alert.rules()
    except ValueError as error:
        return [f"alert: {error}"]
    return []


def _overlap(data: Data) -> bool:
    """Whether two spans of days share a day.

    Raises
    ------
    RecipeRefused
        If an entry is not a date or a span of dates.
    """
    spans = sorted(map(span_ms, (*data.train_days, *data.validation_days, *data.test_days)))
    return any(begin_ms < end_ms for (_, end_ms), (begin_ms, _) in pairwise(spans))
