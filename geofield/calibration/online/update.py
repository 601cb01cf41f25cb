"""Online calibration within the step: reviews before windows, updates after them."""

from collections.abc import Mapping, Sequence

from geofield.alerts.alert import Alert, Change
from geofield.calibration.online.candidates import candidates_of, values
from geofield.calibration.online.rules import Setting
from geofield.calibration.online.state import Fit, Learning, observed, reviewed
from geofield.indices import IndexHistory
from geofield.scoring.score import Reconstruct, WindowScore
from geofield.series.windows import Due, Group, cut_out, side_by_side
from geofield.types import Bool


def until_review(
    due: Sequence[Group], learning: dict[str, Learning], setting: Setting, history: IndexHistory
) -> tuple[list[Group], list[Group], list[Fit]]:
    """Do the reviews that are due before these windows.

    Parameters
    ----------
    due
        Windows of stations that are calibrated online.
    learning
        Calibrations of these stations; reviewed ones are replaced in place.
    setting
        Settings of online calibration.
    history
        Kp values so far.

    Returns
    -------
    The windows up to each station's next review, the windows after it, and the attempted fits.
    """
    now: list[Group] = []
    later: list[Group] = []
    fits: list[Fit] = []
    seen: set[str] = set()
    for station, windows in due:
        if station not in seen:
            first_ms = int(windows.ends[0]) * setting.window.cadence_ms
            learning[station], fit = reviewed(
                learning[station], station, first_ms, setting, history
            )
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
    alarmed_windows: Bool,
    reconstruct: Reconstruct,
    setting: Setting,
) -> None:
    """Add windows to the calibrations, which are replaced in `learning`.

    Parameters
    ----------
    learning
        Calibrations by station; changed in place.
    groups, scores
        Windows, and their scores in the same order.
    alerts
        Alert versions that the windows caused.
    alarmed_windows
        Shape [len(scores)]: whether each window lies in an alert or soon after one.
    reconstruct
        The model.
    setting
        Settings of online calibration.
    """
    stations, candidates = [], []
    position = 0
    for station, due in groups:
        rows = slice(position, position + len(due))
        position = rows.stop
        if not learning[station].over:
            windows = cut_out(side_by_side([due], setting.window), setting.window)
            stations.append(station)
            candidates.append(
                candidates_of(
                    windows, scores[rows], learning[station], alarmed_windows[rows], setting
                )
            )
    alarms = _alarms(alerts, setting)
    by_station = values(candidates, reconstruct, setting)
    for station, candidate, kept in zip(stations, candidates, by_station, strict=True):
        end_ms = candidate.windows.end_ms[candidate.rows]
        spans = alarms.get(station, [])
        learning[station] = observed(learning[station], end_ms, kept, spans, setting)


def _divided(due: Due, learning: Learning, setting: Setting) -> tuple[Due, Due]:
    """Windows up to the station's next review, and those after it."""
    if learning.over or learning.review_ms is None:
        return due, due[:0]
    early = due.ends * setting.window.cadence_ms <= learning.review_ms
    return due[early], due[~early]


def _alarms(alerts: Sequence[Alert], setting: Setting) -> Mapping[str, list[tuple[int, int]]]:
    """Spans of window ends from each alert's start, less the guard time, to its opening.

    These windows were added before it was known that they are in an alert.
    """
    spans: dict[str, list[tuple[int, int]]] = {}
    for alert in alerts:
        if alert.change is Change.OPENED:
            opened_ms = alert.decided_ms - setting.window.decision_delay_ms
            before_ms = alert.start_ms - setting.online.guard_ms
            spans.setdefault(alert.station, []).append((before_ms, opened_ms))
    return spans
