"""The recipe of a model: one TOML file that holds every choice its training depends on."""

from pathlib import Path
from typing import Literal

import msgspec

from geofield.manifest import ModelWindow
from geofield.windows import WindowSpec
from training.transients import FAMILIES


class RecipeRefused(ValueError):
    """A recipe that cannot be used; the message names the file, the key and the reason."""


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the recipe; unknown keys are refused, so a misspelt one cannot pass unnoticed."""


class Data(Section, frozen=True):
    """Archive files and what they are used for.

    Attributes
    ----------
    files
        Names in the data folder.
    source, licence
        Printed in the model card.
    train_days, validation_days, test_days
        UTC dates, ``YYYY-MM-DD``. A window belongs to a day only with its whole span.
    kp_max
        Training windows over which Kp is known and nowhere higher are the non-seismic class.
    train_hop, judge_hop
        Distance between windows, in samples: training may overlap more than judgement.
    """

    files: list[str]
    source: str
    licence: str
    train_days: list[str]
    validation_days: list[str]
    test_days: list[str]
    kp_max: float
    train_hop: int
    judge_hop: int


class Window(Section, frozen=True):
    """What the model sees; see `geofield.manifest.ModelWindow` for the meaning of each."""

    cadence_ms: int
    samples: int
    hop: int
    taps: int
    step: int
    low_hz: float
    high_hz: float

    def model_window(self) -> ModelWindow:
        """The same as it stands in the manifest."""
        return ModelWindow(**msgspec.structs.asdict(self))

    def spec(self, hop: int) -> WindowSpec:
        """Windows at another distance, for training and judgement."""
        return self.model_window().spec(hop=hop)


class Network(Section, frozen=True):
    """Size of the autoencoder.

    Attributes
    ----------
    units
        Of each direction of both LSTM layers.
    bottleneck
        Values that pass from encoder to decoder at each recurrent step.
    group
        Filtered samples that one recurrent step takes together; divides their number.
    """

    units: int
    bottleneck: int
    group: int


class Loss(Section, frozen=True):
    """How the two classes are told apart; see `training.loss`.

    Attributes
    ----------
    kind
        Form of the raising term.
    weight
        The lambda of negative learning. The control, lambda = 0, is always trained beside it.
    margin
        In units of the form: natural logarithm for ``log-error``.
    """

    kind: Literal["log-error", "log-error-mean", "hinge", "clipped", "inverse"]
    weight: float
    margin: float


class Seismic(Section, frozen=True):
    """The synthetic seismic class; see `training.transients`.

    Attributes
    ----------
    families
        What is trained on.
    unseen_families
        What is judged only.
    snr_low, snr_high
        Range of the signal/noise in training, log-uniform.
    judge_snr
        Signal/noise of each column of the benchmark.
    """

    families: list[str]
    unseen_families: list[str]
    snr_low: float
    snr_high: float
    judge_snr: list[float]


class Variation(Section, frozen=True):
    """How training windows are made to look like those of other stations; see `training.variation`.

    Attributes
    ----------
    share
        Of the windows that are changed.
    gain_low, gain_high
        Range of the factor on a whole window, log-uniform.
    component_spread
        Standard deviation of the logarithm of a further factor on each component.
    mixing
        Standard deviation of the share of each component that is added to each, in phase and
        again in quadrature.
    turned
        Share of the changed windows whose components are each turned by a random phase.
    overlaid
        Share of the changed windows that are laid over another window, changed likewise.
    """

    share: float
    gain_low: float
    gain_high: float
    component_spread: float
    mixing: float
    turned: float
    overlaid: float


class Training(Section, frozen=True):
    """The loop.

    Attributes
    ----------
    seeds
        Each is trained with negative learning and as control; the one that does best on the
        validation days is published.
    steps, batch
        Optimiser steps, and windows of each class in one of them.
    learning_rate, warmup_steps
        Peak of a cosine schedule and the length of its linear rise.
    average
        Decay of the running mean of the weights, which is what is judged and exported.
    clip
        Largest norm of a gradient.
    check_every, patience
        Steps between validations; validations without improvement after which training stops.
    """

    seeds: list[int]
    steps: int
    batch: int
    learning_rate: float
    warmup_steps: int
    average: float
    clip: float
    check_every: int
    patience: int


class Recipe(Section, frozen=True):
    """All choices behind one published model.

    Attributes
    ----------
    name, version, skill
        Of the model; `skill` goes into every alert.
    remarks
        What a reader of the model card has to know about how these choices were made.
    """

    name: str
    version: str
    skill: str
    remarks: list[str]
    data: Data
    window: Window
    network: Network
    loss: Loss
    seismic: Seismic
    variation: Variation
    training: Training


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
    problems = _contradictions(recipe)
    if problems:
        raise RecipeRefused(f"{path}: {'; '.join(problems)}")
    return recipe


def _contradictions(recipe: Recipe) -> list[str]:
    window, network, data = recipe.window, recipe.network, recipe.data
    days = [*data.train_days, *data.validation_days, *data.test_days]
    seismic = recipe.seismic
    unknown = sorted({*seismic.families, *seismic.unseen_families} - set(FAMILIES))
    checks = [
        (not unknown, f"unknown families {unknown}: known are {', '.join(FAMILIES)}"),
        (len(set(days)) == len(days), "a day stands in more than one of the three lists of days"),
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
        (bool(recipe.training.seeds), "training.seeds must not be empty"),
        (
            not set(seismic.families) & set(seismic.unseen_families),
            "a family cannot be both trained on and unseen",
        ),
    ]
    return [problem for fine, problem in checks if not fine]
