import numpy as np
import pytest

from training.transients import FAMILIES, Frame, draw

FRAME = Frame(samples=256, margin=192, cadence_s=1.0)
SCALE_NT = (0.04, 0.03, 0.02)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("anywhere", [True, False])
def test_the_dominant_component_has_exactly_the_amplitude_asked_for(family, anywhere):
    snr = np.geomspace(1, 30, 64)
    field_nt = draw(np.random.default_rng(1), family, snr, SCALE_NT, FRAME, anywhere).field_nt()
    peak_nt = np.abs(field_nt).max(axis=1)
    dominant = peak_nt.argmax(axis=1)
    measured = peak_nt.max(axis=1) / np.array(SCALE_NT)[dominant]
    np.testing.assert_allclose(measured, snr, rtol=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_directions_are_unit_vectors_spread_over_the_sphere(family):
    drawn = draw(np.random.default_rng(2), family, np.ones(4000), SCALE_NT, FRAME)
    np.testing.assert_allclose(np.linalg.norm(drawn.direction, axis=1), 1.0)
    np.testing.assert_allclose((drawn.direction**2).mean(axis=0), 1 / 3, atol=0.02)
    np.testing.assert_allclose(drawn.direction.mean(axis=0), 0.0, atol=0.04)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_seed_gives_the_same_transients_again_and_another_seed_others(family):
    one, again, other = (
        draw(np.random.default_rng(seed), family, np.ones(3), SCALE_NT, FRAME).field_nt()
        for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(one, again)
    assert not np.allclose(one, other)


@pytest.mark.parametrize("family", sorted(FAMILIES.keys() - {"wave-train"}))
def test_judged_transients_have_their_peak_in_the_window_and_most_of_their_power(family):
    drawn = draw(np.random.default_rng(5), family, np.ones(500), SCALE_NT, FRAME)
    inside = slice(FRAME.margin, FRAME.margin + FRAME.samples)
    assert (np.abs(drawn.waveform[:, inside]).max(axis=1) == 1).all()
    power = drawn.waveform**2
    share = power[:, inside].sum(axis=1) / power.sum(axis=1)
    assert np.median(share) > 0.95
    assert share.min() > 0.5


def test_the_time_of_a_frame_is_zero_at_the_beginning_of_the_window():
    assert FRAME.time_s[FRAME.margin] == 0
    assert len(FRAME.time_s) == FRAME.samples + 2 * FRAME.margin
