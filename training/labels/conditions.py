"""What a window's time says about it: local solar hour, season, and Kp."""

import numpy as np

from geofield.indices import EVENTUALLY_MS, KpHistory
from geofield.types import Float64, Int64
from training.labels.types import Site

_HOUR_MS = 3_600_000


def local_hour(site: Site, time_ms: Int64) -> Float64:
    """Local solar hour, 0-24: UTC and an hour for every 15 degrees east; shape as `time_ms`."""
    return solar_hour(site.longitude_deg, time_ms)


def solar_hour(longitude_deg: float, time_ms: Int64) -> Float64:
    """The same, by the longitude alone."""
    return np.asarray((time_ms / _HOUR_MS + longitude_deg / 15.0) % 24.0)


def season(time_ms: Int64) -> Int64:
    """0-3 for the quarters that begin with December, March, June, September; shape as `time_ms`."""
    months = time_ms.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    return np.asarray((months + 1) % 12 // 3)


def highest_kp(kp: KpHistory, start_ms: Int64, end_ms: Int64) -> Float64:
    """Highest Kp over each window; NaN where it is not known for all of it.

    Parameters
    ----------
    kp
        All values, in their last revision.
    start_ms, end_ms
        Shape [n].

    Returns
    -------
    Shape [n].
    """
    highest = np.full(len(end_ms), np.nan)
    for position, (begin, end) in enumerate(zip(start_ms.tolist(), end_ms.tolist(), strict=True)):
        known = kp.between(begin, end, EVENTUALLY_MS)
        if known.complete and known.highest is not None:
            highest[position] = known.highest
    return highest
