"""Online calibration within the step: which windows a profile holds for, and what is learned."""

from collections.abc import Mapping, Sequence

from geofield.alert import Alert, Change
from geofield.calibrating import Fit, Learning, observed, reviewed
from geofield.candidates import candidates_of, values
from geofield.indices import KpHistory
from geofield.online_rules import Setting
from geofield.score import Reconstruct, WindowScore
from geofield.types import Bool
from geofield.windows import Due, Group, cut_out, side_by_side


def until_review(
    due: Sequence[Group], learning: dict[str, Learning], setting: Setting, history: KpHistory
) -> tuple[list[Group], list[Group], list[Fit]]:
    """Take the looks at calibrations that are due before these windows.

    Parameters
    ----------
    due
        Windows of stations that are calibrated online.
    learning
        Of each of these stations; those looked at are replaced in it.
    setting
        What they are calibrated for.
    history
        Kp values so far.

    Returns
    -------
    The windows before each station's next look, the windows after it, and the attempts at profiles.
    """
    now: list[Group] = []
    later: list[Group] = []
    fits: list[Fit] = []
    seen: set[str] = set()
    for station, windows in due:
        if station not in seen:
            first_ms = int(windows.ends[0]) * setting.window.cadence_ms
            learned, fit = reviewed(learning[station], station, first_ms, setting, history)
            learning[station] = learned
            fits += [fit] if fit else []
        seen.add(station)
        early, late = _divided(windows, learning[station], setting)
        now += [(station, early)] if len(early) else []
        later += [(station, late)] if len(late) else []
    return now, later, fits


def learn(
    learning: dict[str, Learning],
    groups: Sequence[Group],
    scores: Sequence[WindowScore],
    alerts: Sequence[Alert],
    apart: Bool,
    reconstruct: Reconstruct,
    setting: Setting,
) -> None:
    """Take windows into the calibrations under way, which are replaced in `learning`.

    Parameters
    ----------
    groups, scores
        Windows, and in the same order what was made of each.
    alerts
        Versions that they caused.
    apart
        Shape [len(scores)]: windows in an alert or soon after one.
    """
    stations, candidates = [], []
    position = 0
    for station, due in groups:
        rows = slice(position, position + len(due))
        position = rows.stop
        if not learning[station].over:
            windows = cut_out(side_by_side([due], setting.window), setting.window)
            stations.append(station)
            candidates.append(candidates_of(windows, scores[rows], learning[station], apart[rows]))
    alarms = _alarms(alerts, setting)
    kept = values(candidates, reconstruct, setting)
    for station, one, few in zip(stations, candidates, kept, strict=True):
        end_ms = one.windows.end_ms[one.rows]
        spans = alarms.get(station, [])
        learning[station] = observed(learning[station], end_ms, few, spans, setting)


def _divided(due: Due, learning: Learning, setting: Setting) -> tuple[Due, Due]:
    """Windows up to the station's next look at its calibration, and those after it."""
    if learning.over or learning.review_ms is None:
        return due, due[:0]
    early = due.ends * setting.window.cadence_ms <= learning.review_ms
    return due[early], due[~early]


def _alarms(alerts: Sequence[Alert], setting: Setting) -> Mapping[str, list[tuple[int, int]]]:
    """Spans of window ends before each alert that opened: by then it was not known to be one."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for alert in alerts:
        if alert.change is Change.OPENED:
            opened_ms = alert.decided_ms - setting.window.decision_delay_ms
            before_ms = alert.start_ms - setting.online.guard_ms
            spans.setdefault(alert.station, []).append((before_ms, opened_ms))
    return spans
