import time

import numpy as np
import pytest
from scipy.stats import binom, kstest

from tests.training.statistics.builders import correlated, ends, labels, random_times
from training.evaluation.injection.windows import rank_sum_p
from training.statistics.permutation import event_p
from training.statistics.units import Units, gather, substantial

WINDOWS, EVENTS, CATALOGUES = 4_000, 8, 200


@pytest.fixture(scope="module")
def without_effect() -> tuple[np.ndarray, np.ndarray]:
    """P-values of both tests where earthquakes are random and scores remember a day."""
    rng = np.random.default_rng(1)
    end_ms = ends(WINDOWS)
    by_event, by_window = [], []
    for _ in range(CATALOGUES):
        scores = correlated(rng, WINDOWS)
        made = labels(end_ms, random_times(rng, EVENTS, WINDOWS))
        units = substantial(gather(scores, made), 0.5)
        by_event.append(event_p(units, 499, rng))
        by_window.append(rank_sum_p(scores[made.non_seismic], scores[made.seismic]))
    return np.array(by_event), np.array(by_window)


def test_without_effect_the_event_level_p_is_uniform(
    without_effect: tuple[np.ndarray, np.ndarray],
) -> None:
    by_event, _ = without_effect
    assert kstest(by_event, "uniform").pvalue > 0.01
    low, high = binom.interval(0.999, CATALOGUES, 0.05)
    assert low <= (by_event <= 0.05).sum() <= high


def test_the_trap_windows_taken_as_independent_find_what_is_not_there(
    without_effect: tuple[np.ndarray, np.ndarray],
) -> None:
    _, by_window = without_effect
    assert (by_window <= 0.05).mean() > 0.5
    assert (by_window <= 0.0035).mean() > 0.3  # the paper's p, on noise


def test_an_effect_is_found_and_the_opposite_is_not() -> None:
    rng = np.random.default_rng(2)
    unit = np.repeat(np.arange(60), 20)
    seismic = np.arange(60) < 10
    scores = rng.normal(size=60)[unit] + rng.normal(size=1200)
    raised, lowered = (Units(scores + 2 * sign * seismic[unit], unit, seismic) for sign in (1, -1))
    assert event_p(raised, 1_999, rng) < 0.005
    assert event_p(lowered, 1_999, rng) > 0.99


def test_the_smallest_p_is_that_of_the_number_of_permutations() -> None:
    units = Units(np.arange(100.0)[::-1], np.arange(100), np.arange(100) < 10)
    assert event_p(units, 999, np.random.default_rng(0)) == 1 / 1000
    same = Units(np.zeros(100), np.arange(100), np.arange(100) < 10)
    assert event_p(same, 999, np.random.default_rng(0)) == 1.0


def test_ten_thousand_permutations_of_five_hundred_units_are_quick() -> None:
    units = Units(np.random.default_rng(0).normal(size=500), np.arange(500), np.arange(500) < 25)
    begin_s = time.perf_counter()
    event_p(units, 9_999, np.random.default_rng(0))
    assert time.perf_counter() - begin_s < 5  # 0.2 s; the rest is for a busy machine
