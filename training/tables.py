"""The tables of a recipe: what each choice means."""

from typing import Literal

import msgspec

from geofield.manifest import ModelWindow
from geofield.windows import WindowSpec
from training.section import Section


class LeftOut(Section, frozen=True):
    """What is in the archive and is not the field: a span of time, UTC, and how that is known."""

    span: str
    why: str


class Data(Section, frozen=True):
    """Archive files and what they are used for.

    Attributes
    ----------
    files
        Names in the data folder.
    source, licence
        Printed in the model card.
    train_days, validation_days, test_days
        UTC dates, ``2024-03-08``, or spans of them, ``2002-01-01/2005-12-31``, the last included.
        A window belongs to one only with its whole span.
    kp_max
        Training windows over which Kp is known and nowhere higher are the non-seismic class, and
        only such windows calibrate a threshold.
    train_hop, judge_hop
        Distance between windows, in samples: training may overlap more than judgement.
    left_out
        Missing for training, calibration and judgement alike.
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
    left_out: tuple[LeftOut, ...] = ()


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

    def spec(self, hop: int | None = None) -> WindowSpec:
        """Windows; at another distance for training and judgement."""
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
    knee
        Loudness (rms of the window over the station's scale) beyond which a window is seen, and its
        error counted, relative to itself.
    gated
        Whether the reconstruction is multiplied, at every recurrent step, by a value between -1
        and 1. Without it a window is missed by little more than the square root of two times its
        own strength, and which of the worst is the strangest is no longer told.
    emphasis
        Share of every sample's error that is taken from the next one's; see `Autoencoder.miss`.
    floor
        How loud (rms over the station's scale) the reconstruction of a silent window may be; see
        `Autoencoder`.
    """

    units: int
    bottleneck: int
    group: int
    knee: float
    gated: bool = False
    emphasis: float = 0.0
    floor: float = 0.0


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
    softness
        Of the margin of ``log-error``, in the same units: pairs that lie further than this on
        the right side of it no longer count.
    contrast
        Weight of the mean log error of the seismic windows, beside their order.
    """

    kind: Literal["log-error", "log-error-mean", "hinge", "clipped", "inverse", "target-reversal"]
    weight: float
    margin: float
    softness: float = 1.0
    contrast: float = 0.0


class Seismic(Section, frozen=True):
    """The synthetic transients, in training and in the benchmark; see `training.transients`.

    Attributes
    ----------
    source
        ``synthetic``: windows with transients are the seismic class. ``catalogue``: real windows
        before earthquakes are, and transients are only judged.
    families
        What is trained on.
    unseen_families
        What is judged only.
    snr_low, snr_high
        Range of the signal/noise in training, log-uniform.
    judge_snr
        Signal/noise of each column of the benchmark.
    """

    source: Literal["synthetic", "catalogue"]
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
    shifted
        Whether the phase of every window, the same in all components, is drawn at random: windows
        are then not learned by heart.
    """

    share: float
    gain_low: float
    gain_high: float
    component_spread: float
    mixing: float
    turned: float
    overlaid: float
    shifted: bool = False


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
    weight_decay
        Of AdamW, in units of the learning rate.
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
    weight_decay: float = 0.0


class Promise(Section, frozen=True):
    """What is asked of the threshold, and how it is tried.

    Attributes
    ----------
    false_alarms_per_month
        Under which the sensitivity is measured.
    checked_per_month
        Rates at which alarms are counted on quiet days that calibrated nothing: where a month is
        more than there is, a higher rate tells more.
    durations
        Of the packets, in samples.
    snr
        Of the packets, ascending.
    apart
        Samples from one packet to the next.
    packets
        For how many there must be room at most: what is judged is cut off behind them.
    draws
        How many times they are laid, each time others, for every duration and signal/noise.
    """

    false_alarms_per_month: float
    checked_per_month: list[float]
    durations: list[int]
    snr: list[float]
    apart: int
    packets: int = 200
    draws: int = 1


class Grid(Section, frozen=True):
    """What the ablation varies, one at a time around the recipe's own choice.

    Attributes
    ----------
    kinds
        Other forms of the loss with their weight and margin.
    weights, margins
        Of the recipe's own form.
    policies
        ``trailing``: scale of the hours before; ``window``: each window by itself.
    steps
        Optimiser steps of each arm: enough to rank them.
    elsewhere
        Files of another station, to see how the false share travels: names in the data folder, or
        ``magpy/...`` for the examples that geomagpy installs.
    trailing_samples
        How far back the trailing scale looks; of that policy only.
    """

    kinds: list[Loss]
    weights: list[float]
    margins: list[float]
    policies: list[Literal["trailing", "window"]]
    steps: int
    elsewhere: list[str]
    trailing_samples: int = 0


class Catalogue(Section, frozen=True):
    """Real earthquakes near the station.

    Attributes
    ----------
    file
        Name in the data folder: ComCat CSV or GeoJSON, or QuakeML.
    credit
        Printed in the model card.
    embargo_days
        Windows so near to the boundary of two sides belong to neither; at least
        ``labels.guard_days``.
    controls
        Non-seismic windows drawn for each seismic one, of the same Kp, local hour and season.
    aseismic
        Files of a station without earthquakes near it: thresholds from the first half of its days,
        false alarms counted in the second.
    """

    file: str
    credit: str
    embargo_days: float
    controls: int
    aseismic: tuple[str, ...] = ()
