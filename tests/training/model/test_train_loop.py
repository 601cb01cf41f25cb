"""What the training loop shows a network: the strength of the transients that it adds."""

import numpy as np
import pytest
from msgspec.structs import replace

from training.model.train_loop import _Batches
from training.pipelines.prepared_data import prepare
from training.recipe.recipe import load_recipe

FILTERED_AWAY = 0.5  # of the lowest signal/noise: so weak is what lies outside the band, or is cut


@pytest.fixture(scope="module")
def bench(folder):
    return prepare(load_recipe(folder / "tiny.toml"), folder, "cpu")


def signal_to_noise(bench, in_band):
    """Peak of what was added after the filter, in the component that is dominant: [n]."""
    recipe = replace(bench.recipe, seismic=replace(bench.recipe.seismic, in_band=in_band))
    batches = _Batches(bench.material, recipe, np.random.default_rng(1))
    pairs = [batches.draw(with_seismic=True) for _ in range(8)]
    added = np.concatenate([(seismic - windows).numpy() for windows, seismic in pairs])
    peak_nt = np.abs(added).max(axis=1) * np.array(bench.material.scale_nt)
    dominant = peak_nt.argmax(axis=1)
    return np.abs(added).max(axis=1)[np.arange(len(added)), dominant]


def test_in_band_strengths_are_those_of_the_recipe_after_the_filter(bench):
    low, high = bench.recipe.seismic.snr_low, bench.recipe.seismic.snr_high
    strength = signal_to_noise(bench, in_band=True)
    assert strength.min() > FILTERED_AWAY * low
    assert np.quantile(strength, 0.1) >= low
    assert strength.max() <= high * 1.001


def test_otherwise_some_transients_are_hardly_there(bench):
    strength = signal_to_noise(bench, in_band=False)
    assert strength.min() < FILTERED_AWAY * bench.recipe.seismic.snr_low
