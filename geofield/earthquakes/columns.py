"""Earthquakes as arrays, for rules that compare thousands of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geofield.alerts.distance import great_circle_km
from geofield.earthquakes.types import Earthquake
from geofield.types import Float64, Int64


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Earthquakes in order of time; each array has shape [n], units as in `Earthquake`."""

    time_ms: Int64
    latitude_deg: Float64
    longitude_deg: Float64
    depth_km: Float64
    magnitude: Float64

    def __len__(self) -> int:
        return len(self.time_ms)


def columns(earthquakes: Sequence[Earthquake]) -> Columns:
    """Convert earthquakes to arrays."""
    return Columns(
        np.array([quake.time_ms for quake in earthquakes], dtype=np.int64),
        np.array([quake.latitude_deg for quake in earthquakes], dtype=np.float64),
        np.array([quake.longitude_deg for quake in earthquakes], dtype=np.float64),
        np.array([quake.depth_km for quake in earthquakes], dtype=np.float64),
        np.array([quake.magnitude for quake in earthquakes], dtype=np.float64),
    )


def near_pairs(quakes: Columns, within_ms: float, within_km: float) -> tuple[Int64, Int64]:
    """Find all pairs of earthquakes that are near each other in time and place.

    Parameters
    ----------
    quakes
        Earthquakes in order of time.
    within_ms, within_km
        Largest distance in time, and between the epicentres.

    Returns
    -------
    Shapes [pairs], [pairs]: indices of the earlier and of the later earthquake of each pair.
    """
    earlier, later = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for lag in range(1, len(quakes)):
        first = np.flatnonzero(quakes.time_ms[lag:] - quakes.time_ms[:-lag] <= within_ms)
        if not len(first):
            break
        close = distance_km(quakes, first, first + lag) <= within_km
        earlier.append(first[close])
        later.append(first[close] + lag)
    return np.concatenate(earlier), np.concatenate(later)


def distance_km(quakes: Columns, some: Int64, others: Int64) -> Float64:
    """Distance between the epicentres of earthquakes with these indices, of the same shape."""
    return great_circle_km(
        quakes.latitude_deg[some],
        quakes.longitude_deg[some],
        quakes.latitude_deg[others],
        quakes.longitude_deg[others],
    )
