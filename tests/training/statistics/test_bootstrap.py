import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from training.evaluation.injection.windows import auc
from training.statistics.bootstrap import auc_interval, wins
from training.statistics.units import Units


@given(st.lists(st.integers(0, 5), min_size=8, max_size=40), st.integers(1, 3))
def test_wins_between_units_add_up_to_the_auc(values: list[int], seismic_units: int) -> None:
    scores = np.array(values, dtype=float)
    units = Units(scores, np.arange(len(values)) % 4, np.arange(4) < seismic_units)
    pairs = wins(units)
    control, seismic = scores[~units.is_seismic], scores[units.is_seismic]
    assert pairs.shape == (seismic_units, 4 - seismic_units)
    assert pairs.sum() / (len(control) * len(seismic)) == pytest.approx(auc(control, seismic))


def test_one_pair_of_units_by_hand() -> None:
    units = Units(np.array([1.0, 2.0, 3.0, 2.0]), np.array([0, 0, 0, 1]), np.array([True, False]))
    assert wins(units).tolist() == [[1.5]]


def blocks(rng: np.random.Generator, seismic: int, control: int, raised: float) -> Units:
    """Units that differ as much between as within them."""
    count, each = seismic + control, 20
    unit = np.repeat(np.arange(count), each)
    kind = np.arange(count) < seismic
    level = rng.normal(size=count) + raised * kind
    return Units(level[unit] + rng.normal(size=count * each), unit, kind)


@pytest.mark.parametrize("seismic", [8, 20])
def test_the_interval_covers_the_truth_as_often_as_it_says(seismic: int) -> None:
    rng = np.random.default_rng(3)
    truth = norm.cdf(0.8 / 2)
    intervals = [auc_interval(blocks(rng, seismic, 70, 0.8), 500, rng) for _ in range(200)]
    covered = np.mean([low <= truth <= high for low, high in intervals])
    assert 0.9 <= covered <= 0.99


def test_windows_taken_as_units_would_promise_far_too_much() -> None:
    rng = np.random.default_rng(4)
    truth, covered = norm.cdf(0.8 / 2), 0
    for _ in range(50):
        made = blocks(rng, 8, 30, 0.8)
        alone = Units(made.scores, np.arange(len(made.scores)), made.is_seismic)
        low, high = auc_interval(alone, 200, rng)
        covered += low <= truth <= high
    assert covered / 50 < 0.6


def test_classes_apart_have_an_auc_of_one_without_doubt() -> None:
    rng = np.random.default_rng(0)
    low, high = auc_interval(blocks(rng, 10, 30, 1e6), 200, rng)
    assert low == high == 1.0


def test_few_earthquakes_give_a_wide_interval() -> None:
    rng = np.random.default_rng(0)
    few, many = (
        np.diff([auc_interval(blocks(rng, count, 70, 0.0), 200, rng) for _ in range(20)]).mean()
        for count in (4, 40)
    )
    assert few > 2 * many
