import numpy as np
import pytest

from geofield.series.fir import bandpass_taps, gain

TAPS = bandpass_taps(0.005, 0.1, cadence_s=1.0, taps=385)


def test_passes_neither_a_level_nor_a_linear_trend() -> None:
    ramp = np.arange(1000.0)
    assert abs(TAPS.sum()) < 1e-9
    assert np.abs(np.convolve(np.full(1000, 50_000.0), TAPS, mode="valid")).max() < 1e-9
    assert np.abs(np.convolve(ramp, TAPS, mode="valid")).max() < 1e-9


def test_is_symmetric_so_that_it_delays_all_frequencies_alike() -> None:
    np.testing.assert_array_equal(TAPS, TAPS[::-1])


@pytest.mark.parametrize(
    ("frequency_hz", "at_most_db"),
    [(1 / 86_400, -100.0), (0.001, -30.0), (0.15, -60.0), (0.4, -60.0)],
)
def test_stops_what_lies_outside_the_band(frequency_hz: float, at_most_db: float) -> None:
    assert 20 * np.log10(gain(TAPS, frequency_hz, 1.0)) <= at_most_db


@pytest.mark.parametrize("frequency_hz", [0.01, 0.02236, 0.05, 0.08])
def test_passes_the_band_unchanged(frequency_hz: float) -> None:
    assert gain(TAPS, frequency_hz, 1.0) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("taps", [2, 256, 1])
def test_refuses_a_length_without_a_middle(taps: int) -> None:
    with pytest.raises(ValueError, match="odd"):
        bandpass_taps(0.005, 0.1, 1.0, taps)


@pytest.mark.parametrize("band", [(0.1, 0.005), (0.0, 0.1), (0.1, 0.6)])
def test_refuses_a_band_that_cannot_be(band: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="Hz"):
        bandpass_taps(*band, 1.0, 257)
