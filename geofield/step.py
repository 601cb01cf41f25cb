"""The one step that the worker, offline scoring and evaluation all take.

``(states, records) -> (states, outcome)``: nothing is changed in place, so a step that fails has
done nothing, and the same records give the same outcome however they are batched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from geofield.alert import Alert, AlertRules, AlertState, ModelRef, follow
from geofield.indices import KpHistory
from geofield.profile import StationProfile
from geofield.samples import Samples
from geofield.score import Errors, Quality, Reconstruct, Score, WindowScore, stack_scale
from geofield.trouble import Finding, examine
from geofield.types import Bool
from geofield.windows import Buffer, Intake, Windows, WindowSpec, advance


@dataclass(frozen=True, slots=True)
class Rules:
    """What a monitor is set to do: fixed while it runs."""

    window: WindowSpec
    alert: AlertRules
    model: ModelRef
    profiles: Mapping[str, StationProfile]


@dataclass(frozen=True, slots=True)
class StationState:
    """All that is remembered of a station between two steps."""

    buffer: Buffer | None = None
    alerts: AlertState = field(default_factory=AlertState)


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
    """

    intake: list[Intake]
    scores: list[WindowScore]
    alerts: list[Alert]


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
    due: list[_Due] = []
    intake: list[Intake] = []
    for record in records:
        state = after.get(record.station, StationState())
        buffer, groups, counts = advance(state.buffer, record, rules.window)
        after[record.station] = replace(state, buffer=buffer)
        intake.append(counts)
        profile = rules.profiles.get(record.station)
        due += [_Due(record.station, windows, profile) for windows in groups]
    scores = _scored(due, reconstruct, rules, history)
    alerts: list[Alert] = []
    for score in scores:
        state = after[score.station]
        followed, versions = follow(state.alerts, score, rules.model, history, rules.alert)
        after[score.station] = replace(state, alerts=followed)
        alerts += versions
    return after, Outcome(intake, scores, alerts)


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
