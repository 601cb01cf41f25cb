"""Synthetic transients: signals whose truth is known, to be added to real data.

They stand in for what nobody has labelled at one sample a second, and every use of them is to be
called synthetic. An amplitude is stated in units of the station's background: the peak of the
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
    """One transient to be.

    Attributes
    ----------
    family
        Its shape.
    frequency_hz
        Of an oscillation; the middle of `BURST_HZ` for a burst, which fills that band.
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
        What to make.
    background_nt
        Background of the station.
    cadence_s
        Sampling interval.
    random
        Phase, and the noise of a burst, come from here.

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
    """A direction drawn evenly from the sphere."""
    h, e, z = random.normal(size=3)
    return float(h), float(e), float(z)


def _oscillation(
    transient: Transient, samples: int, cadence_s: float, random: np.random.Generator
) -> Float64:
    phase = 2 * np.pi * (transient.frequency_hz * np.arange(samples) * cadence_s + random.uniform())
    return np.asarray(np.sin(phase) * tukey(samples, 0.5))


def _burst(_: Transient, samples: int, cadence_s: float, random: np.random.Generator) -> Float64:
    band = butter(4, BURST_HZ, btype="bandpass", fs=1 / cadence_s, output="sos")
    noise = random.normal(size=3 * samples)  # the ends, where the filter settles, are cut off
    return np.asarray(sosfiltfilt(band, noise)[samples : 2 * samples] * tukey(samples, 0.5))


_SHAPES = {Family.OSCILLATION: _oscillation, Family.BURST: _burst}
