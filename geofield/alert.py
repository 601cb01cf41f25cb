"""The life of an alert: opened, updated, resolved or cancelled.

An alert opens when `k` of the last `n` windows exceed the threshold and resolves when `clear`
windows in a row stay below the threshold less a margin. Its id is a hash of station, model and
first window, so the same data give the same alert again, never a second one. What it is called
in the end is settled later, see `geofield.settle`.
"""

import hashlib
from dataclasses import dataclass, replace
from enum import Enum

from geofield.indices import KpHistory
from geofield.network import Remote
from geofield.score import KpKnown, Score, WindowScore
from geofield.trouble import Fault
from geofield.value import value


class Status(str, Enum):
    """Where an alert stands."""

    OPEN = "open"
    RESOLVED = "resolved"
    CANCELLED = "cancelled"


class Change(str, Enum):
    """Why a version was published."""

    OPENED = "opened"
    UPDATED = "updated"
    RESOLVED = "resolved"
    CANCELLED = "cancelled"


class Severity(str, Enum):
    """How rare the peak score is at this station, by its return period in quiet data."""

    MINOR = "minor"
    MODERATE = "moderate"
    MAJOR = "major"


class Classification(str, Enum):
    """What the disturbance is thought to be; `UNKNOWN` until what decides is known."""

    DATA_QUALITY = "data-quality"
    SPACE_WEATHER = "space-weather"
    GLOBAL = "global"
    LOCAL = "local"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ModelRef:
    """The model whose scores an alert rests on, with the verdict of its evaluation."""

    name: str
    version: str
    sha256: str
    skill: str


@dataclass(frozen=True, slots=True)
class AlertRules:
    """When alerts open, resolve and what they are called.

    Attributes
    ----------
    k, n
        An alert opens when at least `k` of the last `n` windows exceed the threshold.
    clear
        It resolves after so many windows in a row below `clear_ratio` times the threshold, or
        without data.
    clear_ratio
        Hysteresis, 0-1.
    cooldown_ms
        No new alert opens so soon after one has resolved.
    moderate_days, major_days
        Return periods of the peak from which an alert is moderate or major, in quiet days.
    space_weather_kp, space_weather_dst_nt
        A disturbance counts as space weather from this Kp up or from this Dst (nT) down.
    settle_ms
        How long after its end an alert waits for what decides its class, in event time.
    """

    k: int = 4
    n: int = 5
    clear: int = 4
    clear_ratio: float = 0.8
    cooldown_ms: int = 600_000
    moderate_days: float = 90.0
    major_days: float = 1000.0
    space_weather_kp: float = 4.0
    space_weather_dst_nt: float = -50.0
    settle_ms: int = 86_400_000

    def __post_init__(self) -> None:
        if not 1 <= self.k <= self.n:
            raise ValueError(f"k of n needs 1 <= k <= n, not {self.k} of {self.n}")
        if self.clear < 1 or not 0 < self.clear_ratio <= 1:
            raise ValueError("clear must be at least 1 and clear_ratio in 0-1")

    def is_storm(self, known: KpKnown) -> bool:
        """Whether the indices, as far as they are known, say that there was a disturbance."""
        kp, dst_nt = known.highest, known.lowest_dst_nt
        return (kp is not None and kp >= self.space_weather_kp) or (
            dst_nt is not None and dst_nt <= self.space_weather_dst_nt
        )


@dataclass(frozen=True, slots=True)
class Alert:
    """One version of an alert.

    `start_ms` to `end_ms` spans the windows that exceeded; `score` and `completeness` are those
    of the highest, which ended at `peak_ms`. `decided_ms` is the event time at which this version
    was decided, `highest_kp` and `lowest_dst_nt` what was known of it then. Of the `exceeding`
    windows `troubled` show instrument trouble, of the kinds in `faults`. `remote` is None until the
    remote reference has decided.
    """

    id: str
    version: int
    change: Change
    status: Status
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


@dataclass(frozen=True, slots=True)
class Settling:
    """A resolved alert whose class is open; `published` is its latest version since (0: none)."""

    alert: Alert
    published: int = 0


@value
class AlertState:
    """What a station's alerts depend on besides the next window."""

    recent: tuple[WindowScore, ...] = ()
    current: Alert | None = None
    quiet_windows: int = 0
    resolved_ms: int | None = None
    settling: tuple[Settling, ...] = ()

    @property
    def newest_ms(self) -> int:
        """End of the newest window, as far as it is remembered; 0 before the first."""
        return self.recent[-1].end_ms if self.recent else self.resolved_ms or 0


def follow(
    state: AlertState, score: WindowScore, model: ModelRef, history: KpHistory, rules: AlertRules
) -> tuple[AlertState, list[Alert]]:
    """Take the next window of a station and return the alert versions it causes.

    Windows must come in order; those without a score (insufficient data) neither open an alert
    nor keep one open.
    """
    # Windows touch or overlap; where they do not, the station was silent and started afresh.
    silent = state.recent and score.start_ms > state.recent[-1].end_ms
    recent = (score,) if silent else (*state.recent, score)[-rules.n :]
    current, resolved_ms = state.current, state.resolved_ms
    # not by `replace`, which takes ten times as long: most windows go no further than this
    state = AlertState(recent, current, state.quiet_windows, resolved_ms, state.settling)
    if current is None:
        return _maybe_open(state, score, model, history, rules)
    return _continue(state, current, score, history, rules)


def alert_id(station: str, model: ModelRef, first_window_end_ms: int) -> str:
    """Deterministic id: the same station, model and first window always give the same."""
    seed = f"{station}|{model.name}|{model.version}|{model.sha256}|{first_window_end_ms}"
    return hashlib.sha256(seed.encode()).hexdigest()[:32]


def _maybe_open(
    state: AlertState, window: WindowScore, model: ModelRef, history: KpHistory, rules: AlertRules
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
    state: AlertState, alert: Alert, window: WindowScore, history: KpHistory, rules: AlertRules
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
    """Resolve an alert; cancel it if it was the instrument's: there was nothing to report."""
    void = alert.classification is Classification.DATA_QUALITY
    change, status = Change.RESOLVED, Status.RESOLVED
    if void:
        change, status = Change.CANCELLED, Status.CANCELLED
    ended = replace(alert, version=alert.version + 1, change=change, status=status)
    settling = state.settling
    if ended.classification is Classification.UNKNOWN:
        settling = (*settling, Settling(ended))
    return AlertState(resolved_ms=end_ms, settling=settling), [ended]


def _new_alert(window: WindowScore, score: Score, model: ModelRef) -> Alert:
    return Alert(
        id=alert_id(window.station, model, window.end_ms),
        version=1,
        change=Change.OPENED,
        status=Status.OPEN,
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
    )


def _extended(alert: Alert, window: WindowScore, score: Score) -> Alert:
    """The alert with a further exceeding window, which becomes its peak if it is higher."""
    alert = replace(
        alert,
        end_ms=window.end_ms,
        exceeding=alert.exceeding + 1,
        troubled=alert.troubled + bool(window.trouble),
        faults=_faults(alert.faults, window),
    )
    if score.rmse <= alert.score.rmse:
        return alert
    return replace(alert, peak_ms=window.end_ms, score=score, completeness=window.completeness)


def _judged(alert: Alert, now_ms: int, history: KpHistory, rules: AlertRules) -> Alert:
    days = alert.score.return_period_days
    severity = Severity.MODERATE if days >= rules.moderate_days else Severity.MINOR
    if days >= rules.major_days:
        severity = Severity.MAJOR
    return _classified(replace(alert, decided_ms=now_ms, severity=severity), history, rules)


def _faults(known: tuple[Fault, ...], window: WindowScore) -> tuple[Fault, ...]:
    return tuple(sorted({*known, *(finding.fault for finding in window.trouble)}))


def _classified(alert: Alert, history: KpHistory, rules: AlertRules) -> Alert:
    """What can be said while the alert is open; that it is local only the rest can tell."""
    known = history.between(alert.start_ms, alert.end_ms, alert.decided_ms)
    classification = Classification.UNKNOWN
    if 2 * alert.troubled > alert.exceeding:
        classification = Classification.DATA_QUALITY
    elif rules.is_storm(known):
        classification = Classification.SPACE_WEATHER
    return replace(
        alert,
        classification=classification,
        highest_kp=known.highest,
        lowest_dst_nt=known.lowest_dst_nt,
    )
