"""The signal/noise at which half are found, and how well it is known."""

from collections.abc import Sequence

import numpy as np

from geofield.threshold import Peaks, Tail, fit_tail
from geofield.types import Float64
from training.levels import Levels

_RESAMPLES = 400
_FEWEST_PLACES = 10  # fewer drawn again and again do not differ as others would

Interval = tuple[float | None, float | None]


def snr_half(snr: Sequence[float], found: Sequence[float]) -> float | None:
    """Signal/noise at which half are found, on a logarithmic scale between those that were tried.

    None where even the strongest is found less often; the weakest tried is the least there is.
    """
    above = [number for number, share in enumerate(found) if share >= 0.5]
    if not above:
        return None
    if above[0] == 0:
        return float(snr[0])
    weaker, stronger = above[0] - 1, above[0]
    part = (0.5 - found[weaker]) / (found[stronger] - found[weaker])
    return float(snr[weaker] * (snr[stronger] / snr[weaker]) ** part)


def other_tails(peaks: Peaks) -> list[Tail]:
    """Tails that other quiet days might have given: peaks are drawn with replacement."""
    rng = np.random.default_rng(0)
    return [
        fit_tail(Peaks(peaks.base, peaks.end_ms, rng.choice(peaks.scores, len(peaks)), peaks.days))
        for _ in range(_RESAMPLES)
    ]


def half_interval(snr: Sequence[float], levels: Levels, thresholds: Float64) -> Interval | None:
    """The central 95 % of where half are found, had other data calibrated and been watched.

    Places are drawn with replacement, each with all packets that were tried there: they share
    their background, so that they are no independent trials.

    Parameters
    ----------
    snr
        Strengths, ascending.
    levels
        What the packets raise.
    thresholds
        Shape [n]: from tails that other quiet days might have given.

    Returns
    -------
    Lower and upper end; None for an end at which fewer than half of the strongest are found, and
    in place of both where packets were tried at fewer than ten places.
    """
    places = np.unique(levels.place)
    if len(places) < _FEWEST_PLACES:
        return None
    rng = np.random.default_rng(0)

    def redrawn(threshold: float) -> float:
        found = levels.found(threshold)
        drawn = rng.choice(places, len(places))
        times = np.bincount(drawn, minlength=places[-1] + 1)[found.place]
        shares = np.isfinite(found.delay_s) @ times / max(times.sum(), 1)
        return snr_half(snr, shares.tolist()) or np.inf

    half = [redrawn(float(threshold)) for threshold in thresholds]
    low, high = np.quantile(half, [0.025, 0.975], method="nearest")
    return _reached(low), _reached(high)


def _reached(snr: float) -> float | None:
    return float(snr) if np.isfinite(snr) else None
