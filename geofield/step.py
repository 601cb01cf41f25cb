"""The one step that the worker, offline scoring and evaluation all take.

``(states, records) -> (states, outcome)``: nothing is changed in place, so a step that fails has
done nothing, and the same records give the same outcome however they are batched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from geofield.alert import Alert, AlertRules, AlertState, ModelRef, follow
from geofield.calibrating import Fit, Learning, alarmed
from geofield.indices import KpHistory
from geofield.online import Group, learn, until_review
from geofield.online_rules import OnlineRules, Setting
from geofield.profile import StationProfile
from geofield.samples import Samples
from geofield.score import Errors, Quality, Reconstruct, Score, WindowScore, stack_scale
from geofield.trouble import Finding, examine
from geofield.types import Bool
from geofield.windows import Buffer, Intake, Windows, WindowSpec, advance


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


@dataclass(frozen=True, slots=True)
class StationState:
    """All that is remembered of a station between two steps."""

    buffer: Buffer | None = None
    alerts: AlertState = field(default_factory=AlertState)
    learning: Learning = field(default_factory=Learning)


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


@dataclass(frozen=True, slots=True)
class _Due:
    station: str
    windows: Windows
    profile: StationProfile | None

    def scorable(self) -> Bool:
        return np.asarray(self.windows.sufficient & (self.profile is not None))

    def trouble(self) -> list[tuple[Finding, ...]]:
        """Of the scorable windows."""
        rows = self.scorable()
        if self.profile is None or not rows.any():
            return []
        return examine(self.windows.field_nt[rows], self.profile.scale_nt)


def step(
    states: Mapping[str, StationState],
    records: Sequence[Samples],
    reconstruct: Reconstruct,
    rules: Rules,
    history: KpHistory,
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
        state = _begun(after.get(record.station, StationState()), record)
        buffer, groups, counts = advance(state.buffer, record, rules.window)
        after[record.station] = replace(state, buffer=buffer)
        outcome.intake.append(counts)
        due += [(record.station, windows) for windows in groups]
    _watch(after, due, outcome, reconstruct, rules, history)
    return after, outcome


def _watch(
    after: dict[str, StationState],
    due: list[Group],
    outcome: Outcome,
    reconstruct: Reconstruct,
    rules: Rules,
    history: KpHistory,
) -> None:
    """Score windows, follow alerts and calibrate; the results go into `after` and `outcome`."""
    setting = rules.setting
    learning = _learning(after, due, rules) if setting else {}
    while due:
        # a profile found on the way holds for the windows after it, however many are due at once
        now, due, fits = until_review(due, learning, setting, history)
        profiles = {station: one.profile for station, one in learning.items()}
        ready = [
            _Due(*group, rules.profiles.get(group[0], profiles.get(group[0]))) for group in now
        ]
        scores = _scored(ready, reconstruct, rules, history)
        alerts, apart = _followed(after, scores, rules, history)
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
    after: dict[str, StationState], scores: list[WindowScore], rules: Rules, history: KpHistory
) -> tuple[list[Alert], Bool]:
    """Take windows into their stations' alerts; mark those in an alert or soon after one."""
    alerts: list[Alert] = []
    apart = np.zeros(len(scores), dtype=bool)
    guard_ms = rules.online.guard_ms if rules.online else 0
    for row, score in enumerate(scores):
        state = after[score.station]
        followed, versions = follow(state.alerts, score, rules.model, history, rules.alert)
        after[score.station] = replace(state, alerts=followed)
        apart[row] = alarmed(followed, score.end_ms, guard_ms)
        alerts += versions
    return alerts, apart


def _scored(
    due: list[_Due], reconstruct: Reconstruct, rules: Rules, history: KpHistory
) -> list[WindowScore]:
    errors = _errors(due, reconstruct)
    scores: list[WindowScore] = []
    position = 0
    for one in due:
        scorable, trouble = one.scorable(), iter(one.trouble())
        for row in range(len(one.windows)):
            window = _window(one, row, rules.window, history)
            if scorable[row] and one.profile is not None and errors is not None:
                score = _score(errors, position, one.profile)
                window = replace(window, quality=Quality.OK, score=score, trouble=next(trouble))
                position += 1
            scores.append(window)
    return scores


def _errors(due: list[_Due], reconstruct: Reconstruct) -> Errors | None:
    """Errors of all scorable windows, in order; None when there are none."""
    fields, scales = [], []
    for one in due:
        rows = one.scorable()
        if one.profile is not None and rows.any():
            fields.append(one.windows.levelled_nt()[rows])
            scales.append(stack_scale(one.profile.scale_nt, int(rows.sum())))
    return reconstruct(np.concatenate(fields), np.concatenate(scales)) if fields else None


def _score(errors: Errors, row: int, profile: StationProfile) -> Score:
    rmse = float(errors.rmse[row])
    h, e, z = (float(value) for value in errors.error[row])
    return Score(
        rmse=rmse,
        mae=float(errors.mae[row]),
        error=(h, e, z),
        threshold=profile.threshold,
        return_period_days=profile.return_period_days(rmse),
    )


def _window(due: _Due, row: int, spec: WindowSpec, history: KpHistory) -> WindowScore:
    """A window as it is without a score."""
    end_ms = int(due.windows.end_ms[row])
    start_ms = end_ms - spec.samples * spec.cadence_ms
    decided_ms = end_ms + spec.decision_delay_ms
    calibrating = bool(due.windows.sufficient[row])
    return WindowScore(
        station=due.station,
        start_ms=start_ms,
        end_ms=end_ms,
        decided_ms=decided_ms,
        quality=Quality.CALIBRATING if calibrating else Quality.INSUFFICIENT,
        completeness=float(due.windows.completeness[row]),
        kp=history.between(start_ms, end_ms, decided_ms),
        score=None,
    )
