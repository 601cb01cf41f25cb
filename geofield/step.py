"""The processing step that the worker, offline scoring and evaluation share.

``(states, records) -> (states, outcome)``. A step changes no argument in place, so a failed step
has no effect. The same records give the same outcome in any batching.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from geofield.alerts.alert import Alert, AlertState
from geofield.alerts.life_cycle import follow
from geofield.calibration.living.update import live, until_refit
from geofield.calibration.online.rules import Setting
from geofield.calibration.online.state import alarmed
from geofield.calibration.online.update import learn, until_review
from geofield.calibration.versions import assigned
from geofield.indices import IndexHistory
from geofield.scoring.score import Reconstruct, WindowScore
from geofield.series.buffer import SampleOutcomes
from geofield.series.samples import Samples
from geofield.series.windows import Group, advance
from geofield.step_values import Outcome, Rules, StationState, TakenIn
from geofield.types import Bool
from geofield.window_scores import (
    Moments,
    RunningInference,
    Start,
    at_once,
    infer,
    judged,
    measured,
)

__all__ = ["Outcome", "Rules", "StationState", "TakenIn", "finish", "step", "take_in"]

_NEW = StationState()


def step(
    states: Mapping[str, StationState],
    records: Sequence[Samples],
    reconstruct: Reconstruct,
    rules: Rules,
    history: IndexHistory,
    start: Start = at_once,
) -> tuple[dict[str, StationState], Outcome]:
    """Take in records of any stations and score, in one batch, every window that comes due.

    Parameters
    ----------
    states
        States by station; a station without one is new.
    records
        Records in the order of arrival; several of one station are allowed.
    reconstruct
        The model.
    rules
        Window, alert rules, model reference and station profiles.
    history
        The indices so far; each value counts only from the time it became known.
    start
        Runs the inference of each batch, now or on another thread; results do not depend on it.

    Returns
    -------
    All states after the step, and its outcome.

    Raises
    ------
    ValueError
        If a record's cadence is not the model's.
    """
    taken_in = take_in(states, records, reconstruct, rules, start)
    after, outcome = finish(taken_in, states, reconstruct, rules, history, start)
    return {**states, **after}, outcome


def take_in(
    states: Mapping[str, StationState],
    records: Sequence[Samples],
    reconstruct: Reconstruct,
    rules: Rules,
    start: Start,
) -> TakenIn:
    """Do the first half of a step: take in records and start inference on their windows.

    It needs only the first half of the previous step, so it may run while the inference of the
    previous step is still running.

    Raises
    ------
    ValueError
        If a record's cadence is not the model's.
    """
    after: dict[str, StationState] = {}
    intake: list[SampleOutcomes] = []
    due: list[Group] = []
    for record in records:
        station = record.station
        state = _initial(after.get(station) or states.get(station, _NEW), record)
        buffer, groups, counts = advance(state.buffer, record, rules.window)
        after[station] = StationState(buffer, state.alerts, state.learning, state.life)
        intake.append(counts)
        due += [(station, windows) for windows in groups]
    online, spec = rules.online is not None, rules.window
    known, learning, later = assigned(due, rules.profiles, spec.cadence_ms, online=online)
    running, later_running = (infer(part, reconstruct, spec, start) for part in (known, later))
    return TakenIn(after, intake, running, learning, later_running)


def finish(
    taken_in: TakenIn,
    states: Mapping[str, StationState],
    reconstruct: Reconstruct,
    rules: Rules,
    history: IndexHistory,
    start: Start,
) -> tuple[dict[str, StationState], Outcome]:
    """Do the second half of a step: collect scores, follow alerts, calibrate online.

    Parameters
    ----------
    taken_in
        Result of the first half.
    states
        States after the previous step. The caller must make sure that their buffers are those
        with which the first half began.

    Returns
    -------
    New states of the stations in `taken_in`, and the outcome of the step.
    """
    after = {
        station: _joined(state, states.get(station)) for station, state in taken_in.states.items()
    }
    outcome = Outcome(taken_in.intake, [], [])
    _score(after, taken_in.inferences, outcome, rules, history)
    if (setting := rules.setting) is not None and taken_in.learning:
        _learn(after, taken_in.learning, outcome, reconstruct, rules, setting, history, start)
    _score(after, taken_in.later, outcome, rules, history)
    return after, outcome


def _score(
    after: dict[str, StationState],
    inferences: Sequence[RunningInference],
    outcome: Outcome,
    rules: Rules,
    history: IndexHistory,
) -> None:
    """Collect the scores of windows that have profiles and follow their alerts.

    Profiles live on from window to window. Changes `after` and extends `outcome`.
    """
    setting, moments = rules.living_setting, Moments(rules.window, history)
    lives = {name: state.life for name, state in after.items() if state.life is not None}
    living: Container[str] = lives if setting else ()
    for batch in measured(inferences):
        later = batch
        while later:
            now, later = later, []
            if setting is not None:
                # A refit holds for the windows after it, even when they are due together.
                now, later = until_refit(now, lives, setting, history)
            scores, alerts, near = _followed(after, judged(now, moments), rules, history, living)
            if setting is not None:
                live(lives, now, alerts, near, setting)
            outcome.scores.extend(scores)
            outcome.alerts.extend(alerts)
    for station, life in lives.items():
        state = after[station]
        after[station] = StationState(state.buffer, state.alerts, state.learning, life)


def _joined(taken_in: StationState, before: StationState | None) -> StationState:
    """Join the buffer of `taken_in` with the alerts and the calibration of `before`."""
    if before is None or before.buffer is None:  # the station is new: `taken_in` is complete
        return taken_in
    return StationState(taken_in.buffer, before.alerts, before.learning, before.life)


def _learn(
    after: dict[str, StationState],
    due: list[Group],
    outcome: Outcome,
    reconstruct: Reconstruct,
    rules: Rules,
    setting: Setting,
    history: IndexHistory,
    start: Start,
) -> None:
    """Score windows of stations that are calibrated online, and calibrate these stations.

    Changes `after` and extends `outcome`.
    """
    stations = sorted({station for station, _ in due})
    learning = {station: after[station].learning for station in stations}
    moments = Moments(rules.window, history)
    while due:
        # A profile fitted here holds for the windows after it, even when they are due together.
        now, due, fits = until_review(due, learning, setting, history)
        if setting.lives:
            living = [group for group in now if learning[group[0]].over]
            now = [group for group in now if not learning[group[0]].over]
            groups = [(station, learning[station].profile, windows) for station, windows in living]
            _score(after, infer(groups, reconstruct, rules.window, start), outcome, rules, history)
        groups = [(station, learning[station].profile, windows) for station, windows in now]
        inferences = infer(groups, reconstruct, rules.window, start)
        window_scores = (judged(batch, moments) for batch in measured(inferences))
        scores, alerts, alarmed_windows = _followed(
            after, chain.from_iterable(window_scores), rules, history, learning
        )
        learn(learning, now, scores, alerts, alarmed_windows, reconstruct, setting)
        outcome.scores.extend(scores)
        outcome.alerts.extend(alerts)
        outcome.fits.extend(fits)
    for station, learned in learning.items():
        after[station] = replace(after[station], learning=learned)


def _initial(state: StationState, record: Samples) -> StationState:
    """State of a station before its first record.

    A profile read from its topic holds from its own time on. A station whose samples are read
    again from before that time is calibrated again, and gets the same profile.
    """
    profile = state.learning.profile
    if state.buffer is not None or profile is None or profile.effective_ms is None:
        return state
    return state if profile.effective_ms < record.start_ms else StationState()


def _followed(
    after: dict[str, StationState],
    window_scores: Iterable[WindowScore],
    rules: Rules,
    history: IndexHistory,
    learning: Container[str],
) -> tuple[list[WindowScore], list[Alert], Bool]:
    """Follow the alerts of stations through the scores of windows; changes `after`.

    Returns
    -------
    The scores, the alert versions, and a mark [n] of the windows of stations in `learning` that lie
    in an alert or soon after one.
    """
    scores: list[WindowScore] = []
    alerts: list[Alert] = []
    alarmed_windows: list[bool] = []
    guarding = rules.living or rules.online
    guard_ms = guarding.guard_ms if guarding else 0
    now: dict[str, AlertState] = {}
    for score in window_scores:
        station = score.station
        before = now.get(station) or after[station].alerts
        now[station], versions = follow(before, score, rules.model, history, rules.alert)
        scores.append(score)
        alerts += versions
        in_alarm = station in learning and alarmed(now[station], score.end_ms, guard_ms)
        alarmed_windows.append(in_alarm)
    for station, followed in now.items():
        state = after[station]
        after[station] = StationState(state.buffer, followed, state.learning, state.life)
    return scores, alerts, np.array(alarmed_windows, dtype=bool)
