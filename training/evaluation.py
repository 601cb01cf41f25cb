"""What an evaluation found: the one structure that the JSON, the HTML and the model card show.

Everything here is plain data. Times are UTC, rates are per station-month of 30.4375 days, shares
are 0-1, signal/noise is in units of the station's band-passed background.
"""

import msgspec

NEGATIVE = "negative learning"
CONTROL = "plain autoencoder"
CLASSIFIER = "supervised classifier"
KP_ONLY = "Kp alone"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an evaluation."""


class Cell(Record, frozen=True, kw_only=True):
    """One method on transients of one family and signal/noise.

    Attributes
    ----------
    method, family, snr, polarization
        What was judged, on which transients.
    auc
        Chance that a window with a transient scores higher than one without.
    found
        Share of windows with a transient above the score that 1 % of those without exceed.
    auc_low, auc_high, found_low, found_high
        Lowest and highest over the seeds trained; equal to the figure where there is one.
    p_value, p_value_apart
        Mann-Whitney U, two-sided, of all windows and of windows that share no sample.
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
    """How much a reconstruction leaves of windows without a transient.

    Attributes
    ----------
    method
        Whose reconstruction.
    median
        Root mean square of the error over that of the window, median of the windows: 0 for a
        perfect reconstruction, 1 for none.
    worse
        Share of the windows to which zeros would have been nearer.
    """

    method: str
    median: float
    worse: float


class HalfFound(Record, frozen=True, kw_only=True):
    """The strength of a transient at which alerts find half.

    Attributes
    ----------
    asked_per_month
        Rate of false alarms that the threshold is set for.
    packets
        How many were tried at each signal/noise.
    snr
        Signal/noise, by interpolation; None if even the strongest tried are found less often.
    interval
        Central 95 % of it over other places of the stream and other quiet days to calibrate on,
        likewise None. Absent where packets were tried at fewer than ten places.
    """

    asked_per_month: float
    packets: int
    snr: float | None
    interval: tuple[float | None, float | None] | None = None


class Sensitivity(Record, frozen=True):
    """What a method finds by the alert rule itself.

    Attributes
    ----------
    method
        What was judged.
    duration_s
        How long the transient lasts.
    packets
        How many were tried at each signal/noise.
    snr
        Signal/noise of each entry of the lists below, ascending.
    found
        Share of transients that opened an alert, at the promised rate of false alarms.
    delay_s
        Median time from the transient's onset to the end of the window that opened an alert; None
        if none opened.
    half
        At which signal/noise half are found: at the promised rate first, then at others.
    """

    method: str
    duration_s: float
    packets: int
    snr: list[float]
    found: list[float]
    delay_s: list[float | None]
    half: list[HalfFound]


class FalseAlarms(Record, frozen=True):
    """Alarms on quiet days that did not calibrate the threshold.

    Attributes
    ----------
    method, station
        What was judged and where.
    asked_per_month
        Rate that the threshold was set for.
    quiet_days
        How much data was watched.
    expected, counted
        Alarms that the rate gives in that time, and alarms that opened.
    low, high
        Central 95 % Poisson interval of the count, given the expectation.
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
        """Whether the promise was kept as far as so much data can tell."""
        return self.low <= self.counted <= self.high


class Injections(Record, frozen=True):
    """The benchmark in which the truth is known: transients added to real windows.

    Attributes
    ----------
    station, days
        Whose data, and which UTC days.
    trained, unseen
        Families in training, and families never seen.
    windows, windows_apart
        How many were judged, and how many of them share no sample.
    cells, sensitivity, false_alarms
        The tables.
    false_alarms_per_month
        Promise under which `sensitivity` was measured.
    quantiles
        Score at 50, 90 and 99 % of the windows without a transient, negative learning.
    left_over
        What the autoencoders leave of these windows.
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
    """What one step of labelling left.

    Attributes
    ----------
    step
        The rule applied, in words, with its source.
    events
        Earthquakes that remain.
    windows
        Windows that are still of either class; None before windows are looked at.
    station_days
        The same in days of data.
    """

    step: str
    events: int
    windows: int | None = None
    station_days: float | None = None


class OnLabels(Record, frozen=True):
    """One method judged on real earthquakes.

    Attributes
    ----------
    method
        What was judged.
    rmse, mae
        Mean of the non-seismic and of the seismic windows; None for a score that is no error.
    window_p
        Mann-Whitney U, two-sided, windows taken as independent: the paper's statistic.
    event_p
        Permutation test with the event as the unit, one-sided: higher before earthquakes.
    auc, auc_low, auc_high
        AUC over windows with its 95 % interval from resampling events and control blocks.
    shuffled_auc
        AUC for each catalogue with shuffled times.
    shuffled_p
        Share of those (counting the real one) at or above the real AUC.
    placebo_auc
        AUC when the windows after the earthquakes are called seismic; None without such windows.
    alarm_share, miss_share
        The Molchan diagram: share of time under alarm, and share of events missed, ascending in
        the former.
    alarms, alarms_per_month
        Alerts opened by the alert rule at the promised rate, over all data watched.
    alarm_hours
        24 counts: local solar hour at which alerts opened.
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
    """One rule of the verdict, fixed in the recipe before anything was judged."""

    rule: str
    measured: str
    met: bool


class Verdict(Record, frozen=True):
    """Whether skill was shown; `words` goes into the manifest and every alert."""

    shown: bool
    words: str
    criteria: list[Criterion] = []


class Labelled(Record, frozen=True):
    """A model judged on real earthquakes at one station.

    Attributes
    ----------
    station, begin_utc, end_utc
        Whose data; from when to when.
    catalogue
        Name of the catalogue file.
    steps
        How the labels came about.
    events
        Earthquakes that count.
    windows
        Non-seismic and seismic windows judged.
    prevalence
        Share of seismic windows.
    methods
        Negative learning first, then what it has to beat.
    band_alarm_share, band_low, band_high
        The Molchan diagram's 95 % band of miss share for a method without skill.
    verdict
        By the rules of the recipe.
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
    """One row of the ablation.

    Attributes
    ----------
    loss, weight, margin, scale_policy
        The arm.
    auc, found
        Mean over families and signal/noise of the injection benchmark, validation days.
    collapsed
        Whether the network reconstructs no better than zeros.
    night_share, day_share
        Share of quiet windows over the 1 % line of the training days at local night and day.
    daily_spread
        Largest share of a day less the smallest.
    elsewhere_share
        The same share at another station whose scale alone was fitted; None without its data.
    label_auc
        AUC on real labels; None without any.
    softness
        Of the margin; None for forms that have none.
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
    """Everything measured about one model.

    Attributes
    ----------
    model, version, sha256
        The published file.
    injections, labelled, ablation
        What was measured.
    verdict
        What goes into the manifest.
    facts
        Further figures by name: windows trained on, seeds, steps, minutes.
    left_out
        Spans of time in which the archive was not believed, and why, if that was said.
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
    """As JSON for people and programs."""
    return msgspec.json.format(msgspec.json.encode(evaluation), indent=2) + b"\n"


def decode(content: bytes) -> Evaluation:
    """Read `encode`'s output.

    Raises
    ------
    msgspec.MsgspecError
        If it is not an evaluation.
    """
    return msgspec.json.decode(content, type=Evaluation)
