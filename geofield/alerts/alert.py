"""An alert, the rules that it follows, and the state of a station's alerts."""

from dataclasses import dataclass, replace
from enum import Enum

from geofield.alerts.remote_reference import Remote
from geofield.frozen import value
from geofield.indices import IndicesKnown
from geofield.quality.findings import Fault, FaultFinding
from geofield.scoring.score import Score, WindowScore
from geofield.utc import DAY_MS


class AlertStatus(str, Enum):
    """Status of an alert."""

    OPEN = "open"
    RESOLVED = "resolved"
    CANCELLED = "cancelled"


class Change(str, Enum):
    """Reason for a version of an alert."""

    OPENED = "opened"
    UPDATED = "updated"
    RESOLVED = "resolved"
    CANCELLED = "cancelled"


class Severity(str, Enum):
    """Size class of the disturbance, see `AlertRules.severity`."""

    MINOR = "minor"
    MODERATE = "moderate"
    MAJOR = "major"


class Classification(str, Enum):
    """Likely cause of the disturbance; `UNKNOWN` until the deciding data are known."""

    DATA_QUALITY = "data-quality"
    SPACE_WEATHER = "space-weather"
    GLOBAL = "global"
    LOCAL = "local"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Model behind an alert's scores, with the verdict of its evaluation."""

    name: str
    version: str
    sha256: str
    skill: str


@dataclass(frozen=True, slots=True)
class AlertRules:
    """Rules by which alerts open, resolve and get their severity and class.

    Attributes
    ----------
    k, n
        An alert opens when at least `k` of the last `n` windows exceed the threshold.
    clear
        It resolves after this many windows in a row that are below `clear_ratio` times the
        threshold or have no score.
    clear_ratio
        Hysteresis, 0-1.
    cooldown_ms
        Shortest time between the end of an alert and the opening of the next.
    moderate_size, major_size
        Sizes from which an alert is moderate or major, see `severity`.
    space_weather_kp, space_weather_dst_nt
        A disturbance counts as space weather from this Kp up or from this Dst (nT) down.
    settle_ms
        Longest wait of an alert for its class after its end, in event time.

    Raises
    ------
    ValueError
        If values are out of range.
    """

    k: int = 4
    n: int = 5
    clear: int = 4
    clear_ratio: float = 0.8
    cooldown_ms: int = 600_000
    moderate_size: float = 4.0
    major_size: float = 9.0
    space_weather_kp: float = 4.0
    space_weather_dst_nt: float = -50.0
    settle_ms: int = DAY_MS

    def __post_init__(self) -> None:
        if not 1 <= self.k <= self.n:
            raise ValueError(f"k of n needs 1 <= k <= n, not {self.k} of {self.n}")
        if self.clear < 1 or not 0 < self.clear_ratio <= 1:
            raise ValueError("clear must be at least 1 and clear_ratio in 0-1")
        if not 0 < self.moderate_size <= self.major_size:
            raise ValueError("moderate_size must be positive and major_size no less")

    def severity(self, score: Score, exceeding: int) -> Severity:
        """Severity of a disturbance with peak `score` and `exceeding` windows.

        The size is relative to the smallest alert: peak / threshold * windows / `k`. An alert just
        over the threshold with `k` windows has size 1; twice as high and twice as long is size 4.
        """
        smallest = score.threshold * self.k
        if score.rmse * exceeding >= self.major_size * smallest:
            return Severity.MAJOR
        if score.rmse * exceeding >= self.moderate_size * smallest:
            return Severity.MODERATE
        return Severity.MINOR

    def is_storm(self, known: IndicesKnown) -> bool:
        """Whether the known indices reach the limit of space weather."""
        kp, dst_nt = known.highest, known.lowest_dst_nt
        return (kp is not None and kp >= self.space_weather_kp) or (
            dst_nt is not None and dst_nt <= self.space_weather_dst_nt
        )


@dataclass(frozen=True, slots=True)
class Alert:
    """One version of an alert.

    `start_ms` to `end_ms` spans the windows that exceeded the threshold. `score` and `completeness`
    are those of the highest window, which ended at `peak_ms`. `decided_ms` is the event time of
    this version; `highest_kp`, `lowest_dst_nt` and `other_indices` are the
    indices as known then. `troubled` of the
    `exceeding` windows show instrument faults or man-made pulses, of the kinds in `faults`;
    `largest` is the highest of those that were measured. `remote` is None until the remote
    reference is known. Times are in ms since 1970 UTC.
    """

    id: str
    version: int
    change: Change
    status: AlertStatus
    station: str
    model: ModelRef
    start_ms: int
    end_ms: int
    decided_ms: int
    peak_ms: int
    score: Score
    completeness: float
    severity: Severity
    classification: Classification
    highest_kp: float | None
    lowest_dst_nt: float | None = None
    exceeding: int = 1
    troubled: int = 0
    faults: tuple[Fault, ...] = ()
    remote: Remote | None = None
    other_indices: tuple[tuple[str, float], ...] = ()
    largest: FaultFinding | None = None

    def with_indices(self, known: IndicesKnown) -> "Alert":
        """The alert with what is known of the indices over it."""
        return replace(
            self,
            highest_kp=known.highest,
            lowest_dst_nt=known.lowest_dst_nt,
            other_indices=known.others,
        )


@dataclass(frozen=True, slots=True)
class Unclassified:
    """A resolved alert that awaits its class; `published` is its latest version since (0: none)."""

    alert: Alert
    published: int = 0


@value
class AlertState:
    """State of a station's alerts: all that they depend on besides the next window.

    `settling` are the ended alerts without a class. Checkpoints store the fields by name.
    """

    recent: tuple[WindowScore, ...] = ()
    current: Alert | None = None
    quiet_windows: int = 0
    resolved_ms: int | None = None
    settling: tuple[Unclassified, ...] = ()

    @property
    def newest_ms(self) -> int:
        """End of the newest window in the state; 0 before the first."""
        return self.recent[-1].end_ms if self.recent else self.resolved_ms or 0
