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
from geofield.watch import Start, at_once, scored
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
        One for each window that came due.
    alerts
        Alert versions to publish.
    fits
        Attempts at profiles of stations that are calibrated online.
    """

    intake: list[Intake]
    scores: list[WindowScore]
    alerts: list[Alert]
    fits: list[Fit] = field(default_factory=list)


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
    after = dict(states)
    due: list[Group] = []
    outcome = Outcome([], [], [])
    for record in records:
        state = _begun(after.get(record.station, _NEW), record)
        buffer, groups, counts = advance(state.buffer, record, rules.window)
        after[record.station] = StationState(buffer, state.alerts, state.learning)
        outcome.intake.append(counts)
        due += [(record.station, windows) for windows in groups]
    _watch(after, due, outcome, reconstruct, rules, history, start)
    return after, outcome


def _watch(
    after: dict[str, StationState],
    due: list[Group],
    outcome: Outcome,
    reconstruct: Reconstruct,
    rules: Rules,
    history: KpHistory,
    start: Start,
) -> None:
    """Score windows, follow alerts and calibrate; the results go into `after` and `outcome`."""
    setting = rules.setting
    learning = _learning(after, due, rules) if setting else {}
    while due:
        # a profile found on the way holds for the windows after it, however many are due at once
        now, due, fits = until_review(due, learning, setting, history)
        profiles = {name: one.profile for name, one in learning.items() if one.profile}
        profiles.update(rules.profiles)
        found = scored(now, profiles, reconstruct, rules.window, history, start)
        scores, alerts, apart = _followed(after, found, rules, history, learning)
        if setting is not None:
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


def _learning(
    states: Mapping[str, StationState], due: Sequence[Group], rules: Rules
) -> dict[str, Learning]:
    """Calibrations of the stations that have no profile from an archive."""
    stations = {station for station, _ in due}
    return {one: states[one].learning for one in sorted(stations - rules.profiles.keys())}


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
