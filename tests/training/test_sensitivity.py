"""Packets in a stream: their strength in the band, whether they are found, and when they open."""

import numpy as np
import pytest

from geofield.alert import AlertRules
from geofield.fir import bandpass_taps
from geofield.indices import KpHistory
from geofield.manifest import ModelWindow
from geofield.samples import Samples
from tests.geofield.builders import START_MS, profile, spread
from training.methods import Method
from training.sensitivity import Packets, lay, sensitivity, snr_half
from training.stream import Stream

WINDOW = ModelWindow(cadence_ms=1000, samples=64, hop=16, taps=65, step=1, low_hz=0.02, high_hz=0.2)
SCALE_NT = (0.1, 0.1, 0.1)
PACKETS = Packets(durations=[40, 120], snr=[1.0, 1000.0], apart=600, seed=1)
STREAM = Stream(WINDOW.spec(lateness=0), AlertRules(k=3, n=4, cooldown_ms=0), KpHistory())
# Nothing but the spread of the raw window: loud enough packets are seen, and noise is not.
METHOD = Method("spread", spread, is_error=False)


def noise(count, gap=slice(0, 0)):
    field_nt = np.random.default_rng(0).normal(0, 0.05, (count, 3))
    field_nt[gap] = np.nan
    return Samples("WIC", START_MS, 1000, field_nt)


@pytest.mark.parametrize("duration", PACKETS.durations)
def test_packets_have_signal_to_noise_one_in_the_band_and_do_not_touch(duration):
    laid = lay(6000, duration, WINDOW, SCALE_NT, PACKETS)
    taps = bandpass_taps(WINDOW.low_hz, WINDOW.high_hz, 1.0, WINDOW.taps)
    assert len(laid.onset) == 9
    assert (np.diff(laid.onset) > duration + WINDOW.taps).all()
    for begin in laid.onset:
        alone = laid.field_nt[begin - 70 : begin + duration + 70]
        filtered = np.column_stack([np.convolve(alone[:, one], taps) for one in range(3)])
        assert np.abs(filtered).max() / SCALE_NT[0] == pytest.approx(1.0, rel=1e-6)


def test_strong_packets_open_alerts_soon_and_weak_ones_none():
    laid = lay(6000, 120, WINDOW, SCALE_NT, PACKETS)
    row = sensitivity(STREAM, METHOD, noise(6000), profile(), laid, PACKETS.snr)
    assert row.packets == 9
    assert row.found == [0.0, 1.0]
    assert row.delay_s[0] is None
    assert row.delay_s[1] is not None
    assert 0 < row.delay_s[1] <= 120 + 64
    assert row.snr_half is not None
    assert 1 < row.snr_half < 1000


def test_packets_in_gaps_are_left_out():
    laid = lay(6000, 120, WINDOW, SCALE_NT, PACKETS)
    gap = slice(laid.onset[3] + 10, laid.onset[3] + 90)
    row = sensitivity(STREAM, METHOD, noise(6000, gap), profile(), laid, PACKETS.snr)
    assert row.packets == 8
    assert row.found == [0.0, 1.0]


def test_half_is_where_the_curve_crosses_on_a_logarithmic_scale():
    assert snr_half([1.0, 2.0, 4.0, 8.0], [0.0, 0.25, 0.75, 1.0]) == pytest.approx(2 * 2**0.5)
    assert snr_half([2.0, 4.0], [0.9, 1.0]) == 2.0
    assert snr_half([2.0, 4.0], [0.0, 0.4]) is None
