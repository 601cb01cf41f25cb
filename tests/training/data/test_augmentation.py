import msgspec
import numpy as np
import pytest

from training.data.augmentation import noise_levels, vary
from training.recipe.tables import Variation

VARIATION = Variation(
    share=0.4,
    gain_low=0.5,
    gain_high=2.0,
    component_spread=0.1,
    mixing=0.1,
    turned=0.5,
    overlaid=0.5,
)


def test_windows_outside_the_share_stay_as_they_are():
    own, other = vary(np.random.default_rng(0), 4000, VARIATION)
    untouched = (own == np.eye(3)).all(axis=(1, 2))
    assert untouched.mean() == pytest.approx(0.6, abs=0.03)
    assert not other[untouched].any()


def test_of_the_changed_windows_the_asked_share_lies_over_another():
    own, other = vary(np.random.default_rng(1), 4000, VARIATION)
    changed = ~(own == np.eye(3)).all(axis=(1, 2))
    assert other[changed].any(axis=(1, 2)).mean() == pytest.approx(0.5, abs=0.05)


def test_equal_generators_do_the_same():
    one, again = (vary(np.random.default_rng(2), 5, VARIATION) for _ in range(2))
    np.testing.assert_array_equal(one, again)


def test_a_shift_turns_the_phase_of_every_window_and_of_all_its_components_alike():
    shifted = msgspec.structs.replace(VARIATION, share=0.0, shifted=True)
    own, other = vary(np.random.default_rng(3), 4000, shifted)
    phase = np.angle(own[:, 0, 0])
    np.testing.assert_allclose(own, np.exp(1j * phase)[:, None, None] * np.eye(3), atol=1e-12)
    quarters, _ = np.histogram(phase, 4, (-np.pi, np.pi))
    assert (abs(quarters - 1000) < 150).all()
    assert not other.any()


def test_noise_is_in_half_of_the_components_of_the_asked_share_of_windows():
    noisy = msgspec.structs.replace(VARIATION, noisy=0.4, noise_low=0.2, noise_high=1.5)
    level = noise_levels(np.random.default_rng(4), 4000, noisy)[:, 0]
    present = level[level > 0]
    assert (level > 0).mean() == pytest.approx(0.2, abs=0.02)
    assert (level > 0).any(axis=1).mean() == pytest.approx(0.4 * 7 / 8, abs=0.03)
    assert 0.2 <= present.min() < 0.21
    assert 1.4 < present.max() <= 1.5
    assert np.median(present) == pytest.approx((0.2 * 1.5) ** 0.5, rel=0.1)


def test_without_noise_in_the_recipe_there_is_none():
    assert not noise_levels(np.random.default_rng(5), 50, VARIATION).any()
