"""What is found at the promised rate of false alarms: wave packets in a stream, the alert rule on.

The injection benchmark judges single windows; an operator lives with alerts. Here packets of known
strength and duration are added to real samples of held-out days, the stream runs through the
worker's step, and the level that its alert rule reacts to is read around every packet: an alert
opens when this passes the threshold, whichever that is (`geofield.threshold.sustained`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import oaconvolve

from geofield.fir import bandpass_taps
from geofield.manifest import ModelWindow
from geofield.profile import StationProfile
from geofield.samples import Samples
from geofield.threshold import sustained
from geofield.types import Bool, Float64, Int64
from training.levels import Levels
from training.methods import Method
from training.recall import Recall
from training.stream import Stream, rmse_of


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


def levels(
    stream: Stream,
    method: Method,
    samples: Samples,
    profile: StationProfile,
    draws: Sequence[Laid],
    snr: Sequence[float],
) -> Levels:
    """What packets raise at each signal/noise, those whose place lacks data left out.

    Parameters
    ----------
    stream, method, samples, profile
        What watches, and what is watched; the threshold of the profile plays no part.
    draws
        Packets of one duration, from `lay`; each draw goes through the stream by itself.
    snr
        Strengths, ascending.
    """
    recall = Recall(method)
    end_ms, own = _followed(stream, recall.learning, samples, profile)

    def raised(laid: Laid, strength: float) -> Float64:
        field_nt = samples.field_nt + strength * laid.field_nt
        disturbed = Samples(samples.station, samples.start_ms, samples.cadence_ms, field_nt)
        return _followed(stream, recall.recalling, disturbed, profile)[1]

    parts = []
    for laid in draws:
        place = np.flatnonzero(_whole(laid, samples, stream))
        window, since_s = _after(laid.onset[place], laid.duration, samples, stream, end_ms)
        level = np.stack([raised(laid, strength)[window] for strength in snr])
        parts.append(Levels(place, since_s, own[window], level))
    return Levels.together(parts)


def _followed(
    stream: Stream, method: Method, samples: Samples, profile: StationProfile
) -> tuple[Int64, Float64]:
    """Ends [n] of all windows, and the level that the alert rule reacts to at each."""
    scores, _ = stream.watch(method, samples, profile)
    end_ms = np.array([one.end_ms for one in scores])
    rmse = rmse_of(scores)
    hop_ms = stream.window.hop * samples.cadence_ms
    known = np.isfinite(rmse)
    level = np.full(len(rmse), -np.inf)
    level[known] = sustained(end_ms[known], rmse[known], hop_ms, stream.alert.k, stream.alert.n)
    return end_ms, level


def _whole(laid: Laid, samples: Samples, stream: Stream) -> Bool:
    """Which packets lie in data without gaps: [m]."""
    before = stream.window.samples + stream.window.half
    after = _reach(laid.duration, stream) + stream.window.half
    gap: Bool = np.asarray(np.isnan(samples.field_nt).any(axis=1))
    return np.array([not gap[max(at - before, 0) : at + after].any() for at in laid.onset])


def _after(
    onset: Int64, duration: int, samples: Samples, stream: Stream, end_ms: Int64
) -> tuple[Int64, Float64]:
    """Windows at which an alert is the packet's, and their ends after its onset: both [m, windows].

    Those beyond its reach are infinitely late.
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
    """Samples after the onset in which an alert is the packet's: the last windows that see it."""
    return duration + stream.window.samples + stream.alert.n * stream.window.hop
