"""The signal/noise at which half are found, and how well it is known."""

from collections.abc import Sequence

import numpy as np

from geofield.types import Bool, Int64

_RESAMPLES = 1000


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


def half_interval(
    snr: Sequence[float], found: Bool, place: Int64
) -> tuple[float | None, float | None]:
    """The central 95 % of where half are found, if other places of the stream had been tried.

    Places are drawn with replacement, each with all packets that were tried there: they share
    their background, so that they are no independent trials.

    Parameters
    ----------
    snr
        Strengths, ascending.
    found
        Shape [strengths, packets].
    place
        Shape [packets]: number of the stretch of the stream in which each lies.

    Returns
    -------
    Lower and upper end; None for an end at which fewer than half of the strongest are found.
    """
    _, number = np.unique(place, return_inverse=True)
    places = int(number.max(initial=-1)) + 1
    if not places:
        return None, None
    by_place = np.zeros((places, len(snr)))
    np.add.at(by_place, number, found.T)
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(places, np.full(places, 1 / places), _RESAMPLES).astype(np.float64)
    shares = drawn @ by_place / (drawn @ np.bincount(number))[:, None]
    half = np.array([snr_half(snr, row) or np.inf for row in shares.tolist()])
    low, high = np.quantile(half, [0.025, 0.975], method="nearest")
    return _reached(low), _reached(high)


def _reached(snr: float) -> float | None:
    return float(snr) if np.isfinite(snr) else None
