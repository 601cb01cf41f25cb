"""Injection of wave packets into a stream, to measure what alerts detect.

The injection benchmark judges single windows, but an operator sees alerts. This module adds packets
of known strength and duration to real samples of held-out days, runs the stream through the
worker's step, and reads the alert level around every packet. An alert opens when this level passes
the threshold, for any threshold, see `geofield.calibration.threshold.sustained`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import oaconvolve

from geofield.calibration.profile import StationProfile
from geofield.calibration.threshold import sustained
from geofield.scoring.manifest import ModelWindow
from geofield.series.fir import bandpass_taps
from geofield.series.samples import Samples
from geofield.types import Bool, Float64, Int64
from training.evaluation.injection.alert_levels import Levels
from training.evaluation.methods import Method
from training.evaluation.score_cache import ScoreCache
from training.evaluation.simulation import Stream, rmse_of
from training.recipe.section import RecipeRefused


@dataclass(frozen=True, slots=True)
class Packets:
    """Packets to inject.

    Attributes
    ----------
    durations
        Durations in samples.
    snr
        Signal/noise, ascending: peak after the filter over the station's scale, in the dominant
        component.
    apart
        Samples from one packet to the next; long enough for an alert to resolve.
    seed
        Seed of waveforms, directions and places.
    draws
        Number of independent draws of packets.
    """

    durations: Sequence[int]
    snr: Sequence[float]
    apart: int
    seed: int
    draws: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class InjectedPackets:
    """Packets of one duration along a stream.

    Attributes
    ----------
    field_nt
        Shape [n, 3]: field of the packets at signal/noise 1, in nT.
    onset
        Shape [m]: first sample of each packet.
    duration
        Duration in samples.
    """

    field_nt: Float64
    onset: Int64
    duration: int


def part_for(samples: Samples, packets: int, apart: int) -> Samples:
    """The part of a stream with room for `packets` packets in data without a gap.

    If there is less room, all samples from the first known one.

    Raises
    ------
    training.recipe.section.RecipeRefused
        If there is no room for one packet.
    """
    known: Bool = np.asarray(np.isfinite(samples.field_nt).all(axis=1))
    first = int(known.argmax())
    places = known[first:][: (len(known) - first) // apart * apart].reshape(-1, apart).all(axis=1)
    complete = np.flatnonzero(places)
    if not len(complete):
        raise RecipeRefused(
            f"{samples.station}: no {apart * samples.cadence_ms / 1000:,.0f} s of the judged days "
            "are without a gap, so that no transient can be tried (promise.apart)"
        )
    if len(complete) < packets:
        return samples.part(first, len(samples))
    return samples.part(first, first + int(complete[packets - 1] + 1) * apart)


def draw_packets(
    count: int, duration: int, window: ModelWindow, scale_nt: Sequence[float], packets: Packets
) -> list[InjectedPackets]:
    """Draw packets along `count` samples: oscillations and noise in turn, with a sine envelope.

    Parameters
    ----------
    count
        Samples of the stream.
    duration
        Duration of the packets in samples.
    window
        Window and band of the model.
    scale_nt
        Scale of the station, H, E, Z in nT.
    packets
        Distance, seed and number of draws.

    Returns
    -------
    Packets of each draw; the draws place them differently within the same segments of `apart`
    samples.
    """
    rng = np.random.default_rng([packets.seed, duration])
    return [
        _drawn(rng, count, duration, window, scale_nt, packets.apart) for _ in range(packets.draws)
    ]


def _drawn(
    rng: np.random.Generator,
    count: int,
    duration: int,
    window: ModelWindow,
    scale_nt: Sequence[float],
    apart: int,
) -> InjectedPackets:
    slots = np.arange(window.samples, count - apart, apart)
    onset = slots + rng.integers(0, max(apart // 8, 1), len(slots))
    field_nt = np.zeros((count, 3))
    for number, begin in enumerate(onset):
        packet_nt = _packet(rng, duration, window, number % 2 == 1)
        direction = rng.normal(size=3)
        added_nt = packet_nt[:, None] * direction / np.linalg.norm(direction)
        field_nt[begin : begin + duration] += added_nt / _in_band_snr(added_nt, window, scale_nt)
    return InjectedPackets(field_nt, onset, duration)


def _packet(rng: np.random.Generator, duration: int, window: ModelWindow, noise: bool) -> Float64:
    """A packet [duration] from the middle of the band, with at least a cycle and a half."""
    cadence_s = window.cadence_ms / 1000
    low_hz = max(1.6 * window.low_hz, 1.5 / (duration * cadence_s))
    frequency_hz = np.exp(rng.uniform(np.log(low_hz), np.log(0.8 * window.high_hz)))
    envelope = np.sin(np.pi * (np.arange(duration) + 0.5) / duration)
    if not noise:
        turns = frequency_hz * cadence_s * np.arange(duration)
        return np.asarray(envelope * np.sin(2 * np.pi * (turns + rng.uniform())))
    every_hz = np.fft.rfftfreq(duration, cadence_s)
    inside = (every_hz >= low_hz) & (every_hz <= 0.9 * window.high_hz)
    spectrum = np.fft.rfft(rng.normal(size=duration)) * inside
    return np.asarray(envelope * np.fft.irfft(spectrum, duration))


def _in_band_snr(added_nt: Float64, window: ModelWindow, scale_nt: Sequence[float]) -> float:
    taps = bandpass_taps(window.low_hz, window.high_hz, window.cadence_ms / 1000, window.taps)
    peak_nt = np.abs(oaconvolve(added_nt, taps[:, None], axes=0)).max(axis=0)
    dominant = int(peak_nt.argmax())
    return float(peak_nt[dominant] / scale_nt[dominant])


def levels(
    stream: Stream,
    method: Method,
    samples: Samples,
    profile: StationProfile,
    draws: Sequence[InjectedPackets],
    snr: Sequence[float],
) -> Levels:
    """Measure the alert levels that packets raise, without packets that lie near gaps.

    Parameters
    ----------
    stream, method, samples, profile
        Settings of the stream, the method, the samples and the profile; its threshold has no
        effect.
    draws
        Packets of one duration, from `draw_packets`; each draw runs through the stream by itself.
    snr
        Signal/noise of the packets, ascending.
    """
    cache = ScoreCache(method)
    end_ms, without = _followed(stream, cache.storing, samples, profile)

    def raised(injected: InjectedPackets, strength: float) -> Float64:
        field_nt = samples.field_nt + strength * injected.field_nt
        disturbed = Samples(samples.station, samples.start_ms, samples.cadence_ms, field_nt)
        return _followed(stream, cache.reusing, disturbed, profile)[1]

    parts = []
    for injected in draws:
        place = np.flatnonzero(_without_gap(injected, samples, stream))
        window, since_s = _after(injected.onset[place], injected.duration, samples, stream, end_ms)
        level = np.stack([raised(injected, strength)[window] for strength in snr])
        parts.append(Levels(place, since_s, without[window], level))
    return Levels.together(parts)


def _followed(
    stream: Stream, method: Method, samples: Samples, profile: StationProfile
) -> tuple[Int64, Float64]:
    """Ends and alert levels of all windows: [n] each."""
    scores, _ = stream.watch(method, samples, profile)
    end_ms = np.array([window.end_ms for window in scores])
    rmse = rmse_of(scores)
    known = np.isfinite(rmse)
    level = np.full(len(rmse), -np.inf)
    level[known] = sustained(
        end_ms[known], rmse[known], stream.window.hop_ms, stream.alert.k, stream.alert.n
    )
    return end_ms, level


def _without_gap(injected: InjectedPackets, samples: Samples, stream: Stream) -> Bool:
    """Whether each packet lies in data without gaps: [m]."""
    before = stream.window.samples + stream.window.half
    after = _reach(injected.duration, stream) + stream.window.half
    gap: Bool = np.asarray(np.isnan(samples.field_nt).any(axis=1))
    return np.array([not gap[max(at - before, 0) : at + after].any() for at in injected.onset])


def _after(
    onset: Int64, duration: int, samples: Samples, stream: Stream, end_ms: Int64
) -> tuple[Int64, Float64]:
    """Windows in which an alert counts as the packet's: indices and delays in s, [m, windows] each.

    The delay is from the onset to the end of the window; it is infinite beyond the reach of the
    packet.
    """
    reach = _reach(duration, stream)
    onset_ms = samples.start_ms + onset * samples.cadence_ms
    first = np.searchsorted(end_ms, onset_ms, side="right")
    window = first[:, None] + np.arange(-(-reach // stream.window.hop))
    window = window.clip(max=len(end_ms) - 1)
    since_ms = end_ms[window] - onset_ms[:, None]
    within = (since_ms > 0) & (since_ms <= reach * samples.cadence_ms)
    return window, np.where(within, since_ms / 1000, np.inf)


def _reach(duration: int, stream: Stream) -> int:
    """Samples after the onset in which an alert counts as the packet's.

    They cover the last windows that contain the packet, and the alert rule's `n` windows.
    """
    return duration + stream.window.samples + stream.alert.n * stream.window.hop
