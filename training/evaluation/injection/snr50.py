"""Signal/noise at which half of the packets are detected, and its confidence interval."""

from collections.abc import Sequence

import numpy as np

from geofield.calibration.threshold import Peaks, Tail, fit_tail
from geofield.types import Float64
from training.evaluation.injection.alert_levels import Levels

_RESAMPLES = 400
_FEWEST_PLACES = 10  # resamples of fewer places vary less than independent places would

Interval = tuple[float | None, float | None]


def snr_half(snr: Sequence[float], shares: Sequence[float]) -> float | None:
    """Signal/noise at which half of the packets are detected, by logarithmic interpolation.

    Parameters
    ----------
    snr
        Signal/noise tried, ascending.
    shares
        Share of detected packets at each.

    Returns
    -------
    None if fewer than half are detected at the largest signal/noise; at least the smallest tried.
    """
    above = [number for number, share in enumerate(shares) if share >= 0.5]
    if not above:
        return None
    if above[0] == 0:
        return float(snr[0])
    weaker, stronger = above[0] - 1, above[0]
    part = (0.5 - shares[weaker]) / (shares[stronger] - shares[weaker])
    return float(snr[weaker] * (snr[stronger] / snr[weaker]) ** part)


def other_tails(peaks: Peaks) -> list[Tail]:
    """Tails that other quiet days might have given: a bootstrap of the peaks."""
    rng = np.random.default_rng(0)
    return [
        fit_tail(Peaks(peaks.base, peaks.end_ms, rng.choice(peaks.scores, len(peaks)), peaks.days))
        for _ in range(_RESAMPLES)
    ]


def half_interval(snr: Sequence[float], levels: Levels, thresholds: Float64) -> Interval | None:
    """Central 95 % interval of `snr_half` over other calibration data and other places.

    A bootstrap draws places with replacement, each with all packets tried there: packets at one
    place share their background, so they are no independent trials.

    Parameters
    ----------
    snr
        Signal/noise tried, ascending.
    levels
        Alert levels that the packets raise.
    thresholds
        Shape [n]: thresholds from the tails that other quiet days might have given.

    Returns
    -------
    Lower and upper end, each None if fewer than half are detected at the largest signal/noise. None
    in place of both if packets were tried at fewer than ten places.
    """
    places = np.unique(levels.place)
    if len(places) < _FEWEST_PLACES:
        return None
    rng = np.random.default_rng(0)

    def redrawn(threshold: float) -> float:
        detected = levels.detected(threshold)
        drawn = rng.choice(places, len(places))
        times = np.bincount(drawn, minlength=places[-1] + 1)[detected.place]
        shares = np.isfinite(detected.delay_s) @ times / max(times.sum(), 1)
        return snr_half(snr, shares.tolist()) or np.inf

    half = [redrawn(float(threshold)) for threshold in thresholds]
    low, high = np.quantile(half, [0.025, 0.975], method="nearest")
    return _reached(low), _reached(high)


def _reached(snr: float) -> float | None:
    return float(snr) if np.isfinite(snr) else None
