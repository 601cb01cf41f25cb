"""Results on real earthquakes."""

from msgspec import field

from training.results.names import Record


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
    criteria: list[Criterion] = field(default_factory=list)


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
