"""The band-pass filter: its design keeps the daily variation out."""

import numpy as np
from scipy.signal import firwin, freqz, get_window

from geofield.types import Float64


def bandpass_taps(low_hz: float, high_hz: float, cadence_s: float, taps: int) -> Float64:
    """Design a symmetric band-pass FIR whose taps sum to zero.

    A windowed-sinc design leaks at DC, and the main field is 10^6 times larger than the signals of
    interest. The leak is subtracted in the shape of the window, which preserves the stop band.
    Symmetric taps that sum to zero also remove every linear trend.

    Parameters
    ----------
    low_hz, high_hz
        Edges of the pass band (-6 dB), 0 < low_hz < high_hz < Nyquist.
    cadence_s
        Sampling interval in seconds.
    taps
        Length of the filter, odd, so that its delay is a whole number of samples.

    Returns
    -------
    Shape [taps]: dimensionless taps, unit gain at the geometric centre of the band.

    Raises
    ------
    ValueError
        If the band does not lie between 0 and the Nyquist frequency, or `taps` is even or below 3.
    """
    nyquist_hz = 0.5 / cadence_s
    if not 0 < low_hz < high_hz < nyquist_hz:
        raise ValueError(f"band {low_hz}-{high_hz} Hz does not lie in 0-{nyquist_hz} Hz")
    if taps < 3 or taps % 2 == 0:
        raise ValueError(f"the number of taps must be odd and at least 3, not {taps}")
    shape = get_window("hamming", taps, fftbins=False)
    design = firwin(taps, [low_hz, high_hz], window="hamming", pass_zero=False, fs=1 / cadence_s)
    balanced = _without_dc(design, shape)
    return balanced / gain(balanced, float(np.sqrt(low_hz * high_hz)), cadence_s)


def gain(taps: Float64, frequency_hz: float, cadence_s: float) -> float:
    """Amplitude response of a filter at one frequency (dimensionless)."""
    _, response = freqz(taps, worN=[frequency_hz], fs=1 / cadence_s)
    return float(np.abs(response[0]))


def _without_dc(design: Float64, shape: Float64) -> Float64:
    balanced = design
    for _ in range(2):  # the second pass removes what rounding left in the first
        balanced = balanced - shape * (balanced.sum() / shape.sum())
    return 0.5 * (balanced + balanced[::-1])
