import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from geofield.scoreboard.molchan import Curve, area_skill, area_skill_p, band, molchan
from tests.training.statistics.builders import (
    HOP_MS,
    LEAD_MS,
    correlated,
    ends,
    random_times,
)

WINDOWS = 4_000


def by_hand(
    end_ms: np.ndarray, scores: np.ndarray, event_ms: np.ndarray, threshold: float
) -> tuple[float, float]:
    """Alarm and miss share at one threshold, window by window."""
    alarms = end_ms[scores >= threshold]

    def alarmed(time_ms: int) -> bool:
        return bool(((alarms <= time_ms) & (time_ms <= alarms + LEAD_MS)).any())

    share = np.mean([alarmed(time_ms) for time_ms in end_ms])
    return float(share), float(1 - np.mean([alarmed(time_ms) for time_ms in event_ms]))


@given(st.integers(0, 10_000), st.integers(1, 200))
def test_every_point_is_what_counting_alarms_gives(seed: int, windows: int) -> None:
    rng = np.random.default_rng(seed)
    end_ms = np.sort(rng.choice(400, windows, replace=False)) * HOP_MS
    scores = np.round(rng.normal(size=windows), 1)
    event_ms = rng.choice(end_ms, 3) + rng.integers(0, LEAD_MS, 3)
    curve = molchan(end_ms, scores, event_ms, LEAD_MS)
    points = set(zip(curve.alarm_share.round(9), curve.miss_share.round(9), strict=True))
    counted = {by_hand(end_ms, scores, event_ms, level) for level in np.unique(scores)}
    assert points <= {(0.0, 1.0), (1.0, 0.0), *((round(x, 9), round(y, 9)) for x, y in counted)}


def curve_of(scores: np.ndarray, event_ms: np.ndarray) -> Curve:
    return molchan(ends(len(scores)), scores, event_ms, LEAD_MS)


def test_a_curve_runs_from_no_alarm_to_alarm_all_the_time() -> None:
    rng = np.random.default_rng(0)
    curve = curve_of(correlated(rng, WINDOWS), random_times(rng, 20, WINDOWS))
    assert len(curve.alarm_share) <= 200
    assert (np.diff(curve.alarm_share) >= 0).all()
    assert (np.diff(curve.miss_share) <= 0).all()
    assert (curve.alarm_share[0], curve.miss_share[0]) == (0.0, 1.0)
    assert (curve.alarm_share[-1], curve.miss_share[-1]) == (1.0, 0.0)


def test_scores_without_skill_stay_in_the_band_and_perfect_ones_leave_it() -> None:
    rng = np.random.default_rng(1)
    inside, areas = [], []
    for _ in range(150):
        curve = curve_of(correlated(rng, WINDOWS), random_times(rng, 15, WINDOWS))
        low, high = band(curve.events, curve.alarm_share)
        inside.append(np.mean((low <= curve.miss_share) & (curve.miss_share <= high)))
        areas.append(area_skill_p(area_skill(*lists(curve)), curve.events))
    assert np.mean(inside) > 0.95
    assert 0.01 <= np.mean(np.array(areas) <= 0.05) <= 0.1

    event_ms = np.arange(1, 16) * 5 * LEAD_MS
    knowing = np.isin(ends(WINDOWS), event_ms - LEAD_MS // 2).astype(float)
    curve = curve_of(knowing, event_ms)
    low, _ = band(curve.events, curve.alarm_share)
    assert (curve.miss_share < low).any()
    assert area_skill_p(area_skill(*lists(curve)), curve.events) < 1e-6


def lists(curve: Curve) -> tuple[list[float], list[float]]:
    return curve.alarm_share.tolist(), curve.miss_share.tolist()


def test_earthquakes_without_data_do_not_count() -> None:
    scores = correlated(np.random.default_rng(0), WINDOWS)
    scores[1_000:2_000] = np.nan
    event_ms = np.array([500, 1_500, 2_500]) * HOP_MS
    assert curve_of(scores, event_ms).events == 2
    nothing = curve_of(np.full(WINDOWS, np.nan), event_ms)
    assert (nothing.events, nothing.alarm_share.tolist()) == (0, [0.0, 1.0])


def test_the_area_of_chance_is_a_half_and_its_spread_that_of_uniform_variables() -> None:
    assert area_skill([0.0, 1.0], [1.0, 0.0]) == 0.5
    assert area_skill([0.0, 0.0, 1.0], [1.0, 0.0, 0.0]) == 1.0
    assert area_skill_p(0.5, 12) == pytest.approx(0.5)
    assert area_skill_p(0.9, 1) == pytest.approx(0.1)
    assert area_skill_p(0.55, 300) == pytest.approx(norm.sf(0.05 * np.sqrt(12 * 300)), rel=0.02)


def test_the_band_narrows_with_the_number_of_earthquakes() -> None:
    shares = np.array([0.0, 0.5, 1.0])
    few, many = (np.subtract(*reversed(band(events, shares))) for events in (5, 100))
    assert few[0] == few[2] == 0.0
    assert few[1] > 2 * many[1] > 0
