"""Synthetic ULF transients: the seismic class if there are no labelled records.

They are not claimed to be earthquake precursors. The families are generic short signals in the band
and a few instrument faults, linearly polarized, to judge a model and its controls where the truth
is known. Seconds and hertz hold at one sample a second; at another cadence all times scale with it.
The docstrings of the families are their definitions in the model card.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from geofield.types import Float64

Generator = np.random.Generator
_Shape = Callable[[Generator, int, Float64, float, bool], Float64]
_ONSET_RAMP_S = 4.0  # without a ramp the onset is a step, with most of its power outside the band


@dataclass(frozen=True, slots=True)
class Frame:
    """Position of the window in its samples.

    Attributes
    ----------
    samples
        Length of the window after the filter.
    margin
        Samples on either side for the filter only.
    """

    samples: int
    margin: int

    @property
    def time_s(self) -> Float64:
        """Time from the begin of the window: [span], in seconds at one sample a second."""
        return np.arange(-self.margin, self.samples + self.margin, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Transients:
    """One linearly polarized transient for each window.

    Attributes
    ----------
    waveform
        Shape [n, span]: largest absolute value 1.
    direction
        Shape [n, 3]: unit vector in H, E, Z.
    amplitude_nt
        Shape [n]: peak of the vector, in nT.
    """

    waveform: Float64
    direction: Float64
    amplitude_nt: Float64

    def vector_nt(self) -> Float64:
        """Amplitude along H, E and Z: [n, 3] in nT."""
        return self.direction * self.amplitude_nt[:, None]

    def field_nt(self) -> Float64:
        """Field to add to the raw field: [n, span, 3] in nT."""
        return self.waveform[:, :, None] * self.vector_nt()[:, None, :]


def draw(
    rng: Generator,
    family: str,
    snr: Float64,
    scale_nt: Sequence[float] | Float64,
    frame: Frame,
    anywhere: bool = False,
    polarization: str = "random",
) -> Transients:
    """Draw one transient for each entry of `snr`.

    Signal/noise is the peak of the transient before any filter over `scale_nt`, in the dominant
    component (that with the largest peak in nT). The injection benchmark scales transients again by
    their peak after the filter, see `training.evaluation.injection.windows`.

    Parameters
    ----------
    rng
        Source of all randomness; equal generators give equal transients.
    family
        A key of `FAMILIES`.
    snr
        Shape [n]: signal/noise.
    scale_nt
        Robust standard deviation of the station's band-passed H, E, Z, in nT: [3], or [n, 3] if
        windows are of different stations.
    frame
        The window.
    anywhere
        True in training: an edge of the window may cut transients, so that the network cannot rely
        on their place. False in judgement: transients lie mostly inside.
    polarization
        A key of `POLARIZATIONS`, or ``any`` for all with equal chances. The family ``z-pulse`` is
        always vertical.

    Raises
    ------
    KeyError
        If the family or the polarization is unknown.
    """
    shape = FAMILIES[family](rng, len(snr), frame.time_s, float(frame.samples), anywhere)
    waveform = shape / np.abs(shape).max(axis=1, keepdims=True)
    spread = _spread(rng, "vertical" if family == "z-pulse" else polarization, len(snr))
    direction = rng.normal(size=(len(snr), 3)) * spread
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    dominant = np.abs(direction).argmax(axis=1)
    rows = np.arange(len(snr))
    share = np.abs(direction[rows, dominant])
    unit_nt = np.broadcast_to(np.asarray(scale_nt), direction.shape)[rows, dominant]
    amplitude_nt = snr * unit_nt / share
    return Transients(waveform, direction, amplitude_nt)


# Standard deviation of H, E and Z of the vector before normalisation.
POLARIZATIONS = {
    "random": np.array([1.0, 1.0, 1.0]),
    "horizontal": np.array([1.0, 1.0, 0.1]),
    "vertical": np.array([0.1, 0.1, 1.0]),
}


def _spread(rng: Generator, polarization: str, count: int) -> Float64:
    if polarization != "any":
        return POLARIZATIONS[polarization]
    kinds = np.array(list(POLARIZATIONS.values()))
    return np.asarray(kinds[rng.integers(0, len(kinds), count)])


def _uniform(rng: Generator, low: float, high: float, count: int) -> Float64:
    return rng.uniform(low, high, (count, 1))


def _log_uniform(rng: Generator, low: float, high: float, count: int) -> Float64:
    return np.exp(_uniform(rng, np.log(low), np.log(high), count))


def _centre_s(rng: Generator, count: int, length_s: float, anywhere: bool) -> Float64:
    low, high = (0.08, 0.92) if anywhere else (0.3, 0.7)
    return _uniform(rng, low * length_s, high * length_s, count)


def _hann(position: Float64) -> Float64:
    """One lobe over -0.5 to 0.5."""
    return np.where(np.abs(position) < 0.5, np.cos(np.pi * position) ** 2, 0.0)


def _damped_oscillation(
    rng: Generator, count: int, time_s: Float64, length_s: float, anywhere: bool
) -> Float64:
    """0.004-0.08 Hz, decaying by 1/e in 20-120 s, beginning in the first half of the window."""
    frequency_hz = _log_uniform(rng, 0.004, 0.08, count)
    decay_s = _uniform(rng, 20.0, 120.0, count)
    phase = _uniform(rng, 0.0, 2 * np.pi, count)
    low, high = (-0.04, 0.85) if anywhere else (0.06, 0.56)
    since_s = time_s - _uniform(rng, low * length_s, high * length_s, count)
    envelope = np.exp(-np.maximum(since_s, 0) / decay_s) * np.clip(since_s / _ONSET_RAMP_S, 0, 1)
    return envelope * np.sin(2 * np.pi * frequency_hz * since_s + phase)


def _noise_burst(
    rng: Generator, count: int, time_s: Float64, length_s: float, anywhere: bool
) -> Float64:
    """White noise limited to 0.01-0.09 Hz under a Hann envelope of 40-200 s."""
    frequency_hz = np.fft.rfftfreq(len(time_s), time_s[1] - time_s[0])
    spectrum = np.fft.rfft(rng.normal(size=(count, len(time_s))))
    spectrum *= (frequency_hz >= 0.01) & (frequency_hz <= 0.09)
    duration_s = _uniform(rng, 40.0, 200.0, count)
    since_s = time_s - _centre_s(rng, count, length_s, anywhere)
    return np.fft.irfft(spectrum, len(time_s)) * _hann(since_s / duration_s)


def _wave_train(
    rng: Generator, count: int, time_s: Float64, length_s: float, anywhere: bool
) -> Float64:
    """Longer than a window: 150-1500 s, rising and falling over a quarter of that.

    Every other one is a pure oscillation of 0.005-0.08 Hz, the rest noise around such a frequency,
    0.25-1.2 octaves wide (log-Gaussian).
    """
    frequency_hz = _log_uniform(rng, 0.005, 0.08, count)
    duration_s = _log_uniform(rng, 150.0, 1500.0, count)
    reach_s = duration_s / 2 if anywhere else 0.2 * length_s
    since_s = time_s - length_s / 2 - rng.uniform(-reach_s, reach_s, (count, 1))
    envelope = np.sin(np.pi / 2 * np.clip(2 - 4 * np.abs(since_s) / duration_s, 0, 1)) ** 2
    phase = _uniform(rng, 0.0, 2 * np.pi, count)
    pure = np.sin(2 * np.pi * frequency_hz * since_s + phase)
    noise = _narrow_noise(rng, time_s, frequency_hz, _uniform(rng, 0.25, 1.2, count))
    return envelope * np.where(np.arange(count)[:, None] % 2, noise, pure)


def _narrow_noise(rng: Generator, time_s: Float64, centre_hz: Float64, octaves: Float64) -> Float64:
    every_hz = np.fft.rfftfreq(len(time_s), time_s[1] - time_s[0])
    distance = np.log2(np.maximum(every_hz, 1e-9) / centre_hz) / octaves
    spectrum = np.fft.rfft(rng.normal(size=(len(centre_hz), len(time_s))))
    return np.fft.irfft(spectrum * np.exp(-(distance**2)), len(time_s))


def _chirp(rng: Generator, count: int, time_s: Float64, length_s: float, anywhere: bool) -> Float64:
    """A sweep upwards from 0.01-0.04 Hz by 1.5 to 3 times, under a Hann envelope of 60-200 s."""
    begin_hz = _log_uniform(rng, 0.01, 0.04, count)
    sweep_hz = begin_hz * (_uniform(rng, 1.5, 3.0, count) - 1)
    duration_s = _uniform(rng, 60.0, 200.0, count)
    phase = _uniform(rng, 0.0, 2 * np.pi, count)
    since_s = time_s - _centre_s(rng, count, length_s, anywhere)
    turns = begin_hz * since_s + sweep_hz * since_s * (since_s / duration_s + 1) / 2
    return np.sin(2 * np.pi * turns + phase) * _hann(since_s / duration_s)


def _z_pulse(
    rng: Generator, count: int, time_s: Float64, length_s: float, anywhere: bool
) -> Float64:
    """One swing either way, mostly in Z: a Gaussian's derivative, 6-25 s from centre to peak."""
    half_s = _uniform(rng, 6.0, 25.0, count)
    position = (time_s - _centre_s(rng, count, length_s, anywhere)) / half_s
    return position * np.exp(-(position**2) / 2)


def _slow_ramp(
    rng: Generator, count: int, time_s: Float64, length_s: float, anywhere: bool
) -> Float64:
    """From one level to another along a cosine in 40-160 s."""
    duration_s = _uniform(rng, 40.0, 160.0, count)
    since_s = time_s - _centre_s(rng, count, length_s, anywhere)
    return np.sin(np.pi / 2 * np.clip(2 * since_s / duration_s, -1, 1))


def _dc_step(
    rng: Generator, count: int, time_s: Float64, length_s: float, anywhere: bool
) -> Float64:
    """From one level to another between two samples: a sensor that was touched."""
    return np.where(time_s < _centre_s(rng, count, length_s, anywhere), -1.0, 1.0)


def _spike_train(
    rng: Generator, count: int, time_s: Float64, length_s: float, anywhere: bool
) -> Float64:
    """3 to 8 single samples of either sign and 0.3-1 of the height, within 0.1-0.9 of the window.

    In training they may be anywhere.
    """
    low, high = (0.0, 1.0) if anywhere else (0.1, 0.9)
    begin = int(np.searchsorted(time_s, 0.0))
    train = np.zeros((count, len(time_s)))
    for row in train:
        where = rng.uniform(low * length_s, high * length_s, rng.integers(3, 9)).astype(int)
        row[begin + where] = rng.choice([-1, 1], len(where)) * rng.uniform(0.3, 1.0, len(where))
    return train


FAMILIES: dict[str, _Shape] = {
    "damped-oscillation": _damped_oscillation,
    "noise-burst": _noise_burst,
    "wave-train": _wave_train,
    "chirp": _chirp,
    "z-pulse": _z_pulse,
    "slow-ramp": _slow_ramp,
    "dc-step": _dc_step,
    "spike-train": _spike_train,
}
