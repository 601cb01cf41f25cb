"""Filters for faster data: their gains are what the documents state, and gaps follow one rule."""

import numpy as np
import pytest
from scipy.signal import freqz

from geofield.series.low_pass import LowPass, low_pass


def chosen(from_ms: int, to_ms: int) -> LowPass:
    chosen_filter = low_pass(from_ms, to_ms)
    assert chosen_filter is not None
    return chosen_filter


def gain(filter_: LowPass, frequencies_hz: list[float]) -> np.ndarray:
    _, response = freqz(filter_.weights, worN=frequencies_hz, fs=1000 / filter_.from_ms)
    return np.abs(response)


def test_the_minute_has_intermagnets_weights() -> None:
    weights = chosen(1000, 60_000).weights
    assert len(weights) == 91
    # the Gaussian of the Technical Reference Manual, 15.8734 s wide, at the centre and its ends
    assert weights[45] == pytest.approx(0.0252374, abs=1e-7)
    assert weights[0] / weights[45] == pytest.approx(np.exp(-0.5 * (45 / 15.8734) ** 2))
    assert len(chosen(5000, 60_000).weights) == 19
    gains = gain(chosen(1000, 60_000), [0.003, 1 / 120])
    np.testing.assert_allclose(gains, [0.958, 0.714], atol=0.001)


@pytest.mark.parametrize("from_ms", [500, 200, 100, 50, 10])
def test_the_gain_to_seconds_is_the_one_that_is_stated(from_ms: int) -> None:
    filter_ = chosen(from_ms, 1000)
    assert filter_.half_ms == 10_000
    assert gain(filter_, list(np.linspace(0, 0.25, 200))) == pytest.approx(1, abs=0.0002)
    assert gain(filter_, [0.375]) == pytest.approx(0.5, abs=1e-3)
    assert gain(filter_, list(np.linspace(0.5, 500 / from_ms, 500))).max() < 0.0002


@pytest.mark.parametrize("step", [(100, 1000), (1000, 60_000), (100, 60_000)])
def test_level_and_trend_stay_as_they_are(step: tuple[int, int]) -> None:
    filter_ = chosen(*step)
    ratio = filter_.to_ms // filter_.from_ms
    ramp = 48_000 + 0.001 * np.arange(4 * ratio + 2 * filter_.half + 1)
    expected = ramp[filter_.half :: ratio][:5]
    np.testing.assert_allclose(filter_.filtered(ramp), expected, rtol=0, atol=1e-9)


def test_a_tone_above_the_band_is_gone_and_not_folded_into_it() -> None:
    filter_ = chosen(100, 1000)
    tone = np.sin(2 * np.pi * 0.98 * np.arange(6000) / 10)  # picked samples would show 0.02 Hz
    assert np.ptp(tone[::10]) > 1.9
    assert np.abs(filter_.filtered(tone)).max() < 0.0002


def test_a_tenth_of_the_weights_may_be_missing() -> None:
    filter_ = chosen(1000, 60_000)
    values = np.full(91, 21_000.0)
    for missing in (3, 4):  # at the centre each has 2.5 % of the weights
        with_gap = values.copy()
        with_gap[44 : 44 + missing] = np.nan
        (filtered,) = filter_.filtered(with_gap)
        assert np.isnan(filtered) == (missing == 4)
        assert missing == 4 or filtered == pytest.approx(21_000)
    values[:18] = values[-18:] = np.nan  # the ends of the bell weigh 8.4 % together
    assert filter_.filtered(values) == pytest.approx(21_000)


@pytest.mark.parametrize(
    "pair", [(1000, 1000), (60_000, 1000), (700, 1000), (10_000, 60_000), (1000, 5000), (0, 1000)]
)
def test_there_is_no_filter_for_other_pairs(pair: tuple[int, int]) -> None:
    assert low_pass(*pair) is None
