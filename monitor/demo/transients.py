"""Synthetic transients: known signals to be added to real data.

They replace labelled anomalies, of which there are none at one sample a second. Every use of them
must be called synthetic. An amplitude is in units of the station's background: the peak of the
dominant component over the largest background of the three components (1.4826 times the median
absolute deviation of the band-passed field).
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from scipy.signal import butter, sosfiltfilt
from scipy.signal.windows import tukey

from geofield.types import Float64

BURST_HZ = (0.01, 0.09)


class Family(str, Enum):
    """Shape of a transient."""

    OSCILLATION = "oscillation"
    BURST = "noise burst"


@dataclass(frozen=True, slots=True)
class Transient:
    """Parameters of a transient.

    Attributes
    ----------
    family
        Its shape.
    frequency_hz
        Frequency of an oscillation; for a burst, which fills `BURST_HZ`, the middle of that band.
    length_s
        Duration.
    polarization
        Direction in H, E, Z; its length does not matter.
    amplitude
        Peak in units of the station's background (see module).
    """

    family: Family
    frequency_hz: float
    length_s: float
    polarization: tuple[float, float, float]
    amplitude: float


def waveform_nt(
    transient: Transient,
    background_nt: float,
    cadence_s: float,
    random: np.random.Generator,
) -> Float64:
    """Field of a transient.

    Parameters
    ----------
    transient
        Parameters of the transient.
    background_nt
        Background of the station.
    cadence_s
        Sampling interval.
    random
        Source of the phase, and of the noise of a burst.

    Returns
    -------
    Array of shape [length_s / cadence_s, 3] in nT.
    """
    samples = max(round(transient.length_s / cadence_s), 8)
    shape = _SHAPES[transient.family](transient, samples, cadence_s, random)
    direction = np.array(transient.polarization) / np.linalg.norm(transient.polarization)
    field_nt = shape[:, None] * direction
    return np.asarray(field_nt * (transient.amplitude * background_nt / np.abs(field_nt).max()))


def random_polarization(random: np.random.Generator) -> tuple[float, float, float]:
    """A random direction, uniform on the sphere."""
    h, e, z = random.normal(size=3)
    return float(h), float(e), float(z)


def _oscillation(
    transient: Transient, samples: int, cadence_s: float, random: np.random.Generator
) -> Float64:
    phase = 2 * np.pi * (transient.frequency_hz * np.arange(samples) * cadence_s + random.uniform())
    return np.asarray(np.sin(phase) * tukey(samples, 0.5))


def _burst(_: Transient, samples: int, cadence_s: float, random: np.random.Generator) -> Float64:
    band = butter(4, BURST_HZ, btype="bandpass", fs=1 / cadence_s, output="sos")
    noise = random.normal(
        size=3 * samples
    )  # the ends, with the transients of the filter, are cut off
    return np.asarray(sosfiltfilt(band, noise)[samples : 2 * samples] * tukey(samples, 0.5))


_SHAPES = {Family.OSCILLATION: _oscillation, Family.BURST: _burst}
