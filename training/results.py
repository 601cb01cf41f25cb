"""The evaluation document: the content of the JSON file, the HTML page and the model card.

All parts are plain data. Times are UTC, rates are per station-month of 30.4375 days, shares are
0-1, signal/noise is in units of the station's band-passed background.
"""

import msgspec

NEGATIVE = "negative learning"
CONTROL = "plain autoencoder"
CLASSIFIER = "supervised classifier"
KP_ONLY = "Kp alone"
RIVALS = {CONTROL: "control", CLASSIFIER: "classifier"}  # endings of the names of their files


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an evaluation."""


class Cell(Record, frozen=True, kw_only=True):
    """Figures of one method on transients of one family and signal/noise.

    Attributes
    ----------
    method, family, snr, polarization
        The method and the transients.
    auc
        Probability that a window with a transient scores higher than one without.
    found
        Share of windows with a transient above the score that 1 % of those without exceed.
    auc_low, auc_high, found_low, found_high
        Lowest and highest value over the trained seeds; equal to the figure if there is one seed.
    p_value, p_value_apart
        Two-sided p of the Mann-Whitney U test, of all windows and of windows that share no sample.
    """

    method: str
    family: str
    snr: float
    polarization: str = "random"
    auc: float
    found: float
    auc_low: float
    auc_high: float
    found_low: float
    found_high: float
    p_value: float
    p_value_apart: float


class LeftOver(Record, frozen=True):
    """Relative reconstruction error of windows without a transient.

    Attributes
    ----------
    method
        Method that reconstructs.
    median
        Rms of the error over the rms of the window, median over windows: 0 for a perfect
        reconstruction, 1 for none.
    worse
        Share of windows to which zeros would be nearer than the reconstruction.
    """

    method: str
    median: float
    worse: float


class HalfFound(Record, frozen=True, kw_only=True):
    """Signal/noise at which alerts detect half of the packets.

    Attributes
    ----------
    asked_per_month
        False-alarm rate of the threshold.
    packets
        Number of packets tried at each signal/noise.
    snr
        Signal/noise, by interpolation; None if fewer than half of the strongest are detected.
    interval
        Central 95 % interval of `snr` over other places of the stream and other calibration days;
        an end may be None as `snr`. None if packets were tried at fewer than ten places.
    """

    asked_per_month: float
    packets: int
    snr: float | None
    interval: tuple[float | None, float | None] | None = None


class Sensitivity(Record, frozen=True):
    """Detections of a method by the alert rule, for packets of one duration.

    Attributes
    ----------
    method
        Name of the method.
    duration_s
        Duration of the packets.
    packets
        Number of packets tried at each signal/noise.
    snr
        Signal/noise of the entries of `found` and `delay_s`, ascending.
    found
        Share of packets that opened an alert, at the promised false-alarm rate.
    delay_s
        Median time from the onset of a packet to the end of the window that opened an alert; None
        if none opened.
    half
        Signal/noise at which half are detected, at the promised rate first, then at other rates.
    """

    method: str
    duration_s: float
    packets: int
    snr: list[float]
    found: list[float]
    delay_s: list[float | None]
    half: list[HalfFound]


class FalseAlarms(Record, frozen=True):
    """Alarms on quiet days that were not used for calibration.

    Attributes
    ----------
    method, station
        Names of the method and the station.
    asked_per_month
        False-alarm rate of the threshold.
    quiet_days
        Amount of quiet data, in days.
    expected, counted
        Expected number of alarms at this rate, and number of alarms that opened.
    low, high
        Central 95 % interval of a Poisson count with this expectation.
    """

    method: str
    station: str
    asked_per_month: float
    quiet_days: float
    expected: float
    counted: int
    low: int
    high: int

    @property
    def within(self) -> bool:
        """Whether the count is compatible with the promised rate."""
        return self.low <= self.counted <= self.high


class Injections(Record, frozen=True):
    """Results of the injection benchmark, in which transients are added to real windows.

    Attributes
    ----------
    station, days
        Station and UTC days of the data.
    trained, unseen
        Families of transients in training, and families not in training.
    windows, windows_apart
        Number of judged windows, and number of these that share no sample.
    cells, sensitivity, false_alarms
        The tables.
    false_alarms_per_month
        Promised false-alarm rate of `sensitivity`.
    quantiles
        Score at 50, 90 and 99 % of the windows without a transient, for negative learning.
    left_over
        Relative reconstruction errors of the autoencoders on these windows.
    """

    station: str
    days: list[str]
    trained: list[str]
    unseen: list[str]
    windows: int
    windows_apart: int
    cells: list[Cell]
    sensitivity: list[Sensitivity]
    false_alarms: list[FalseAlarms]
    false_alarms_per_month: float
    quantiles: list[float]
    left_over: list[LeftOver] = []


class LabelStep(Record, frozen=True):
    """Counts after a step of labelling.

    Attributes
    ----------
    step
        The rule in words, with its source.
    events
        Number of earthquakes that remain.
    windows
        Number of windows that may still be of either class; None in steps before windows.
    station_days
        Amount of data of these windows, in days.
    """

    step: str
    events: int
    windows: int | None = None
    station_days: float | None = None


class OnLabels(Record, frozen=True):
    """Figures of one method on real earthquakes.

    Attributes
    ----------
    method
        Name of the method.
    rmse, mae
        Mean of the non-seismic and of the seismic windows; None for a score that is no error.
    window_p
        Two-sided p of the Mann-Whitney U test, windows taken as independent: the paper's statistic
        (doi 10.32604/cmc.2025.066421).
    event_p
        One-sided p of the permutation test with the event as the unit: higher before earthquakes.
    auc, auc_low, auc_high
        AUC over windows, with the 95 % interval from resampling events and control blocks.
    shuffled_auc
        AUC for each shuffled catalogue.
    shuffled_p
        Share of catalogues (including the real one) at or above the real AUC.
    placebo_auc
        AUC of the placebo, in which windows after the earthquakes are seismic; None without such
        windows.
    alarm_share, miss_share
        The Molchan diagram: share of time under alarm, ascending, and share of missed events.
    alarms, alarms_per_month
        Alerts that the alert rule opened at the promised rate, over all data.
    alarm_hours
        Counts [24] of alerts by the local solar hour of their opening.
    """

    method: str
    rmse: tuple[float, float] | None
    mae: tuple[float, float] | None
    window_p: float
    event_p: float
    auc: float
    auc_low: float
    auc_high: float
    shuffled_auc: list[float]
    shuffled_p: float
    placebo_auc: float | None
    alarm_share: list[float]
    miss_share: list[float]
    alarms: int
    alarms_per_month: float
    alarm_hours: list[int]


class Criterion(Record, frozen=True):
    """A rule of the verdict, fixed in the recipe before the judgement, and its outcome."""

    rule: str
    measured: str
    met: bool


class Verdict(Record, frozen=True):
    """Verdict on the skill of a model; `words` go into the manifest and every alert."""

    shown: bool
    words: str
    criteria: list[Criterion] = []


class Labelled(Record, frozen=True):
    """Judgement on the real earthquakes of one station.

    Attributes
    ----------
    station, begin_utc, end_utc
        Station, begin and end of the data.
    catalogue
        Name of the catalogue file.
    steps
        Counts after each step of labelling.
    events
        Number of earthquakes that count.
    windows
        Number of non-seismic and of seismic windows.
    prevalence
        Share of seismic windows.
    methods
        Negative learning first, then the methods it has to beat.
    band_alarm_share, band_low, band_high
        95 % band of the miss share in the Molchan diagram for a method without skill.
    verdict
        Verdict by the rules of the recipe.
    """

    station: str
    begin_utc: str
    end_utc: str
    catalogue: str
    steps: list[LabelStep]
    events: int
    windows: tuple[int, int]
    prevalence: float
    methods: list[OnLabels]
    band_alarm_share: list[float]
    band_low: list[float]
    band_high: list[float]
    verdict: Verdict


class Ablation(Record, frozen=True):
    """A row of the ablation.

    Attributes
    ----------
    loss, weight, margin, scale_policy
        The arm.
    auc, found
        Means over families and signal/noise of the injection benchmark on the validation days.
    collapsed
        Whether the network reconstructs no better than zeros.
    night_share, day_share
        Share of quiet windows above the score that 1 % of the training windows exceed, at local
        night and day.
    daily_spread
        Largest share of a day less the smallest.
    elsewhere_share
        The share at another station, of which only the scale was fitted; None without its data.
    label_auc
        AUC on real labels; None without labels.
    softness
        Softness of the margin; None for forms without softness.
    """

    loss: str
    weight: float
    margin: float
    scale_policy: str
    auc: float
    found: float
    collapsed: bool
    night_share: float
    day_share: float
    daily_spread: float
    elsewhere_share: float | None = None
    label_auc: float | None = None
    softness: float | None = None


class Evaluation(Record, frozen=True):
    """All results of the evaluation of a model.

    Attributes
    ----------
    model, version, sha256
        Name, version and hash of the model file.
    injections, labelled, ablation
        Results by kind of evaluation.
    verdict
        Verdict, which goes into the manifest.
    facts
        Further figures by name: windows trained on, seeds, steps, minutes.
    left_out
        Spans of time that were left out of the archive, with reasons if they were given.
    """

    model: str
    version: str
    sha256: str
    verdict: Verdict
    injections: list[Injections] = []
    labelled: list[Labelled] = []
    ablation: list[Ablation] = []
    facts: dict[str, float] = {}
    left_out: list[str] = []


def encode(evaluation: Evaluation) -> bytes:
    """Encode an evaluation as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(evaluation), indent=2) + b"\n"


def decode(content: bytes) -> Evaluation:
    """Decode the output of `encode`.

    Raises
    ------
    msgspec.MsgspecError
        If it is not an evaluation.
    """
    return msgspec.json.decode(content, type=Evaluation)
