"""Packets in a stream: their strength in the band, whether they are found, and when they open."""

from dataclasses import replace

import numpy as np
import pytest

from geofield.alerts.alert import AlertRules
from geofield.calibration.threshold import Peaks, fit_tail
from geofield.indices import IndexHistory
from geofield.scoring.manifest import ModelWindow
from geofield.series.fir import bandpass_taps
from geofield.series.samples import Samples
from tests.geofield.builders import START_MS, profile, spread
from training.evaluation.injection.alert_levels import Levels
from training.evaluation.injection.alerts import levels
from training.evaluation.injection.packets import Packets, draw_packets, free_slots, part_for
from training.evaluation.injection.snr50 import half_interval, other_tails, snr_half
from training.evaluation.methods import Method
from training.evaluation.simulation import Stream
from training.recipe.section import RecipeRefused

WINDOW = ModelWindow(cadence_ms=1000, samples=64, hop=16, taps=65, step=1, low_hz=0.02, high_hz=0.2)
SCALE_NT = (0.1, 0.1, 0.1)
PACKETS = Packets(durations=[40, 120], snr=[1.0, 1000.0], apart=600, seed=1)
STREAM = Stream(WINDOW.spec(lateness=0), AlertRules(k=3, n=4, cooldown_ms=0), IndexHistory())
# Nothing but the spread of the raw window: loud enough packets are seen, and noise is not.
METHOD = Method("spread", spread, is_error=False)


def noise(count, gap=slice(0, 0)):
    field_nt = np.random.default_rng(0).normal(0, 0.05, (count, 3))
    field_nt[gap] = np.nan
    return Samples("WIC", START_MS, 1000, field_nt)


def drawn(count, duration=120, packets=PACKETS):
    """Packets in a stream without gaps."""
    slots = np.arange(WINDOW.samples, count - packets.apart, packets.apart)
    return draw_packets(slots, count, duration, WINDOW, SCALE_NT, packets)


@pytest.mark.parametrize("duration", PACKETS.durations)
def test_packets_have_signal_to_noise_one_in_the_band_and_do_not_touch(duration):
    injected = drawn(6000, duration)[0]
    taps = bandpass_taps(WINDOW.low_hz, WINDOW.high_hz, 1.0, WINDOW.taps)
    assert len(injected.onset) == 9
    assert (np.diff(injected.onset) > duration + WINDOW.taps).all()
    for begin in injected.onset:
        alone = injected.field_nt[begin - 70 : begin + duration + 70]
        filtered = np.column_stack([np.convolve(alone[:, one], taps) for one in range(3)])
        assert np.abs(filtered).max() / SCALE_NT[0] == pytest.approx(1.0, rel=1e-6)


def raised(samples, draws, snr=PACKETS.snr):
    def scored(field_nt, scale_nt):
        return {METHOD.name: METHOD.reconstruct(field_nt, scale_nt).rmse}

    return levels(STREAM, scored, samples, profile().scale_nt, draws, snr)[METHOD.name]


def test_strong_packets_open_alerts_soon_and_weak_ones_none():
    draws = drawn(6000, packets=replace(PACKETS, draws=2))
    found = raised(noise(6000), draws).detected(profile().threshold)
    assert len(found.place) == 18
    assert found.shares == [0.0, 1.0]
    assert np.isinf(found.delay_s[0]).all()
    assert (found.delay_s[1] > 0).all()
    assert (found.delay_s[1] <= 120 + 64).all()


@pytest.mark.parametrize("strength", [4.0, 6.0, 10.0])
def test_alerts_open_where_the_level_passes_the_threshold(strength):
    (injected,) = drawn(30_000)
    samples = noise(30_000, slice(9000, 9020))
    reached = raised(samples, [injected], [strength])
    threshold = float(np.median(reached.with_packet.max(axis=2)))
    found = reached.detected(threshold)
    assert 0.2 < found.shares[0] < 0.8

    disturbed = replace(samples, field_nt=samples.field_nt + strength * injected.field_nt)
    _, opened = STREAM.watch(METHOD, disturbed, replace(profile(), threshold=threshold))
    ends_ms = np.array([one.decided_ms - STREAM.window.decision_delay_ms for one in opened])
    onset_ms = START_MS + 1000 * injected.onset[found.place[np.isfinite(found.delay_s[0])]]
    delay_ms = 1000 * found.delay_s[0][np.isfinite(found.delay_s[0])]
    np.testing.assert_array_equal(ends_ms, onset_ms + delay_ms)


REACH = WINDOW.samples + WINDOW.taps // 2, 120 + WINDOW.samples + 4 * WINDOW.hop + WINDOW.taps // 2


def slots(samples, most=1000):
    return free_slots(samples, 120, STREAM, PACKETS.apart, most)


def test_packets_are_laid_where_data_are():
    before, after = REACH
    samples = noise(6000, slice(0, 1234))
    first = 1234 + before
    last = 6000 - after - PACKETS.apart // 8
    assert slots(samples).tolist() == list(range(first, last + 1, PACKETS.apart))
    assert slots(samples, most=3).tolist() == [first, first + 600, first + 1200]


def test_packets_are_not_laid_across_gaps_and_gaps_cost_no_more_than_they_must():
    before, after = REACH
    room = before + after + PACKETS.apart // 8
    samples = noise(6000)
    gaps = range(0, 6000, room + 1)
    samples.field_nt[gaps] = np.nan
    onsets = slots(samples)
    assert set((onsets - before - 1).tolist()) <= set(gaps)
    assert (np.diff(onsets) >= PACKETS.apart).all()
    assert len(onsets) > 6000 // 1200
    (injected,) = draw_packets(onsets, 6000, 120, WINDOW, SCALE_NT, PACKETS)
    assert len(raised(samples, [injected]).place) == len(onsets)
    samples.field_nt[gaps.start :: room] = np.nan
    assert not len(slots(samples))


def test_the_stream_ends_after_its_last_packet():
    samples = noise(6000)
    part = part_for(samples, [slots(samples, most=2)], PACKETS.apart)
    assert len(part) == slots(samples, most=2)[-1] + PACKETS.apart
    assert part.field_nt.base is samples.field_nt
    with pytest.raises(RecipeRefused, match="WIC: the judged days have no stretch without a gap"):
        part_for(samples, [np.array([], np.int64)], PACKETS.apart)


def test_packets_in_gaps_are_left_out():
    draws = drawn(6000)
    onset = draws[0].onset[3]
    gap = slice(onset + 10, onset + 90)
    found = raised(noise(6000, gap), draws).detected(profile().threshold)
    assert 3 not in found.place
    assert found.shares == [0.0, 1.0]
    assert len(found.place) == 8


def test_packets_in_an_alert_of_its_own_are_left_out():
    draws = drawn(6000)
    onset = draws[0].onset[3]
    loud = noise(6000)
    loud.field_nt[onset : onset + 200] *= 1000
    found = raised(loud, draws).detected(profile().threshold)
    assert 3 not in found.place
    assert len(found.place) == 8


def test_half_is_where_the_curve_crosses_on_a_logarithmic_scale():
    assert snr_half([1.0, 2.0, 4.0, 8.0], [0.0, 0.25, 0.75, 1.0]) == pytest.approx(2 * 2**0.5)
    assert snr_half([2.0, 4.0], [0.9, 1.0]) == 2.0
    assert snr_half([2.0, 4.0], [0.0, 0.4]) is None


def test_every_draw_lays_other_packets_and_the_first_is_that_of_a_single_one():
    once = drawn(6000)
    twice = drawn(6000, packets=replace(PACKETS, draws=2))
    np.testing.assert_array_equal(twice[0].field_nt, once[0].field_nt)
    assert not np.array_equal(twice[0].field_nt, twice[1].field_nt)
    assert (np.abs(twice[0].onset - twice[1].onset) <= PACKETS.apart // 8).all()


SNR = [1.0, 2.0, 4.0, 8.0]
ALWAYS = np.full(400, 0.5)  # the same threshold, whatever days calibrate it


def levels_of(takes, place=None):
    """At one window each, packets pass every threshold below 1 from the strength that they take.

    Weaker ones reach nothing.
    """
    takes = np.asarray(takes)
    level = 1.0 * (np.array(SNR)[:, None] >= takes)
    return Levels(
        np.arange(len(takes)) if place is None else place,
        np.ones((len(takes), 1)),
        np.zeros((len(takes), 1)),
        level[:, :, None],
    )


def test_the_interval_of_half_is_as_wide_as_the_places_differ():
    takes = np.random.default_rng(1).choice([1.5, 3.0, 6.0], 300)
    many = half_interval(SNR, levels_of(takes), ALWAYS)
    few = half_interval(SNR, levels_of(takes[:20]), ALWAYS)
    one_background = half_interval(SNR, levels_of(takes, np.arange(300) // 15), ALWAYS)
    half = snr_half(SNR, levels_of(takes).detected(0.5).shares)
    assert many[0] < half < many[1]
    assert few[1] - few[0] > 2 * (many[1] - many[0])
    assert one_background[0] < half < one_background[1]


def test_packets_of_one_place_count_as_one_trial():
    takes = np.repeat([1.5, 6.0, 1.5, 6.0, 3.0, 3.0] * 2, 25)
    together = half_interval(SNR, levels_of(takes, np.arange(300) // 25), ALWAYS)
    alone = half_interval(SNR, levels_of(takes), ALWAYS)
    assert together[1] - together[0] > 3 * (alone[1] - alone[0])


def test_the_interval_holds_how_well_the_threshold_is_known():
    # every packet raises its strength, so that half are found at the threshold itself
    level = np.repeat(np.array(SNR)[:, None, None], 300, axis=1)
    one = Levels(np.arange(300), np.ones((300, 1)), np.zeros((300, 1)), level)
    known = half_interval(SNR, one, np.full(400, 3.0))
    unsure = half_interval(SNR, one, np.linspace(0.5, 7.0, 400))
    assert known == (snr_half(SNR, one.detected(3.0).shares),) * 2
    assert unsure[0] < known[0] < unsure[1]


def test_tails_of_other_days_scatter_as_thresholds_of_other_days_do():
    rng = np.random.default_rng(3)

    def peaks():
        return Peaks(1.0, np.arange(100), 1.0 + rng.exponential(0.3, 100), 8.0)

    resampled = [one.score_once_in(30.0) for one in other_tails(peaks())]
    again = [fit_tail(peaks()).score_once_in(30.0) for _ in range(100)]
    assert np.std(resampled) == pytest.approx(np.std(again), rel=0.5)


def test_an_end_of_the_interval_that_no_strength_reaches_is_none():
    low, high = half_interval(SNR, levels_of([6.0] * 12 + [20.0] * 12), ALWAYS)
    assert low is not None
    assert high is None


@pytest.mark.parametrize("places", [0, 1, 9])
def test_few_places_make_no_interval(places):
    assert half_interval(SNR, levels_of([3.0] * places), ALWAYS) is None
    assert half_interval(SNR, levels_of([3.0] * 10, np.arange(10) % (places or 1)), ALWAYS) is None


def test_a_lower_threshold_finds_more_and_leaves_out_more():
    takes = np.full(10, 3.0)
    one = levels_of(takes)
    one.without[:4] = 0.3
    promised, often = one.detected(0.5), one.detected(0.2)
    assert (len(promised.place), len(often.place)) == (10, 6)
    assert promised.shares == often.shares == [0.0, 0.0, 1.0, 1.0]
    assert one.detected(2.0).shares == [0.0, 0.0, 0.0, 0.0]
