import numpy as np
import pytest

from training.recipe.transients import FAMILIES, POLARIZATIONS, Frame, draw

FRAME = Frame(samples=256, margin=192)
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


@pytest.mark.parametrize("family", sorted(FAMILIES.keys() - {"z-pulse"}))
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


def test_a_polarization_turns_the_vector_into_the_plane_or_out_of_it():
    drawn = {
        name: draw(
            np.random.default_rng(6), "chirp", np.ones(999), SCALE_NT, FRAME, polarization=name
        )
        for name in (*POLARIZATIONS, "any")
    }
    vertical = {name: float((one.direction[:, 2] ** 2).mean()) for name, one in drawn.items()}
    assert vertical["horizontal"] < 0.05
    assert vertical["vertical"] > 0.8
    assert vertical["any"] == pytest.approx((0 + 1 / 3 + 1) / 3, abs=0.08)


def test_the_pulse_along_z_stays_along_z():
    drawn = draw(
        np.random.default_rng(7), "z-pulse", np.ones(99), SCALE_NT, FRAME, polarization="horizontal"
    )
    assert (np.abs(drawn.direction).argmax(axis=1) == 2).mean() > 0.85


def test_faults_of_instruments_look_like_faults_of_instruments():
    rng, ones = np.random.default_rng(8), np.ones(50)
    step, spikes, ramp = (
        draw(rng, family, ones, SCALE_NT, FRAME).waveform
        for family in ("dc-step", "spike-train", "slow-ramp")
    )
    assert ((np.diff(step, axis=1) != 0).sum(axis=1) == 1).all()
    assert ((spikes != 0).sum(axis=1) <= 8).all()
    assert (np.diff(ramp, axis=1) >= 0).all()
    assert np.abs(np.diff(ramp, axis=1)).max() < 0.1


@pytest.mark.parametrize("family", sorted(FAMILIES.keys() - {"wave-train", "slow-ramp", "dc-step"}))
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


def test_windows_of_several_stations_have_their_own_scale():
    louder = np.array([1.0, 5.0, 1.0, 2.0])
    rows_nt = louder[:, None] * np.array(SCALE_NT)
    single, several = (
        draw(np.random.default_rng(8), "chirp", np.ones(4), scale_nt, FRAME).field_nt()
        for scale_nt in (SCALE_NT, rows_nt)
    )
    np.testing.assert_allclose(several, louder[:, None, None] * single)
