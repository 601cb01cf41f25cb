"""The tables of a recipe, with the meaning of each choice."""

from typing import Literal

import msgspec

from geofield.scoring.manifest import ModelWindow
from geofield.series.windows import WindowSpec
from training.recipe.section import RecipeTable


class LeftOutSpan(RecipeTable, frozen=True):
    """A span of time (UTC) in which the archive is not the field, and the evidence for that."""

    span: str
    why: str


class Data(RecipeTable, frozen=True):
    """Archive files and their use.

    Attributes
    ----------
    files
        Names in the data folder, of files or of a folder of history of one station.
    source, licence
        Origin and licence of the data, for the model card.
    train_days, validation_days, test_days
        UTC dates, ``2024-03-08``, or spans of dates, ``2002-01-01/2005-12-31``, the last included.
        The whole span of a window must lie within one entry.
    kp_max
        Highest Kp, which must be known, of training windows of the non-seismic class and of windows
        that calibrate a threshold.
    train_hop, judge_hop
        Distance between windows in training and in judgement, in samples.
    left_out
        Spans that are missing for training, calibration and judgement.
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
    left_out: tuple[LeftOutSpan, ...] = ()


class Window(RecipeTable, frozen=True):
    """Window of the model; see `geofield.scoring.manifest.ModelWindow` for the fields."""

    cadence_ms: int
    samples: int
    hop: int
    taps: int
    step: int
    low_hz: float
    high_hz: float

    def model_window(self) -> ModelWindow:
        """The window as in the manifest."""
        return ModelWindow(**msgspec.structs.asdict(self))

    def spec(self, hop: int | None = None) -> WindowSpec:
        """The window as samples are cut, with another hop for training and judgement."""
        return self.model_window().spec(hop=hop)


class NetworkSize(RecipeTable, frozen=True):
    """Size of the autoencoder.

    Attributes
    ----------
    units
        Units of each direction of both LSTM layers.
    bottleneck
        Number of values from encoder to decoder at each recurrent step.
    group
        Filtered samples of one recurrent step; must divide the number of samples.
    knee
        Loudness (rms of the window over the station's scale) beyond which the input and the error
        of a window are relative to its loudness; see `Autoencoder`.
    gated
        Whether a value between -1 and 1 multiplies the reconstruction at every recurrent step.
        Without it the error of a window is hardly larger than the square root of two times its own
        strength, and the worst windows cannot be ranked.
    emphasis
        Share of the error of each sample that is subtracted from the next one; see
        `Autoencoder.miss`.
    floor
        Largest loudness (rms over the station's scale) of the reconstruction of a silent window;
        see `Autoencoder`.
    """

    units: int
    bottleneck: int
    group: int
    knee: float
    gated: bool = False
    emphasis: float = 0.0
    floor: float = 0.0


class Loss(RecipeTable, frozen=True):
    """Loss that separates the two classes; see `training.model.loss`.

    Attributes
    ----------
    kind
        Form of the raising term.
    weight
        Lambda of negative learning. The control, lambda = 0, is always trained as well.
    margin
        Wanted distance between the classes, in units of the form: natural logarithm for
        ``log-error``.
    softness
        Width of the margin of ``log-error``, in the same units: pairs farther on the right side of
        the margin no longer count.
    contrast
        Weight of the mean log error of the seismic windows, in addition to their order.
    allowed
        Share of a non-seismic window's rms that may be left over without a penalty.
    penalty
        Weight of the logarithm of what is left over beyond `allowed`; 0 for no such term.
    """

    kind: Literal["log-error", "log-error-mean", "hinge", "clipped", "inverse", "target-reversal"]
    weight: float
    margin: float
    softness: float = 1.0
    contrast: float = 0.0
    allowed: float = 0.5
    penalty: float = 0.0


class Seismic(RecipeTable, frozen=True):
    """The synthetic transients, in training and in the benchmark; see `training.recipe.transients`.

    Attributes
    ----------
    source
        ``synthetic``: windows with transients are the seismic class. ``catalogue``: real windows
        before earthquakes are the seismic class, and transients serve the benchmark only.
    families
        Families for training and judgement.
    unseen_families
        Families for judgement only.
    snr_low, snr_high
        Range of the signal/noise in training, log-uniform.
    in_band
        Whether the signal/noise in training is of the peak after the filter, as in the benchmark.
        Without it a transient that lies mostly outside the band is hardly there. At one sample a
        second few do; stretched to minutes most families reach below the band.
    judge_snr
        Signal/noise of each column of the benchmark.
    """

    source: Literal["synthetic", "catalogue"]
    families: list[str]
    unseen_families: list[str]
    snr_low: float
    snr_high: float
    judge_snr: list[float]
    in_band: bool = False


class Variation(RecipeTable, frozen=True):
    """Variation of training windows so that they resemble those of other stations.

    See `training.data.augmentation`.

    Attributes
    ----------
    share
        Share of windows that are changed.
    gain_low, gain_high
        Range of the factor on a whole window, log-uniform.
    component_spread
        Standard deviation of the logarithm of a further factor on each component.
    mixing
        Standard deviation of the share of each component that is added to each, in phase and
        again in quadrature.
    turned
        Share of changed windows in which each component gets a random phase.
    overlaid
        Share of changed windows to which another, likewise changed window is added.
    shifted
        Whether every window gets a random phase, the same in all components, so that the network
        cannot memorise windows.
    noisy
        Share of all windows that get white noise within the band, as an instrument of coarse
        resolution makes it, in every other component; afterwards the component is divided by its
        new scale.
    noise_low, noise_high
        Range of the standard deviation of that noise in units of the scale, log-uniform.
    """

    share: float
    gain_low: float
    gain_high: float
    component_spread: float
    mixing: float
    turned: float
    overlaid: float
    shifted: bool = False
    noisy: float = 0.0
    noise_low: float = 0.2
    noise_high: float = 1.5


class Training(RecipeTable, frozen=True):
    """Settings of the training loop.

    Attributes
    ----------
    seeds
        Seeds, each for all arms; the seed with the best validation is published.
    steps, batch
        Optimiser steps, and windows of each class in a step.
    learning_rate, warmup_steps
        Peak of a cosine schedule and the length of its linear rise.
    average
        Decay of the running mean of the weights, which is judged and exported.
    clip
        Largest norm of a gradient.
    weight_decay
        Weight decay of AdamW, in units of the learning rate.
    check_every, patience
        Steps between validations, and validations without improvement before training stops.
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
    weight_decay: float = 0.0


class AblationGrid(RecipeTable, frozen=True):
    """Variations of the ablation, one at a time around the recipe's own choice.

    Attributes
    ----------
    kinds
        Other forms of the loss, with their weights and margins.
    weights, margins
        Other weights and margins of the recipe's own form.
    policies
        Other scale policies. ``trailing``: scale of the hours before the window; ``window``: scale
        of the window itself.
    steps
        Optimiser steps of each arm: enough to rank the arms.
    elsewhere
        Files of another station, to measure the share of false flags there: names in the data
        folder, or ``magpy/...`` for the examples of geomagpy.
    trailing_samples
        Samples before the window that the policy ``trailing`` uses.
    """

    kinds: list[Loss]
    weights: list[float]
    margins: list[float]
    policies: list[Literal["trailing", "window"]]
    steps: int
    elsewhere: list[str]
    trailing_samples: int = 0


class CatalogueChoice(RecipeTable, frozen=True):
    """Real earthquakes near the station.

    Attributes
    ----------
    file
        Name in the data folder: ComCat CSV or GeoJSON, or QuakeML.
    credit
        Credit for the model card.
    embargo_days
        Windows nearer to the boundary of two sides belong to neither; at least
        ``labels.guard_days``.
    controls
        Number of controls for each seismic window, of the same Kp, local hour and season.
    aseismic
        Files of a station without earthquakes near it. The first half of its days gives thresholds;
        false alarms are counted in the second half.
    """

    file: str
    credit: str
    embargo_days: float
    controls: int
    aseismic: tuple[str, ...] = ()
