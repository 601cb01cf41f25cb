from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geofield import step as step_module
from geofield.alerts.alert import Change
from geofield.calibration.online import state as calibrating_module
from geofield.calibration.online import update as online_module
from geofield.calibration.online.rules import Setting
from geofield.calibration.online.state import Learning, progress, resumed
from geofield.calibration.profile import StationProfile
from geofield.indices import KP, IndexHistory, IndexInterval
from geofield.scoring.score import Quality
from geofield.step import Outcome, StationState
from tests.geofield.builders import SPEC, START_MS, profile
from tests.geofield.learning import (
    HOP_MS,
    ONLINE,
    RULES,
    days,
    loudness,
    online,
    records,
    watched,
)

QUIET_NT = loudness(2600, seed=1)
BURST_NT = 3.0
SETTING = Setting(ONLINE, RULES.window, RULES.alert, RULES.model.sha256)


def fitted(outcome: Outcome) -> list[StationProfile]:
    return [fit.profile for fit in outcome.fits if fit.profile is not None]


def everything(outcome: Outcome) -> tuple[object, ...]:
    return outcome.scores, outcome.alerts, outcome.fits


def with_burst(values_nt: np.ndarray, window: int, windows: int) -> np.ndarray:
    """A strong oscillation for so many windows."""
    disturbed = values_nt.copy()
    part = slice(window * SPEC.hop, (window + windows) * SPEC.hop)
    disturbed[part, 0] += BURST_NT * np.sin(np.arange(windows * SPEC.hop))
    return disturbed


def kp(start_ms: int, windows: int, value: float, late_ms: int = 0) -> IndexInterval:
    end_ms = start_ms + windows * HOP_MS
    return IndexInterval(KP, start_ms, end_ms, end_ms + late_ms, value)


def test_an_unknown_station_is_scored_from_a_definite_window_on() -> None:
    states, outcome = watched([records(QUIET_NT)])
    first = fitted(outcome)[0]
    assert first.effective_ms is not None
    quality = {score.end_ms: score.quality for score in outcome.scores}
    before = [one for end_ms, one in quality.items() if end_ms <= first.effective_ms]
    after = [one for end_ms, one in quality.items() if end_ms > first.effective_ms]
    assert set(before) == {Quality.CALIBRATING}
    assert set(after) == {Quality.OK}
    assert len(after) > 100
    assert first.calibrated_to_ms <= first.effective_ms
    assert first.windows >= 600
    assert not first.kp_known
    assert states["NEW"].learning.over
    np.testing.assert_allclose(first.scale_nt, 0.1, rtol=0.25)


def test_a_refusal_is_told_and_more_is_asked_for() -> None:
    _, outcome = watched([records(QUIET_NT)])
    refused = [fit for fit in outcome.fits if fit.profile is None]
    assert refused
    assert "independent high scores" in str(refused[0].refusal)
    assert refused[0].at_ms < outcome.fits[-1].at_ms


@given(st.lists(st.integers(1, len(QUIET_NT) // 100), max_size=12, unique=True), st.booleans())
@settings(max_examples=12, deadline=None)
def test_batching_changes_nothing(cuts: list[int], one_by_one: bool) -> None:
    """A profile takes effect at one window, though a record may bring a thousand of them."""
    values_nt = with_burst(QUIET_NT, 1900, 40)
    bounds = [0, *sorted(cut * 100 for cut in cuts), len(values_nt)]
    parts = [
        records(values_nt[begin:end], max(end - begin, 1), begin) for begin, end in pairwise(bounds)
    ]
    batches = parts if one_by_one else [[record for part in parts for record in part]]
    assert everything(watched(batches)[1]) == everything(REFERENCE)
    assert any(alert.change is Change.OPENED for alert in REFERENCE.alerts)


REFERENCE = watched([[record] for record in records(with_burst(QUIET_NT, 1900, 40))])[1]


def test_two_stations_do_not_touch_each_other() -> None:
    other = [replace(record, station="OLD") for record in records(loudness(2600, seed=2))]
    both = [[a, b] for a, b in zip(records(QUIET_NT), other, strict=True)]
    _, alone = watched([records(QUIET_NT)])
    _, together = watched(both)
    assert [one for one in together.fits if one.station == "NEW"] == alone.fits
    assert [one for one in together.scores if one.station == "NEW"] == alone.scores


def test_disturbed_hours_are_not_learned_from_once_kp_tells() -> None:
    loud = with_burst(QUIET_NT, 300, 200)
    hours = 200 * HOP_MS
    starts = range(START_MS - hours, START_MS + 2600 * HOP_MS, hours)
    level = {START_MS + 200 * HOP_MS: 6.0, START_MS + 400 * HOP_MS: 6.0}
    history = IndexHistory(kp(at, 200, level.get(at, 1.0)) for at in starts)
    _, quiet = watched([records(QUIET_NT)], history=history)
    _, told = watched([records(loud)], history=history)
    _, untold = watched([records(loud)])
    assert fitted(told)[0].kp_known
    assert fitted(told)[0].threshold == pytest.approx(fitted(quiet)[0].threshold, rel=0.3)
    highest = [
        max((one.threshold for one in fitted(found)), default=99) for found in (told, untold)
    ]
    assert highest[1] > 3 * highest[0]


def test_alarms_do_not_train_themselves_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same disturbance, learned from and not: the second fit tells them apart."""
    rules = online(most_days=days(3000))
    values_nt = with_burst(loudness(4000, seed=5), 1400, 400)
    _, guarded = watched([records(values_nt)], rules)
    opened = next(alert for alert in guarded.alerts if alert.change is Change.OPENED)
    first, *later = fitted(guarded)
    assert later
    assert first.effective_ms is not None
    assert first.effective_ms < opened.start_ms < later[0].calibrated_to_ms
    assert max(one.threshold for one in later) < 1.5 * first.threshold
    monkeypatch.setattr(calibrating_module, "_MOST_RISE", 1e9)
    monkeypatch.setattr(step_module, "alarmed", lambda *_: False)
    monkeypatch.setattr(online_module, "_alarms", lambda *_: {})
    _, unguarded = watched([records(values_nt)], rules)
    assert max((one.threshold for one in fitted(unguarded)[1:]), default=99) > 2 * first.threshold


def test_windows_with_instrument_trouble_are_not_learned_from() -> None:
    """A step every hundred windows while scores are collected."""
    faulty = QUIET_NT.copy()
    for window in range(350, 2600, 100):
        faulty[window * SPEC.hop :, 0] += 13.0 * (-1) ** (window // 100)
    states, outcome = watched([records(faulty)], online(first_days=days(50_000)))
    assert not fitted(outcome)
    stretch = states["NEW"].learning.stretch
    learned = stretch.end_ms(HOP_MS)[~np.isnan(stretch.values[:, 0])]
    since_step = (learned[:, None] - START_MS) / HOP_MS - np.arange(350, 2600, 100)
    inside = (since_step > 1) & (since_step < SPEC.samples / SPEC.hop)
    assert not inside.any()
    assert len(learned) > 1000


def rising(times: float) -> np.ndarray:
    """A background that grows so many times while it is learned from."""
    steady_nt, level_nt = loudness(6000, seed=5), np.array([21_000.0, 480.0, 44_000.0])
    growth = times ** np.clip(np.linspace(-0.5, 1.5, len(steady_nt)), 0, 1)
    return level_nt + growth[:, None] * (steady_nt - level_nt)


@pytest.mark.parametrize(("times", "told"), [(1.0, False), (2.2, True)])
def test_a_rise_too_slow_to_alert_is_not_learned_but_told(times: float, told: bool) -> None:
    rules = online(most_days=days(9600), false_alarms_per_month=6)
    _, outcome = watched([records(rising(times))], rules)
    first = fitted(outcome)[0]
    assert max(one.threshold for one in fitted(outcome)) <= 1.5 * first.threshold
    refused = [fit for fit in outcome.fits if "would rise" in str(fit.refusal)]
    assert bool(refused) == told
    assert all(fit.before is not None for fit in refused)


@pytest.mark.parametrize(("times", "alerts"), [(1.0, False), (2.0, True)])
def test_a_faster_rise_alerts(times: float, alerts: bool) -> None:
    _, outcome = watched([records(rising(times))], online(most_days=days(4800)))
    assert bool(outcome.alerts) == alerts


def test_no_window_near_an_alert_is_among_those_learned_from() -> None:
    rules = online(most_days=days(50_000))
    states, outcome = watched([records(with_burst(loudness(2600, seed=1), 1900, 40))], rules)
    stretch, guard_ms = states["NEW"].learning.stretch, 20 * HOP_MS
    learned = stretch.end_ms(HOP_MS)[~np.isnan(stretch.values[:, 0])]
    opened = next(alert for alert in outcome.alerts if alert.change is Change.OPENED)
    resolved = next(alert for alert in outcome.alerts if alert.change is Change.RESOLVED)
    resolved_ms = resolved.decided_ms - SPEC.decision_delay_ms
    near = (learned > opened.start_ms - guard_ms) & (learned < resolved_ms + guard_ms)
    assert not near.any()
    assert (learned <= opened.start_ms - guard_ms).any()
    assert (learned >= resolved_ms + guard_ms).any()


def test_a_dead_component_has_no_scale_and_begins_again() -> None:
    dead = QUIET_NT.copy()
    dead[: 300 * SPEC.hop, 2] = 44_000.0
    _, outcome = watched([records(dead)])
    assert "does not vary" in str(outcome.fits[0].refusal)
    assert fitted(outcome), "it was calibrated once the sensor was alive"


def test_a_profile_of_an_archive_wins_and_nothing_is_learned() -> None:
    rules = replace(RULES, profiles={"NEW": (profile("NEW", threshold=9.0),)})
    states, outcome = watched([records(QUIET_NT[:8000])], rules)
    assert {score.quality for score in outcome.scores} == {Quality.OK}
    assert {score.score.threshold for score in outcome.scores if score.score} == {9.0}
    assert states["NEW"].learning == Learning(stretch=states["NEW"].learning.stretch)


def test_a_profile_read_back_holds_from_its_own_time_on() -> None:
    _, outcome = watched([records(QUIET_NT)])
    first = fitted(outcome)[0]
    assert first.effective_ms is not None
    seed = {"NEW": StationState(learning=resumed(first, SETTING))}
    _, again = watched([records(QUIET_NT)], states=seed)
    assert everything(again) == everything(outcome), "records from before it: learned anew"
    begin = (first.effective_ms - START_MS) // 1000 + SPEC.hop
    _, later = watched([records(QUIET_NT[begin:], begin=begin)], states=seed)
    assert {score.quality for score in later.scores} == {Quality.OK}


def test_progress_goes_from_nothing_to_a_profile() -> None:
    states: dict[str, StationState] = {}
    seen = [progress(None, SETTING)]
    for record in records(QUIET_NT):
        states, _ = watched([[record]], states=states)
        seen.append(progress(states["NEW"].learning, SETTING))
    assert seen[0] == 0.0
    assert seen[-1] == 1.0
    assert any(0.5 < one < 1.0 for one in seen)
    assert all(0.0 <= one <= 1.0 for one in seen)


def test_what_is_held_stays_bounded_however_long_a_fit_is_refused() -> None:
    rules = online(false_alarms_per_month=0.001)  # can never be stated from so little
    states, outcome = watched([records(loudness(6000, seed=3), 2000)], rules)
    assert not fitted(outcome)
    assert len(states["NEW"].learning.stretch.values) <= 4 * 1200
