"""What is found at the promised rate of false alarms: wave packets in a stream, the alert rule on.

The injection benchmark judges single windows; an operator lives with alerts. Here packets of known
strength and duration are added to real samples of held-out days, the stream runs through the
worker's step with a threshold calibrated on other days, and a packet counts as found when an alert
opens because of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import oaconvolve

from geofield.alert import Alert
from geofield.fir import bandpass_taps
from geofield.manifest import ModelWindow
from geofield.profile import StationProfile
from geofield.samples import Samples
from geofield.types import Bool, Float64, Int64
from training.evaluation import Sensitivity
from training.half import half_interval, snr_half
from training.methods import Method
from training.recall import Recall
from training.stream import Stream


@dataclass(frozen=True, slots=True)
class Packets:
    """Which packets are tried.

    Attributes
    ----------
    durations
        In samples.
    snr
        Peak after the filter over the station's scale, in the dominant component, ascending.
    apart
        Samples from one packet to the next; long enough for an alert to resolve.
    seed
        Of their waveforms, directions and places.
    draws
        How many times they are laid, each time others.
    """

    durations: Sequence[int]
    snr: Sequence[float]
    apart: int
    seed: int
    draws: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """Packets of signal/noise 1 along a stream.

    Attributes
    ----------
    field_nt
        Shape [n, 3]: what is added for signal/noise 1.
    onset
        Shape [m]: sample at which each begins.
    duration
        In samples.
    """

    field_nt: Float64
    onset: Int64
    duration: int


def lay(
    count: int, duration: int, window: ModelWindow, scale_nt: Sequence[float], packets: Packets
) -> list[Laid]:
    """Packets along `count` samples: by turns an oscillation and noise, under a sine envelope.

    Returns
    -------
    One for each draw: others, each within the same stretch of `apart` samples.
    """
    rng = np.random.default_rng([packets.seed, duration])
    return [
        _laid(rng, count, duration, window, scale_nt, packets.apart) for _ in range(packets.draws)
    ]


def _laid(
    rng: np.random.Generator,
    count: int,
    duration: int,
    window: ModelWindow,
    scale_nt: Sequence[float],
    apart: int,
) -> Laid:
    slots = np.arange(window.samples, count - apart, apart)
    onset = slots + rng.integers(0, max(apart // 8, 1), len(slots))
    field_nt = np.zeros((count, 3))
    for number, begin in enumerate(onset):
        packet_nt = _packet(rng, duration, window, number % 2 == 1)
        direction = rng.normal(size=3)
        added_nt = packet_nt[:, None] * direction / np.linalg.norm(direction)
        field_nt[begin : begin + duration] += added_nt / _in_band_snr(added_nt, window, scale_nt)
    return Laid(field_nt, onset, duration)


def _packet(rng: np.random.Generator, duration: int, window: ModelWindow, noise: bool) -> Float64:
    """One packet of the middle of the band, where any of its durations holds a cycle or more."""
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


def sensitivity(
    stream: Stream,
    method: Method,
    samples: Samples,
    profile: StationProfile,
    draws: Sequence[Laid],
    snr: Sequence[float],
) -> Sensitivity:
    """Share of packets found, for each signal/noise.

    Packets whose place is without data, or in an alert that opens without them, are left out: what
    they would have done cannot be told.

    Parameters
    ----------
    stream, method, samples, profile
        What watches, and what is watched.
    draws
        Packets of one duration, from `lay`; each draw goes through the stream by itself.
    snr
        Strengths, ascending.
    """
    recall = Recall(method)
    _, own = stream.watch(recall.learning, samples, profile)
    usable = [_undisturbed(laid, samples, own, stream) for laid in draws]
    place = np.concatenate([np.flatnonzero(alone) for alone in usable])

    def delay_s(laid: Laid, strength: float) -> Float64:
        field_nt = samples.field_nt + strength * laid.field_nt
        disturbed = Samples(samples.station, samples.start_ms, samples.cadence_ms, field_nt)
        _, opened = stream.watch(recall.recalling, disturbed, profile)
        return _delay_s(laid, samples, opened, stream)

    every_s = [[delay_s(laid, strength) for laid in draws] for strength in snr]
    delays_s = np.array([np.concatenate(one) for one in every_s])[:, np.concatenate(usable)]
    found = np.isfinite(delays_s)
    shares = (found.sum(axis=1) / max(len(place), 1)).tolist()
    return Sensitivity(
        method=method.name,
        duration_s=draws[0].duration * samples.cadence_ms / 1000,
        packets=len(place),
        snr=list(snr),
        found=shares,
        delay_s=[_median(row[np.isfinite(row)]) for row in delays_s],
        snr_half=snr_half(snr, shares),
        snr_half_interval=half_interval(snr, found, place),
    )


def _median(values: Float64) -> float | None:
    return float(np.median(values)) if len(values) else None


def _undisturbed(laid: Laid, samples: Samples, own: list[Alert], stream: Stream) -> Bool:
    """Which packets lie in data without gaps where no alert opens without them: [m]."""
    before = stream.window.samples + stream.window.half
    after = _reach(laid, stream) + stream.window.half
    gap: Bool = np.asarray(np.isnan(samples.field_nt).any(axis=1))
    whole = [not gap[max(at - before, 0) : at + after].any() for at in laid.onset]
    alone = np.isinf(_delay_s(laid, samples, own, stream))
    return np.logical_and(whole, alone)


def _delay_s(laid: Laid, samples: Samples, opened: list[Alert], stream: Stream) -> Float64:
    """From each onset to the end of the window that opened an alert: [m], infinite for none."""
    ends_ms = np.array([alert.decided_ms - stream.window.decision_delay_ms for alert in opened])
    onset_ms = samples.start_ms + laid.onset * samples.cadence_ms
    since_ms = ends_ms[None, :] - onset_ms[:, None]
    reach_ms = _reach(laid, stream) * samples.cadence_ms
    since_s = np.where((since_ms > 0) & (since_ms <= reach_ms), since_ms / 1000, np.inf)
    return np.asarray(since_s.min(axis=1, initial=np.inf))


def _reach(laid: Laid, stream: Stream) -> int:
    """Samples after the onset in which an alert is the packet's: the last windows that see it."""
    return laid.duration + stream.window.samples + stream.alert.n * stream.window.hop
