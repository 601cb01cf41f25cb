"""Wave packets of known strength and duration, laid where data are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import oaconvolve

from geofield.scoring.manifest import ModelWindow
from geofield.series.fir import bandpass_taps
from geofield.series.samples import Samples
from geofield.types import Float64, Int64
from training.evaluation.simulation import Stream
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


def free_slots(samples: Samples, duration: int, stream: Stream, apart: int, most: int) -> Int64:
    """Earliest onsets of packets of one duration: where data are, not across gaps.

    Data without a gap reach from the windows before the onset to the last one in which an alert
    counts as the packet's, also if the onset is an eighth of `apart` later.

    Parameters
    ----------
    samples
        The judged samples.
    duration
        Duration of the packets, in samples.
    stream
        Window and alert rule.
    apart
        Least distance of two slots, in samples.
    most
        Largest number of slots.

    Returns
    -------
    Positions in `samples`, ascending: [n].
    """
    before, after = around(duration, stream)
    after += apart // 8
    known = np.isfinite(samples.field_nt).all(axis=1)
    edges = np.flatnonzero(np.diff(known, prepend=False, append=False))
    slots: list[int] = []
    for begin, end in edges.reshape(-1, 2).tolist():
        first = max(begin + before, slots[-1] + apart if slots else 0)
        slots += range(first, end - after + 1, apart)
        if len(slots) >= most:
            break
    return np.array(slots[:most], dtype=np.int64)


def part_for(samples: Samples, slots: Sequence[Int64], apart: int) -> Samples:
    """The part of a stream up to the last slot, so that what follows costs nothing.

    Raises
    ------
    training.recipe.section.RecipeRefused
        If there is no slot.
    """
    if not any(map(len, slots)):
        raise RecipeRefused(
            f"{samples.station}: the judged days have no stretch without a gap that is long enough "
            "for a transient of any duration, so that none can be tried (promise.durations)"
        )
    last = max(int(onset[-1]) for onset in slots if len(onset))
    return samples.part(0, min(last + apart, len(samples)))


def draw_packets(
    slots: Int64,
    count: int,
    duration: int,
    window: ModelWindow,
    scale_nt: Sequence[float],
    packets: Packets,
) -> list[InjectedPackets]:
    """Draw a packet for each slot: oscillations and noise in turn, with a sine envelope.

    Parameters
    ----------
    slots
        Earliest onsets, from `free_slots`.
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
    Packets of each draw; the draws place them differently within an eighth of `apart` samples.
    """
    rng = np.random.default_rng([packets.seed, duration])
    return [
        _drawn(rng, slots, count, duration, window, scale_nt, packets.apart)
        for _ in range(packets.draws)
    ]


def _drawn(
    rng: np.random.Generator,
    slots: Int64,
    count: int,
    duration: int,
    window: ModelWindow,
    scale_nt: Sequence[float],
    apart: int,
) -> InjectedPackets:
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


def around(duration: int, stream: Stream) -> tuple[int, int]:
    """Samples before and after an onset that decide whether the packet opens an alert."""
    spec = stream.window
    return spec.samples + spec.half, reach_of(duration, stream) + spec.half


def reach_of(duration: int, stream: Stream) -> int:
    """Samples after the onset in which an alert counts as the packet's.

    They cover the last windows that contain the packet, and the alert rule's `n` windows.
    """
    return duration + stream.window.samples + stream.alert.n * stream.window.hop
