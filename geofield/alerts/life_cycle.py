"""The life cycle of an alert: opened, updated, resolved or cancelled.

An alert opens when `k` of the last `n` windows exceed the threshold. It resolves when `clear`
windows in a row stay below the threshold less a margin. Its id is a hash of station, model and
first window: the same data give the same alert again, never a second one. The final class comes
later, see `geofield.alerts.classification`.
"""

import hashlib
from dataclasses import replace

from geofield.alerts.alert import (
    Alert,
    AlertRules,
    AlertState,
    AlertStatus,
    Change,
    Classification,
    ModelRef,
    Severity,
    Unclassified,
)
from geofield.indices import IndexHistory
from geofield.quality.findings import Fault, FaultFinding
from geofield.scoring.score import Score, WindowScore


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
