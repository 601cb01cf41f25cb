import numpy as np
import pytest

from training.baselines import peak_amplitude, polarization_ratio, window_rms
from training.evaluate import auc, found, rank_sum_p


def test_auc_counts_pairs_in_the_right_order_and_ties_half():
    assert auc(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 1
    assert auc(np.array([1.0, 2.0]), np.array([2.0, 2.0])) == 0.75
    assert auc(np.array([3.0, 4.0]), np.array([1.0])) == 0


def test_found_is_the_share_above_what_one_percent_exceed():
    without = np.arange(1000.0)
    assert found(without, np.array([980.0, 995.0, 2000.0, 3000.0])) == 0.75
    assert found(without, without) == pytest.approx(0.01, abs=0.001)


def test_rank_sum_sees_a_shift_and_not_its_absence():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 500))
    assert rank_sum_p(one, other + 0.5) < 1e-6
    assert rank_sum_p(one, other) > 1e-3


def test_baselines_measure_what_they_are_named_after():
    filtered_nt = np.zeros((1, 4, 3), np.float32)
    filtered_nt[0, :, 0] = [3, -3, 3, -3]
    filtered_nt[0, :, 2] = [6, -6, 6, -6]
    scale_nt = np.array([1.0, 1.0, 2.0], np.float32)
    assert polarization_ratio(filtered_nt, scale_nt) == pytest.approx(4.0)
    assert peak_amplitude(filtered_nt, scale_nt) == pytest.approx(3.0)
    assert window_rms(filtered_nt, scale_nt) == pytest.approx(np.sqrt(6.0))
