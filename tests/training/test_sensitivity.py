"""Packets in a stream: their strength in the band, whether they are found, and when they open."""

from dataclasses import replace

import numpy as np
import pytest

from geofield.alert import AlertRules
from geofield.fir import bandpass_taps
from geofield.indices import KpHistory
from geofield.manifest import ModelWindow
from geofield.samples import Samples
from tests.geofield.builders import START_MS, profile, spread
from training.half import half_interval, snr_half
from training.methods import Method
from training.sensitivity import Packets, lay, sensitivity
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
    laid = lay(6000, duration, WINDOW, SCALE_NT, PACKETS)[0]
    taps = bandpass_taps(WINDOW.low_hz, WINDOW.high_hz, 1.0, WINDOW.taps)
    assert len(laid.onset) == 9
    assert (np.diff(laid.onset) > duration + WINDOW.taps).all()
    for begin in laid.onset:
        alone = laid.field_nt[begin - 70 : begin + duration + 70]
        filtered = np.column_stack([np.convolve(alone[:, one], taps) for one in range(3)])
        assert np.abs(filtered).max() / SCALE_NT[0] == pytest.approx(1.0, rel=1e-6)


def test_strong_packets_open_alerts_soon_and_weak_ones_none():
    draws = lay(6000, 120, WINDOW, SCALE_NT, replace(PACKETS, draws=2))
    row = sensitivity(STREAM, METHOD, noise(6000), profile(), draws, PACKETS.snr)
    assert row.packets == 18
    assert row.found == [0.0, 1.0]
    assert row.delay_s[0] is None
    assert row.delay_s[1] is not None
    assert 0 < row.delay_s[1] <= 120 + 64
    assert row.snr_half is not None
    assert 1 < row.snr_half < 1000


def test_packets_in_gaps_are_left_out():
    draws = lay(6000, 120, WINDOW, SCALE_NT, PACKETS)
    onset = draws[0].onset[3]
    gap = slice(onset + 10, onset + 90)
    row = sensitivity(STREAM, METHOD, noise(6000, gap), profile(), draws, PACKETS.snr)
    assert row.packets == 8
    assert row.found == [0.0, 1.0]


def test_half_is_where_the_curve_crosses_on_a_logarithmic_scale():
    assert snr_half([1.0, 2.0, 4.0, 8.0], [0.0, 0.25, 0.75, 1.0]) == pytest.approx(2 * 2**0.5)
    assert snr_half([2.0, 4.0], [0.9, 1.0]) == 2.0
    assert snr_half([2.0, 4.0], [0.0, 0.4]) is None


def test_every_draw_lays_other_packets_and_the_first_is_that_of_a_single_one():
    once = lay(6000, 120, WINDOW, SCALE_NT, PACKETS)
    twice = lay(6000, 120, WINDOW, SCALE_NT, replace(PACKETS, draws=2))
    np.testing.assert_array_equal(twice[0].field_nt, once[0].field_nt)
    assert not np.array_equal(twice[0].field_nt, twice[1].field_nt)
    assert (np.abs(twice[0].onset - twice[1].onset) <= PACKETS.apart // 8).all()


def curves_of(thresholds):
    """At which of four strengths each packet is found, by the one that it takes: [4, packets]."""
    return np.array([1.0, 2.0, 4.0, 8.0])[:, None] >= np.asarray(thresholds)[None, :]


def test_the_interval_of_half_is_as_wide_as_the_places_differ():
    snr, rng = [1.0, 2.0, 4.0, 8.0], np.random.default_rng(1)
    takes = rng.choice([1.5, 3.0, 6.0], 300)
    many = half_interval(snr, curves_of(takes), np.arange(300))
    few = half_interval(snr, curves_of(takes[:20]), np.arange(20))
    one_background = half_interval(snr, curves_of(takes), np.arange(300) // 15)
    half = snr_half(snr, curves_of(takes).mean(axis=1).tolist())
    assert many[0] < half < many[1]
    assert few[1] - few[0] > 2 * (many[1] - many[0])
    assert one_background[0] < half < one_background[1]


def test_packets_of_one_place_count_as_one_trial():
    snr, takes = [1.0, 2.0, 4.0, 8.0], np.repeat([1.5, 6.0, 1.5, 6.0, 3.0, 3.0], 50)
    together = half_interval(snr, curves_of(takes), np.arange(300) // 50)
    alone = half_interval(snr, curves_of(takes), np.arange(300))
    assert together[1] - together[0] > 3 * (alone[1] - alone[0])


def test_an_end_of_the_interval_that_no_strength_reaches_is_none():
    takes = np.array([6.0] * 12 + [20.0] * 12)
    low, high = half_interval([1.0, 2.0, 4.0, 8.0], curves_of(takes), np.arange(24))
    assert low is not None
    assert high is None
    assert half_interval([1.0, 8.0], np.zeros((2, 0), dtype=bool), np.arange(0)) == (None, None)
