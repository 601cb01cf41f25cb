"""Baselines that a trained score has to beat: three statistics of the band-passed window."""

import numpy as np

from geofield.scoring import polarization
from geofield.types import Float32, Float64


def polarization_ratio(filtered_nt: Float32, scale_nt: Float32) -> Float64:
    """Power of Z over power of H and E: [n, steps, 3] to [n]."""
    del scale_nt  # the published ratio is of powers in nT
    return polarization.polarization_ratio(filtered_nt)


def peak_amplitude(filtered_nt: Float32, scale_nt: Float32) -> Float64:
    """Largest absolute value of any component over its scale: [n, steps, 3] to [n].

    `scale_nt` is [3], or [n, 1, 3] if windows are of different stations.
    """
    return np.asarray(np.abs(filtered_nt / scale_nt).max(axis=(1, 2)), dtype=np.float64)


def window_rms(filtered_nt: Float32, scale_nt: Float32) -> Float64:
    """Root mean square of the components over their scale: [n, steps, 3] to [n]."""
    scaled = np.asarray(filtered_nt / scale_nt, dtype=np.float64)
    return np.asarray(np.sqrt(np.square(scaled).mean(axis=(1, 2))))


BASELINES = {
    "polarization ratio": polarization_ratio,
    "peak amplitude": peak_amplitude,
    "window RMS": window_rms,
}
