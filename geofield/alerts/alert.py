"""The life cycle of an alert: opened, updated, resolved or cancelled.

An alert opens when `k` of the last `n` windows exceed the threshold. It resolves when `clear`
windows in a row stay below the threshold less a margin. Its id is a hash of station, model and
first window: the same data give the same alert again, never a second one. The final class comes
later, see `geofield.alerts.classification`.
"""

import hashlib
from dataclasses import dataclass, replace
from enum import Enum

from geofield.alerts.remote_reference import Remote
from geofield.frozen import value
from geofield.indices import IndexHistory, IndicesKnown
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


def follow(
    state: AlertState, score: WindowScore, model: ModelRef, history: IndexHistory, rules: AlertRules
) -> tuple[AlertState, list[Alert]]:
    """Follow the alerts of a station through its next window.

    Windows must come in order. Windows without a score neither open an alert nor keep one open.

    Returns
    -------
    The new state, and the alert versions that the window causes.
    """
    # Windows touch or overlap. Where they do not, the station was silent and starts again.
    silent = state.recent and score.start_ms > state.recent[-1].end_ms
    recent = (score,) if silent else (*state.recent, score)[-rules.n :]
    current, resolved_ms = state.current, state.resolved_ms
    # `replace` takes ten times as long, and most windows need no more than this
    state = AlertState(recent, current, state.quiet_windows, resolved_ms, state.settling)
    if current is None:
        return _maybe_open(state, score, model, history, rules)
    return _continue(state, current, score, history, rules)


def alert_id(station: str, model: ModelRef, first_window_end_ms: int) -> str:
    """Id of an alert, 32 hexadecimal digits: a hash of station, model and first window."""
    seed = f"{station}|{model.name}|{model.version}|{model.sha256}|{first_window_end_ms}"
    return hashlib.sha256(seed.encode()).hexdigest()[:32]


def _maybe_open(
    state: AlertState,
    window: WindowScore,
    model: ModelRef,
    history: IndexHistory,
    rules: AlertRules,
) -> tuple[AlertState, list[Alert]]:
    exceeding = [(w, w.score) for w in state.recent if w.score is not None and w.score.exceeds]
    if len(exceeding) < rules.k:
        return state, []
    since_ms = window.end_ms - state.resolved_ms if state.resolved_ms is not None else None
    if since_ms is not None and since_ms < rules.cooldown_ms:
        return state, []
    alert = _new_alert(*exceeding[0], model)
    for other, score in exceeding[1:]:
        alert = _extended(alert, other, score)
    opened = _judged(alert, window.decided_ms, history, rules)
    return replace(state, current=opened, quiet_windows=0), [opened]


def _continue(
    state: AlertState, alert: Alert, window: WindowScore, history: IndexHistory, rules: AlertRules
) -> tuple[AlertState, list[Alert]]:
    score = window.score
    if score is not None and score.exceeds:
        alert = _extended(alert, window, score)
    loud = score is not None and score.rmse >= rules.clear_ratio * score.threshold
    quiet_windows = 0 if loud else state.quiet_windows + 1
    now = _judged(alert, window.decided_ms, history, rules)
    if quiet_windows >= rules.clear:
        return _end(state, now, window.end_ms)
    news = (now.severity, now.classification) != (alert.severity, alert.classification)
    if news:
        now = replace(now, version=now.version + 1, change=Change.UPDATED)
    return replace(state, current=now, quiet_windows=quiet_windows), [now] if news else []


def _end(state: AlertState, alert: Alert, end_ms: int) -> tuple[AlertState, list[Alert]]:
    """Resolve an alert, or cancel it if an instrument fault or a pulse caused it."""
    change, status = Change.RESOLVED, AlertStatus.RESOLVED
    if alert.classification is Classification.DATA_QUALITY:
        change, status = Change.CANCELLED, AlertStatus.CANCELLED
    ended = replace(alert, version=alert.version + 1, change=change, status=status)
    settling = state.settling
    if ended.classification is Classification.UNKNOWN:
        settling = (*settling, Unclassified(ended))
    return AlertState(resolved_ms=end_ms, settling=settling), [ended]


def _new_alert(window: WindowScore, score: Score, model: ModelRef) -> Alert:
    return Alert(
        id=alert_id(window.station, model, window.end_ms),
        version=1,
        change=Change.OPENED,
        status=AlertStatus.OPEN,
        station=window.station,
        model=model,
        start_ms=window.start_ms,
        end_ms=window.end_ms,
        decided_ms=window.decided_ms,
        peak_ms=window.end_ms,
        score=score,
        completeness=window.completeness,
        severity=Severity.MINOR,
        classification=Classification.UNKNOWN,
        highest_kp=None,
        troubled=int(bool(window.trouble)),
        faults=_faults((), window),
        largest=_largest(None, window),
    )


def _extended(alert: Alert, window: WindowScore, score: Score) -> Alert:
    """The alert with a further exceeding window, which becomes its peak if it is higher."""
    alert = replace(
        alert,
        end_ms=window.end_ms,
        exceeding=alert.exceeding + 1,
        troubled=alert.troubled + bool(window.trouble),
        faults=_faults(alert.faults, window),
        largest=_largest(alert.largest, window),
    )
    if score.rmse <= alert.score.rmse:
        return alert
    return replace(alert, peak_ms=window.end_ms, score=score, completeness=window.completeness)


def _judged(alert: Alert, now_ms: int, history: IndexHistory, rules: AlertRules) -> Alert:
    severity = rules.severity(alert.score, alert.exceeding)
    return _classified(replace(alert, decided_ms=now_ms, severity=severity), history, rules)


def _faults(known: tuple[Fault, ...], window: WindowScore) -> tuple[Fault, ...]:
    return tuple(sorted({*known, *(finding.fault for finding in window.trouble)}))


def _largest(known: FaultFinding | None, window: WindowScore) -> FaultFinding | None:
    measured = [known] if known else []
    measured += [finding for finding in window.trouble if finding.height_nt is not None]
    return max(measured, key=lambda finding: finding.height_nt or 0.0, default=None)


def _classified(alert: Alert, history: IndexHistory, rules: AlertRules) -> Alert:
    """The alert with its class as known while it is open; local and global need the network."""
    known = history.between(alert.start_ms, alert.end_ms, alert.decided_ms)
    classification = Classification.UNKNOWN
    sound = alert.exceeding - alert.troubled
    if sound < max(rules.k, alert.troubled):  # without the others there would be no alert
        classification = Classification.DATA_QUALITY
    elif rules.is_storm(known):
        classification = Classification.SPACE_WEATHER
    return replace(alert.with_indices(known), classification=classification)
