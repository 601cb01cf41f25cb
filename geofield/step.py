"""The one step that the worker, offline scoring and evaluation all take.

``(states, records) -> (states, outcome)``: nothing is changed in place, so a step that fails has
done nothing, and the same records give the same outcome however they are batched.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from geofield.alert import Alert, AlertRules, AlertState, ModelRef, follow
from geofield.buffer import Buffer, Intake
from geofield.calibrating import Fit, Learning, alarmed
from geofield.indices import KpHistory
from geofield.online import learn, until_review
from geofield.online_rules import OnlineRules, Setting
from geofield.profile import StationProfile
from geofield.samples import Samples
from geofield.score import Reconstruct, WindowScore
from geofield.types import Bool
from geofield.value import value
from geofield.watch import Look, Start, at_once, looked_at, written
from geofield.windows import Group, WindowSpec, advance


@dataclass(frozen=True, slots=True)
class Rules:
    """What a monitor is set to do: fixed while it runs.

    Stations without one of the `profiles` are calibrated by `online`, if it is there.
    """

    window: WindowSpec
    alert: AlertRules
    model: ModelRef
    profiles: Mapping[str, StationProfile]
    online: OnlineRules | None = None

    @property
    def setting(self) -> Setting | None:
        """What stations are calibrated for online."""
        if self.online is None:
            return None
        return Setting(self.online, self.window, self.alert, self.model.sha256)


@value
class StationState:
    """All that is remembered of a station between two steps."""

    buffer: Buffer | None = None
    alerts: AlertState = field(default_factory=AlertState)
    learning: Learning = field(default_factory=Learning)


_NEW = StationState()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step produced, in the order of the records.

    Attributes
    ----------
    intake
        One for each record.
    scores
        One for each window that came due; last those of stations that are calibrated online.
    alerts
        Alert versions to publish.
    fits
        Attempts at profiles of stations that are calibrated online.
    """

    intake: list[Intake]
    scores: list[WindowScore]
    alerts: list[Alert]
    fits: list[Fit] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Begun:
    """A step of which the records are taken in, while their windows are looked at.

    Attributes
    ----------
    states
        By station, with the buffers after it; alerts and calibrations are those before it.
    intake
        One for each record.
    looks
        At windows whose stations' profiles are known.
    learning
        Windows due of stations that are calibrated online: what profile each has depends on the
        windows before it.
    """

    states: dict[str, StationState]
    intake: list[Intake]
    looks: list[Look]
    learning: list[Group]


def step(
    states: Mapping[str, StationState],
    records: Sequence[Samples],
    reconstruct: Reconstruct,
    rules: Rules,
    history: KpHistory,
    start: Start = at_once,
) -> tuple[dict[str, StationState], Outcome]:
    """Take in records of any stations; score, in one batch, every window they make due.

    Parameters
    ----------
    states
        By station; a station not in it is new.
    records
        In the order they arrived; several of one station are allowed.
    reconstruct
        The model.
    rules
        Window, alert rules, model reference and station profiles.
    history
        Kp values so far; each counts only from the time it became known.
    start
        How batches of windows are looked at: nothing else depends on it.

    Returns
    -------
    The new states and what they caused.

    Raises
    ------
    ValueError
        If a record's cadence is not the model's.
    """
    begun = begin(states, records, reconstruct, rules, start)
    after, outcome = finish(begun, states, reconstruct, rules, history, start)
    return {**states, **after}, outcome


def begin(
    states: Mapping[str, StationState],
    records: Sequence[Samples],
    reconstruct: Reconstruct,
    rules: Rules,
    start: Start,
) -> Begun:
    """The first half of a step: take in records and have their windows looked at.

    It needs no more of the step before than the first half of that, so it may begin while the
    windows of that one are still being looked at.

    Raises
    ------
    ValueError
        If a record's cadence is not the model's.
    """
    after: dict[str, StationState] = {}
    intake: list[Intake] = []
    known: list[Group] = []
    learning: list[Group] = []
    for record in records:
        station = record.station
        state = _begun(after.get(station) or states.get(station, _NEW), record)
        buffer, groups, counts = advance(state.buffer, record, rules.window)
        after[station] = StationState(buffer, state.alerts, state.learning)
        intake.append(counts)
        calibrated = rules.online is None or station in rules.profiles
        (known if calibrated else learning).extend((station, due) for due in groups)
    looks = looked_at(known, rules.profiles, reconstruct, rules.window, start)
    return Begun(after, intake, looks, learning)


def finish(
    begun: Begun,
    states: Mapping[str, StationState],
    reconstruct: Reconstruct,
    rules: Rules,
    history: KpHistory,
    start: Start,
) -> tuple[dict[str, StationState], Outcome]:
    """The second half of a step: what comes of its windows.

    Parameters
    ----------
    begun
        What the first half came to.
    states
        Those after the step before: that the buffers in them are the ones the first half began
        with is the caller's care.

    Returns
    -------
    The new states of the stations in `begun` and what they caused.
    """
    after = {
        station: _joined(state, states.get(station)) for station, state in begun.states.items()
    }
    found = written(begun.looks, rules.window, history)
    scores, alerts, _ = _followed(after, found, rules, history, ())
    outcome = Outcome(begun.intake, scores, alerts)
    if (setting := rules.setting) is not None and begun.learning:
        _learn(after, begun.learning, outcome, reconstruct, rules, setting, history, start)
    return after, outcome


def _joined(begun: StationState, before: StationState | None) -> StationState:
    """The buffer of the one with the alerts and the calibration of the other."""
    if before is None or before.buffer is None:  # then nothing came of the station meanwhile
        return begun
    return StationState(begun.buffer, before.alerts, before.learning)


def _learn(
    after: dict[str, StationState],
    due: list[Group],
    outcome: Outcome,
    reconstruct: Reconstruct,
    rules: Rules,
    setting: Setting,
    history: KpHistory,
    start: Start,
) -> None:
    """Score windows of stations that are calibrated online, and calibrate these."""
    learning = {station: after[station].learning for station in sorted({one for one, _ in due})}
    while due:
        # a profile found on the way holds for the windows after it, however many are due at once
        now, due, fits = until_review(due, learning, setting, history)
        profiles = {name: one.profile for name, one in learning.items() if one.profile}
        looks = looked_at(now, profiles, reconstruct, rules.window, start)
        found = written(looks, rules.window, history)
        scores, alerts, apart = _followed(after, found, rules, history, learning)
        learn(learning, now, scores, alerts, apart, reconstruct, setting)
        outcome.scores.extend(scores)
        outcome.alerts.extend(alerts)
        outcome.fits.extend(fits)
    for station, one in learning.items():
        after[station] = replace(after[station], learning=one)


def _begun(state: StationState, record: Samples) -> StationState:
    """A station's state before its first record.

    A profile that was read from its topic holds from its own time on: a station whose samples are
    read again from before that time learns again, and comes to the same profile.
    """
    profile = state.learning.profile
    if state.buffer is not None or profile is None or profile.effective_ms is None:
        return state
    return state if profile.effective_ms < record.start_ms else StationState()


def _followed(
    after: dict[str, StationState],
    found: Iterable[WindowScore],
    rules: Rules,
    history: KpHistory,
    learning: Container[str],
) -> tuple[list[WindowScore], list[Alert], Bool]:
    """Take windows into their stations' alerts.

    Of stations in `learning` those windows are marked that are in an alert or soon after one.
    """
    scores: list[WindowScore] = []
    alerts: list[Alert] = []
    apart: list[bool] = []
    guard_ms = rules.online.guard_ms if rules.online else 0
    now: dict[str, AlertState] = {}
    for score in found:
        station = score.station
        before = now.get(station) or after[station].alerts
        now[station], versions = follow(before, score, rules.model, history, rules.alert)
        scores.append(score)
        alerts += versions
        apart.append(station in learning and alarmed(now[station], score.end_ms, guard_ms))
    for station, followed in now.items():
        state = after[station]
        after[station] = StationState(state.buffer, followed, state.learning)
    return scores, alerts, np.array(apart, dtype=bool)
