"""Profiles that live on, in weeks of made-up quiet scores."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geofield.alerts.alert import AlertRules
from geofield.calibration.false_alarm_budget import openings
from geofield.calibration.fit import Calibration, QuietScores, fit_profile
from geofield.calibration.living import budget, refit
from geofield.calibration.living.budget import lived
from geofield.calibration.living.rules import LivingRules, LivingSetting, half_life_ms
from geofield.calibration.pareto import poisson_interval
from geofield.calibration.profile import StationProfile
from geofield.series.windows import WindowSpec
from geofield.types import Float64
from geofield.utc import DAY_MS
from tests.geofield.builders import MODEL, START_MS

SPEC = WindowSpec(cadence_ms=1000, samples=256, hop=64, taps=129)
HOP_MS, A_DAY = SPEC.hop_ms, DAY_MS // SPEC.hop_ms
SETTING = LivingSetting(LivingRules(half_life_ms(SPEC)), SPEC, AlertRules())
DAYS = 14


def noise(days: float, seed: int) -> Float64:
    """Scores that rise and fall over some minutes, with a tail a little heavier than a normal's."""
    count = int(days * A_DAY)
    drawn = np.random.default_rng(seed).normal(size=count + 9)
    slow = np.convolve(drawn, np.full(10, 10**-0.5), "valid")
    return np.asarray(0.5 * np.exp(0.35 * slow))


def scores(rmse: Float64, begin: int = 0) -> QuietScores:
    return QuietScores(START_MS + (begin + np.arange(len(rmse))) * HOP_MS, rmse)


def fitted(rmse: Float64, per_month: float) -> StationProfile:
    asked = Calibration("WIC", MODEL.sha256, 0.0, SETTING.alert, per_month)
    return fit_profile(scores(rmse), (0.1, 0.1, 0.1), SPEC, asked).profile


QUIET = noise(DAYS, seed=1)
PROFILE = fitted(QUIET, per_month=30.4375)
BEGIN = DAYS * A_DAY


def test_a_steady_station_keeps_its_threshold() -> None:
    later = scores(noise(20, seed=8), BEGIN)
    found = lived(PROFILE, later, SETTING)
    assert found.threshold[0] == PROFILE.threshold
    np.testing.assert_allclose(found.threshold, PROFILE.threshold, rtol=0.15)
    assert len(np.unique(found.threshold)) == 21
    fixed = openings(later, PROFILE.threshold, SETTING.alert, SPEC)
    assert len(found.opened_ms) == pytest.approx(len(fixed), abs=4)
    assert len(fixed) > 5
    count = found.profile.count
    assert count is not None
    assert count.kept
    assert count.expected == pytest.approx(20.0, abs=2.5)
    assert abs(count.opened - len(found.opened_ms)) <= 3


def test_a_background_that_grows_keeps_its_promise_and_a_fixed_threshold_does_not() -> None:
    grown = scores(noise(30, seed=3) * 1.2 ** np.linspace(0, 1, 30 * A_DAY), BEGIN)
    found = lived(PROFILE, grown, SETTING)
    fixed = openings(grown, PROFILE.threshold, SETTING.alert, SPEC)
    assert len(found.opened_ms) <= poisson_interval(30.0)[1] < 0.7 * len(fixed)
    assert found.threshold[-1] > 1.1 * PROFILE.threshold


def test_the_count_says_when_a_promise_is_not_kept() -> None:
    grown = noise(12, seed=3) * 2.0 ** np.clip(np.linspace(0, 3, 12 * A_DAY), 0, 1)
    count = lived(PROFILE, scores(grown, BEGIN), SETTING).profile.count
    assert count is not None
    assert not count.kept
    assert count.opened > count.most >= count.expected


def disturbed(days: int, times: float) -> Float64:
    """Ten quiet days, a disturbance that lasts, and ten quiet days more."""
    values = noise(20 + days, seed=4)
    values[10 * A_DAY : (10 + days) * A_DAY] *= times
    return values


@pytest.mark.parametrize("times", [1.5, 2.0, 4.0, 20.0])
def test_a_disturbance_of_three_days_is_not_learned_away(
    times: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one alert in a week asked for; strong ones teach nothing, weak ones a little."""
    profile = fitted(QUIET, per_month=30.4375 / 7)
    calm = lived(profile, scores(disturbed(3, 1.0), BEGIN), SETTING).threshold
    found = lived(profile, scores(disturbed(3, times), BEGIN), SETTING)
    most = 1.1**4 if times < 3 else 1.1
    assert (found.threshold <= most * calm).all()
    before, within = 10 * A_DAY, slice(10 * A_DAY, 13 * A_DAY)
    assert found.threshold[within].max() <= 1.1**3 * found.threshold[before - 1]
    if times >= 2.0:
        ends_ms = found.opened_ms - START_MS - BEGIN * HOP_MS
        assert ((ends_ms > before * HOP_MS) & (ends_ms < 13 * DAY_MS)).any()
    if times == 20.0:  # were alerts learned from, and were there no limit
        monkeypatch.setattr(budget, "alarmed", lambda *_: False)
        monkeypatch.setattr(budget, "own_alerts", lambda *_: {})
        freely = replace(SETTING, living=replace(SETTING.living, rise=1e9))
        taught = lived(profile, scores(disturbed(3, times), BEGIN), freely)
        assert taught.threshold[within].max() > 5 * found.threshold[within].max()


def test_own_alerts_left_out_without_a_count_would_lower_every_threshold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    later = scores(noise(30, seed=5), BEGIN)
    found = lived(PROFILE, later, SETTING)
    monkeypatch.setattr(refit, "_passed", lambda *_: (np.empty(0), np.empty(0)))
    silent = lived(PROFILE, later, SETTING)
    assert silent.threshold[-1] < 0.97 * found.threshold[-1]
    assert len(silent.opened_ms) > len(found.opened_ms)


def test_after_a_long_silence_a_threshold_is_cautious_and_then_learns_again() -> None:
    later = noise(24, seed=6)
    gap = 44 * A_DAY
    ends = np.concatenate([np.arange(4 * A_DAY), gap + np.arange(4 * A_DAY, 24 * A_DAY)])
    silent = QuietScores(START_MS + (BEGIN + ends) * HOP_MS, later)
    threshold = lived(PROFILE, silent, SETTING).threshold
    assert threshold[4 * A_DAY] > 1.1 * threshold[4 * A_DAY - 1]
    assert threshold[-1] < 1.1 * PROFILE.threshold


@given(st.lists(st.integers(1, 5 * A_DAY - 1), max_size=8, unique=True))
@settings(max_examples=8)
def test_where_data_are_cut_changes_nothing(cuts: list[int]) -> None:
    """As batches, restarts and moved partitions cut them: parts are added one after the other."""
    later = scores(noise(5, seed=7), BEGIN)
    bounds = [0, *sorted(cuts), len(later)]
    found = budget.lived_in_parts(PROFILE, later, SETTING, bounds)
    whole = lived(PROFILE, later, SETTING)
    np.testing.assert_array_equal(found.threshold, whole.threshold)
    np.testing.assert_array_equal(found.opened_ms, whole.opened_ms)
    assert found.profile == whole.profile
