"""Low-pass filters for data that are faster than the model, and how they treat gaps.

Source of the minute's filter: INTERMAGNET Technical Reference Manual, version 5, on minute values
from faster samples: a Gaussian, which at one sample a second has 91 weights with a standard
deviation of 15.8734 s, and 19 at one each five seconds (as in the USGS's geomag-algorithms).
"""

from dataclasses import dataclass

import numpy as np
import scipy  # loads scipy.signal on first use, which only faster data need
from numpy.lib.stride_tricks import sliding_window_view

from geofield.types import Float64
from geofield.utc import MINUTE_MS

SECOND_MS = 1000
GAUSSIAN_SIGMA_S, GAUSSIAN_HALF_MS = 15.8734, 45_000
SLOWEST_OF_A_MINUTE_MS = 5000
SECOND_CUTOFF_HZ, SECOND_HALF_MS, STOP_DB = 0.375, 10_000, 80.0
LEAST_KNOWN = 0.9  # share of the weights


@dataclass(frozen=True, slots=True, eq=False)
class LowPass:
    """Filter from a faster cadence to a slower one, centred on the slower samples.

    Attributes
    ----------
    from_ms, to_ms
        Both cadences; the faster divides the slower.
    weights
        Shape [2 half + 1]: symmetric, their sum is 1.
    words
        What it is, for the user.
    """

    from_ms: int
    to_ms: int
    weights: Float64
    words: str

    @property
    def half(self) -> int:
        """Number of faster samples on each side of a slower one."""
        return len(self.weights) // 2

    @property
    def half_ms(self) -> int:
        """Time that the filter needs on each side of a sample."""
        return self.half * self.from_ms

    def filtered(self, values: Float64) -> Float64:
        """Every slower sample of faster ones.

        Parameters
        ----------
        values
            Shape [(n - 1) step + 2 half + 1], NaN where missing; step is the ratio of the cadences.

        Returns
        -------
        Shape [n]: NaN where samples with more than a tenth of the weights, by size, are missing;
        else the sum over the known samples divided by the sum of their weights.
        """
        step, taps = self.to_ms // self.from_ms, len(self.weights)
        windows = sliding_window_view(values, taps)[::step]
        if not np.isnan(values).any():
            return np.asarray(windows @ self.weights)
        known = ~np.isnan(values)
        present = sliding_window_view(known.astype(np.float64), taps)[::step]
        zeroed = sliding_window_view(np.where(known, values, 0.0), taps)[::step]
        size = np.abs(self.weights)
        enough = present @ size >= LEAST_KNOWN * size.sum()
        divisor = np.where(enough, present @ self.weights, 1.0)
        return np.where(enough, zeroed @ self.weights / divisor, np.nan)


def low_pass(from_ms: int, to_ms: int) -> LowPass | None:
    """Filter between two cadences; None if there is none.

    To minutes: INTERMAGNET's Gaussian, from one sample each five seconds or faster. To seconds: a
    windowed sinc whose gain is 1 within 0.0002 up to 0.25 Hz, a half at 0.375 Hz and below 0.0002
    from 0.5 Hz on, from two samples a second or more.
    """
    if from_ms <= 0 or from_ms >= to_ms or to_ms % from_ms:
        return None
    if to_ms == MINUTE_MS and from_ms <= SLOWEST_OF_A_MINUTE_MS:
        half = GAUSSIAN_HALF_MS // from_ms
        times_s = np.arange(-half, half + 1) * from_ms / 1000
        bell = np.exp(-0.5 * np.square(times_s / GAUSSIAN_SIGMA_S))
        words = "INTERMAGNET's Gaussian (45 s on each side)"
        return LowPass(from_ms, to_ms, bell / bell.sum(), words)
    if to_ms == SECOND_MS:
        half = SECOND_HALF_MS // from_ms
        window = ("kaiser", scipy.signal.kaiser_beta(STOP_DB))
        sinc = scipy.signal.firwin(2 * half + 1, SECOND_CUTOFF_HZ, window=window, fs=1000 / from_ms)
        words = "a low-pass (10 s on each side, gain 1 up to 0.25 Hz, 0 from 0.5 Hz on)"
        return LowPass(from_ms, to_ms, sinc, words)
    return None
