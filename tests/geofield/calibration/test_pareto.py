import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import genpareto

from geofield.calibration.pareto import (
    Excesses,
    Posterior,
    posterior,
    too_heavy,
    weighted_posterior,
)


def excesses(peaks: int, shape: float, seed: int) -> np.ndarray:
    return genpareto.rvs(shape, size=peaks, random_state=seed)


def test_tails_are_weighed_by_their_likelihood() -> None:
    excess = excesses(40, 0.2, seed=1)
    found = posterior(excess, days=2.0)
    assert found.weight.sum() == pytest.approx(1.0)
    rows = np.linspace(0, len(found.weight) - 1, 7).astype(int)
    logs = [
        genpareto.logpdf(excess, found.shape[row], scale=found.scale[row]).sum() for row in rows
    ]
    weight = found.weight[rows]
    np.testing.assert_allclose(np.exp(np.subtract(logs, logs[3])), weight / weight[3], rtol=1e-5)


def test_a_peak_of_weight_two_counts_as_two() -> None:
    excess = excesses(40, 0.2, seed=1)
    twice = weighted_posterior(Excesses(excess, np.full(40, 2.0)), days=4.0)
    again = posterior(np.repeat(excess, 2), days=4.0)
    assert twice.peaks == again.peaks
    for survival in (0.1, 0.001):
        assert twice.excess(survival) == pytest.approx(again.excess(survival), rel=1e-6)


def test_a_peak_that_only_passed_is_weighed_by_its_chance_to_pass() -> None:
    excess, passed = excesses(40, 0.2, seed=1), np.array([1.5, 4.0])
    found = weighted_posterior(Excesses(excess, np.ones(40), passed, np.array([1.0, 0.5])), 2.0)
    rows = np.linspace(0, len(found.weight) - 1, 7).astype(int)
    logs = [
        genpareto.logpdf(excess, found.shape[row], scale=found.scale[row]).sum()
        + genpareto.logsf(passed, found.shape[row], scale=found.scale[row]) @ [1.0, 0.5]
        for row in rows
    ]
    weight = found.weight[rows]
    np.testing.assert_allclose(np.exp(np.subtract(logs, logs[3])), weight / weight[3], rtol=1e-5)
    assert found.peaks == 41.5


def test_peaks_cut_off_at_a_threshold_give_the_tail_that_all_of_them_give() -> None:
    """Left out alone, the highest would leave a tail that is far too light."""
    excess, limit = excesses(2000, 0.2, seed=6), 6.0
    below, above = excess[excess <= limit], np.full(int((excess > limit).sum()), limit)
    assert len(above) > 5
    ones = np.ones(len(below))
    told = weighted_posterior(Excesses(below, ones, above, np.ones(len(above))), days=100.0)
    silent = posterior(below, days=100.0)
    truth = posterior(excess, days=100.0).excess(1e-4)
    assert told.excess(1e-4) == pytest.approx(truth, rel=0.3)
    assert silent.excess(1e-4) < 0.7 * truth


def test_with_many_peaks_the_truth_is_left_alone() -> None:
    found = posterior(excesses(5000, 0.3, seed=2), days=250.0)
    assert found.weight @ found.shape == pytest.approx(0.3, abs=0.05)
    truth = float(genpareto.isf(1e-5, 0.3))
    assert found.excess(1e-5) == pytest.approx(truth, rel=0.3)
    low, high = found.excess_interval(250.0)
    assert low < float(genpareto.isf(1 / 5000, 0.3)) < high


@settings(max_examples=30)
@example(excess=list(np.linspace(0.01, 9.0, 12)), survival=1 - 1e-16)
@example(excess=[1.0, 2.0, 3.0, 4.0, 1.5, 1.125, 1.875, 2.5, 0.5, 0.25], survival=1 - 1e-16)
@given(
    st.lists(st.floats(0.01, 9.0), min_size=10, max_size=40, unique=True),
    st.floats(1e-6, 1.0),
)
def test_excess_and_survival_are_inverse(excess: list[float], survival: float) -> None:
    found = posterior(np.array(excess), days=1.0)
    assert found.survival(found.excess(survival)) == pytest.approx(survival, rel=1e-6)


def simulated(shape: float) -> list[tuple[Posterior, float]]:
    """Fits to records of 20 peaks on average, and what one in ten records should exceed by."""
    rng = np.random.default_rng(3)
    fits = []
    for _ in range(100):
        peaks = max(10, rng.poisson(20))
        found = posterior(genpareto.rvs(shape, size=peaks, random_state=rng), days=1.0)
        fits.append((found, found.excess(1 / (10 * peaks))))
    return fits


@pytest.mark.parametrize(("shape", "most"), [(0.0, 0.3), (0.2, 1.1), (0.3, 1.6)])
def test_ten_records_later_the_rate_asked_for_is_kept_on_average(shape: float, most: float) -> None:
    came = [20 * 10 * genpareto.sf(excess, shape) for _, excess in simulated(shape)]
    assert np.mean(came) < most


def test_the_likeliest_tail_alone_would_not_keep_it() -> None:
    rng = np.random.default_rng(4)
    came = []
    for _ in range(60):
        shape, _, scale = genpareto.fit(genpareto.rvs(0.2, size=20, random_state=rng), floc=0.0)
        came.append(200 * genpareto.sf(genpareto.isf(1 / 200, shape, scale=scale), 0.2))
    assert np.mean(came) > 2.0


def test_the_intervals_of_rate_and_count_hold_what_comes() -> None:
    rng, rates, counts = np.random.default_rng(5), [], []
    for found, excess in simulated(0.2):
        rate = 20 * float(genpareto.sf(excess, 0.2))
        low, high = found.rate_interval(excess)
        rates.append(low <= rate <= high)
        fewest, most = found.count_interval(excess, days=30.0)
        counts.append(fewest <= rng.poisson(30 * rate) <= most)
    assert np.mean(rates) > 0.9
    assert np.mean(counts) > 0.9


def test_simulated_records_are_like_the_peaks() -> None:
    excess = np.sort(excesses(100, 0.1, seed=6))
    drawn = posterior(excess, days=5.0).draws(400, np.random.default_rng(0))
    assert drawn.shape == (400, 100)
    assert (np.diff(drawn, axis=1) >= 0).all()
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    assert ((low <= excess) & (excess <= high)).mean() > 0.9


def test_what_is_of_another_kind_is_noticed() -> None:
    assert not any(too_heavy(excesses(60, 0.4, seed)) for seed in range(30))
    assert all(too_heavy(excesses(300, 1.5, seed)) for seed in range(5))
    with_spikes = np.concatenate([excesses(100, 0.1, seed=7), [1e4, 2e4, 3e4]])
    assert too_heavy(with_spikes)
