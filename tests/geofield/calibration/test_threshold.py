import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import genpareto

from geofield.calibration.profile import AlertBasis, alert_peaks, robust_scale_nt
from geofield.calibration.threshold import (
    NoTail,
    Peaks,
    Tail,
    TailTooShort,
    cluster_peaks,
    find_peaks,
    fit_tail,
    sustained,
)
from tests.geofield.builders import profile

HOP_MS = 64_000
TEN_YEARS_MS = 3653 * 86_400_000


def quiet_scores(days: float, seed: int = 0, shape: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    count = int(days * 86_400_000 / HOP_MS)
    scores = 1.0 + genpareto.rvs(shape, scale=0.2, size=count, random_state=seed)
    return np.arange(1, count + 1) * HOP_MS, scores


def fitted(end_ms: np.ndarray, scores: np.ndarray, apart_ms: int = 600_000) -> Tail:
    return fit_tail(find_peaks(end_ms, scores, HOP_MS, apart_ms))


def test_a_known_tail_is_found_again() -> None:
    tail = fitted(*quiet_scores(days=60), apart_ms=HOP_MS - 1)
    assert tail.shape == pytest.approx(0.1, abs=0.05)
    truth = 1.0 + genpareto.isf(1 / (30 * 1350), 0.1, scale=0.2)
    assert tail.score_once_in(30.0) == pytest.approx(truth, rel=0.1)


def test_return_period_and_threshold_are_inverse() -> None:
    tail = fitted(*quiet_scores(days=10))
    for days in (1.0, 30.4375, 365.0):
        assert tail.return_period_days(tail.score_once_in(days)) == pytest.approx(days)


def test_return_periods_grow_with_the_score_and_stay_finite() -> None:
    tail = fitted(*quiet_scores(days=10))
    periods = [tail.return_period_days(score) for score in (0.0, 1.5, 2.0, 5.0, 1e6)]
    assert periods == sorted(periods)
    assert np.isfinite(periods).all()


def test_a_bounded_tail_is_not_believed() -> None:
    end_ms, scores = quiet_scores(days=10, shape=-0.5)
    tail = fitted(end_ms, scores, apart_ms=HOP_MS - 1)
    assert tail.shape > 0.0
    assert tail.score_once_in(1e6) > scores.max()


@pytest.mark.parametrize("peaks", [10, 30, 300])
@pytest.mark.parametrize("shape", [-0.2, 0.1, 0.4])
def test_the_tail_stands_for_the_average_of_all_that_agree(peaks: int, shape: float) -> None:
    scores = 1.0 + genpareto.rvs(shape, size=peaks, random_state=peaks)
    found = Peaks(1.0, np.arange(peaks), scores, days=1.0)
    tail, tails = fit_tail(found), found.posterior
    for once_in in np.geomspace(1 / np.sqrt(peaks), 100, 9):
        rate = peaks * tails.survival(tail.score_once_in(float(once_in)) - 1.0)
        assert 0.6 < rate * once_in < 1.01


def test_a_short_record_is_refused_with_how_much_more_is_needed() -> None:
    with pytest.raises(TailTooShort, match=r"10 are needed: about \d+\.\d more days"):
        find_peaks(*quiet_scores(days=0.05), HOP_MS, apart_ms=600_000)
    with pytest.raises(TailTooShort, match="at least a day"):
        find_peaks(np.array([], dtype=np.int64), np.array([]), HOP_MS, apart_ms=600_000)


def test_what_a_refusal_asks_for_is_mostly_enough() -> None:
    assert sum(enough(seed) for seed in range(20)) >= 16


def enough(seed: int) -> bool:
    """Whether a refused record is taken with as many more days as the refusal names."""
    end_ms, scores = quiet_scores(days=60, seed=seed)
    share, apart_ms = int(1.5 * 1350), 20_000_000
    with pytest.raises(TailTooShort) as refusal:
        find_peaks(end_ms[:share], scores[:share], HOP_MS, apart_ms, quantile=0.998)
    share += int(float(str(refusal.value).split("about ")[1].split(" ")[0]) * 1350)
    try:
        find_peaks(end_ms[:share], scores[:share], HOP_MS, apart_ms, quantile=0.998)
    except TailTooShort:
        return False
    return True


def test_scores_that_do_not_vary_have_no_tail() -> None:
    end_ms = np.arange(1, 2000) * HOP_MS
    with pytest.raises(NoTail, match="do these data vary"):
        find_peaks(end_ms, np.full(1999, 0.5), HOP_MS, apart_ms=256_000)
    stepped = np.where(np.arange(1999) % 50, 0.5, 0.7)
    with pytest.raises(NoTail, match=r"high scores are 0\.7"):
        find_peaks(end_ms, stepped, HOP_MS, apart_ms=256_000)


def test_one_disturbance_counts_once() -> None:
    end_ms = np.arange(10) * 1000
    scores = np.array([0, 5, 6, 0, 4, 0, 0, 0, 0, 7], dtype=float)
    assert cluster_peaks(end_ms, scores, 1.0, apart_ms=2000).tolist() == [2, 9]
    assert cluster_peaks(end_ms, scores, 9.0, apart_ms=2000).tolist() == []


@given(
    st.lists(
        st.tuples(st.integers(1, 3) | st.integers(1, 10**6), st.floats(0, 9)),
        min_size=1,
        max_size=60,
    ),
    st.integers(1, 6),
    st.integers(0, 5),
    st.floats(0, 9),
)
def test_the_sustained_level_passes_a_threshold_exactly_when_an_alert_opens(
    windows: list[tuple[int, float]], k: int, more: int, threshold: float
) -> None:
    n = k + more
    end_ms = np.cumsum([gap for gap, _ in windows]) * HOP_MS
    scores = np.array([score for _, score in windows])
    level = sustained(end_ms, scores, HOP_MS, k, n)
    for i, end in enumerate(end_ms):
        recent = scores[(end_ms > end - n * HOP_MS) & (end_ms <= end)]
        assert (level[i] > threshold) == ((recent > threshold).sum() >= k)


def test_two_days_ten_years_apart_cost_two_days() -> None:
    end_ms, scores = quiet_scores(days=2)
    apart_ms = np.where(end_ms > end_ms[len(end_ms) // 2], end_ms + TEN_YEARS_MS, end_ms)
    tracemalloc.start()
    level = sustained(apart_ms, scores, HOP_MS, 5, 6)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000
    assert np.isfinite(level).sum() == len(scores) - 2 * 4


def test_an_alert_rule_lowers_what_is_needed_for_the_same_rate() -> None:
    end_ms, scores = quiet_scores(days=10)
    basis = AlertBasis(k=3, n=4, hop=64)
    windows = fit_tail(find_peaks(end_ms, scores, HOP_MS, 4 * HOP_MS))
    alerts = fit_tail(alert_peaks(end_ms, scores, HOP_MS, 4 * HOP_MS, basis))
    rare, common = (alerts.score_once_in(days) for days in (30.0, 1.0))
    assert common < rare < windows.score_once_in(30.0)


def test_no_return_period_beyond_what_the_record_can_bear() -> None:
    short = profile()
    assert short.return_period_days(0.6) == short.tail.return_period_days(0.6) < 1.0
    assert short.return_period_days(50.0) == 100 * short.quiet_days


def test_the_scale_is_robust_and_a_dead_sensor_has_none() -> None:
    noise = np.random.default_rng(0).normal(0, [0.04, 0.1, 0.2], (20_000, 3))
    noise[::50] += 100.0
    noise[7] = np.nan
    np.testing.assert_allclose(robust_scale_nt(noise), [0.04, 0.1, 0.2], rtol=0.05)
    noise[:, 2] = 3.0
    with pytest.raises(ValueError, match="does not vary"):
        robust_scale_nt(noise)


@given(st.floats(0.0, 50.0), st.floats(-0.4, 0.9, allow_subnormal=False), st.floats(0.01, 2.0))
def test_return_periods_are_those_of_the_generalized_pareto_distribution(
    score: float, shape: float, scale: float
) -> None:
    tail = Tail(base=1.0, shape=shape, scale=scale, peaks_per_day=20.0, peaks=40)
    survival = genpareto.sf(max(score - 1.0, 0.0), shape, scale=scale)
    assert tail.return_period_days(score) == pytest.approx(1.0 / max(20.0 * survival, 1e-9))


def test_the_least_possible_shape_is_as_good_as_none() -> None:
    least, none = (Tail(1.0, shape, 0.2, 20.0, 40) for shape in (-1e-310, 0.0))
    assert least.return_period_days(1.5) == pytest.approx(none.return_period_days(1.5))
