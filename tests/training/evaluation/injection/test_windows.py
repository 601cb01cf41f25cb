import numpy as np
import pytest

from tests.training.builders import recipe
from training.evaluation.injection.windows import (
    Benchmark,
    Injection,
    auc,
    detection_rate,
    rank_sum_p,
)
from training.model.baselines import peak_amplitude, polarization_ratio, window_rms
from training.model.batch_scores import band_passed
from training.model.network import FrontEnd
from training.recipe.transients import FAMILIES, Frame

SCALE_NT = (0.04, 0.03, 0.02)


def test_auc_counts_pairs_in_the_right_order_and_ties_half():
    assert auc(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 1
    assert auc(np.array([1.0, 2.0]), np.array([2.0, 2.0])) == 0.75
    assert auc(np.array([3.0, 4.0]), np.array([1.0])) == 0


def test_found_is_the_share_above_what_one_percent_exceed():
    without = np.arange(1000.0)
    assert detection_rate(without, np.array([980.0, 995.0, 2000.0, 3000.0])) == 0.75
    assert detection_rate(without, without) == pytest.approx(0.01, abs=0.001)


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


@pytest.fixture
def bench(tmp_path):
    window = recipe(tmp_path).window
    spec = window.spec()
    front_end = FrontEnd(window)
    field_nt = np.zeros((40, spec.span, 3), np.float32)
    injection = Injection(SCALE_NT, Frame(spec.samples, spec.half), list(FAMILIES), [2.0, 8.0], 1)
    return Benchmark(field_nt, injection, lambda raw: band_passed(front_end, raw), 2)


def test_signal_to_noise_is_measured_in_the_band_for_every_family(bench):
    """A ramp lies mostly below the band and a spike mostly above it: what is left counts."""
    cells = list(bench.disturbed())
    assert [(cell.family, cell.snr) for cell in cells] == [
        (family, snr) for family in FAMILIES for snr in (2.0, 8.0)
    ]
    for cell in cells:
        peak_nt = np.abs(bench.band_pass(cell.field_nt)).max(axis=1)
        dominant = peak_nt.argmax(axis=1)
        measured = peak_nt.max(axis=1) / np.array(SCALE_NT)[dominant]
        np.testing.assert_allclose(measured, cell.snr, rtol=0.01, err_msg=cell.family)


def test_every_method_is_judged_in_every_cell_on_the_same_windows(bench):
    seen = []

    def scorer(field_nt):
        seen.append(len(field_nt))
        level = np.abs(bench.band_pass(field_nt)).max(axis=(1, 2)).astype(np.float64)
        return {"level": level, "nothing": np.zeros(len(field_nt))}

    figures = bench.run(scorer)
    assert seen == [40] * (1 + len(bench))
    assert len(figures) == 2 * len(bench)
    assert {figure.auc for figure in figures if figure.method == "level"} == {1.0}
    assert {figure.auc for figure in figures if figure.method == "nothing"} == {0.5}
