"""Covariates of windows: local solar hour, season, and Kp."""

import numpy as np

from geofield.earthquakes.types import Site
from geofield.indices import EVENTUALLY_MS, IndexHistory
from geofield.types import Float64, Int64
from geofield.utc import HOUR_MS


def local_hour(site: Site, time_ms: Int64) -> Float64:
    """Local mean solar hour at a station, 0-24, of the shape of `time_ms`; see `solar_hour`."""
    return solar_hour(site.longitude_deg, time_ms)


def solar_hour(longitude_deg: float, time_ms: Int64) -> Float64:
    """Local mean solar hour at a longitude, 0-24, of the shape of `time_ms`.

    It is UTC plus an hour for every 15 degrees east.
    """
    return np.asarray((time_ms / HOUR_MS + longitude_deg / 15.0) % 24.0)


def season(time_ms: Int64) -> Int64:
    """Season, of the shape of `time_ms`: 0-3 for quarters from December, March, June, September."""
    months = time_ms.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    return np.asarray((months + 1) % 12 // 3)


def highest_kp(kp: IndexHistory, start_ms: Int64, end_ms: Int64) -> Float64:
    """Highest Kp over each window.

    Parameters
    ----------
    kp
        All values; the last revision counts.
    start_ms, end_ms
        Shape [n]: start and end of each window.

    Returns
    -------
    Shape [n]; NaN where Kp is not known for the complete window.
    """
    highest = np.full(len(end_ms), np.nan)
    for position, (begin, end) in enumerate(zip(start_ms.tolist(), end_ms.tolist(), strict=True)):
        known = kp.between(begin, end, EVENTUALLY_MS)
        if known.complete and known.highest is not None:
            highest[position] = known.highest
    return highest
