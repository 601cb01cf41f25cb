"""Results on injected transients, and false alarms on quiet days."""

from msgspec import field

from training.results.names import Record


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
    living_threshold, living_snr
        Median threshold of a profile that went on learning over these days, None if not tried; and
        `snr` at this threshold.
    """

    asked_per_month: float
    packets: int
    snr: float | None
    interval: tuple[float | None, float | None] | None = None
    living_threshold: float | None = None
    living_snr: float | None = None


class ActivityMeans(Record, frozen=True, kw_only=True):
    """Means over all families of one method, on quiet or on disturbed windows only.

    Attributes
    ----------
    method
        Name of the method.
    activity
        ``quiet`` (Kp known and at most that of the recipe) or ``disturbed``.
    windows
        Number of windows; each is judged without and with a transient against its own kind.
    snr
        Signal/noise of the entries of `auc` and `found`, ascending.
    auc, found
        As in `Cell`, means over the families.
    left_over, worse
        As in `LeftOver`; None if the method reconstructs nothing.
    """

    method: str
    activity: str
    windows: int
    snr: list[float]
    auc: list[float]
    found: list[float]
    left_over: float | None = None
    worse: float | None = None


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
    living
        Number of alarms that opened while the profile went on learning; None if not tried.
    """

    method: str
    station: str
    asked_per_month: float
    quiet_days: float
    expected: float
    counted: int
    low: int
    high: int
    living: int | None = None

    @property
    def within(self) -> bool:
        """Whether the count in operation is compatible with the promised rate."""
        return self.low <= self.opened <= self.high

    @property
    def opened(self) -> int:
        """Number of alarms as in operation: with the living profile, if it was tried."""
        return self.counted if self.living is None else self.living


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
    by_activity
        Quiet and disturbed windows apart; without those of which there are too few.
    calibration_days
        Days that calibrated; empty in documents of earlier versions.
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
    left_over: list[LeftOver] = field(default_factory=list)
    by_activity: list[ActivityMeans] = field(default_factory=list)
    calibration_days: list[str] = field(default_factory=list)


class Drift(Record, frozen=True):
    """False alarms in quiet days after a calibration.

    Attributes
    ----------
    station
        Name of the station.
    calibration_days, days
        UTC days that calibrated, and later ones that were judged.
    group
        Name of the cases whose counts are added up; empty for none.
    after_days
        Days from the end of the calibration to the begin and the end of the judged days.
    alarms
        Counts at each rate.
    """

    station: str
    calibration_days: list[str]
    days: list[str]
    group: str
    after_days: tuple[float, float]
    alarms: list[FalseAlarms]


class ManMade(Record, frozen=True):
    """Pulses that no field makes, in a record.

    Attributes
    ----------
    record
        Name of the record.
    days, windows
        Amount of data, in days and in windows.
    fast
        Number of windows in which a rate of change reaches five scales in a sample.
    called
        Number of windows with a step, a spike or a pulse.
    marked, found
        Number of known man-made pulses, and of these found.
    other_episodes
        Runs of called windows without a known pulse.
    wrong
        Number of their windows if all else in the record is natural; None if that is not known.
    """

    record: str
    days: float
    windows: int
    fast: int
    called: int
    marked: int
    found: int
    other_episodes: int
    wrong: int | None
