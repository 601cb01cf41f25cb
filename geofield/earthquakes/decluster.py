"""Declustering: mark aftershocks, and the largest earthquake of each swarm."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geofield.earthquakes.columns import Columns, near_pairs
from geofield.types import Bool
from geofield.utc import HOUR_MS


def aftershocks(quakes: Columns, within_km: float, within_hours: float, main_min: float) -> Bool:
    """Mark aftershocks: earthquakes soon after, and near, one that is at least as large.

    An earthquake larger than those before it is no aftershock, so a foreshock does not remove its
    main shock. The usual windows in studies of magnetic precursors are 100 km and 72 h of a
    magnitude of 5 or more. They are simpler than those of Gardner & Knopoff (1974), Bulletin of the
    Seismological Society of America 64, 1363-1367, which grow with magnitude.

    Parameters
    ----------
    quakes
        Earthquakes in order of time, including those too far from the station to count.
    within_km, within_hours
        Largest distance from the epicentre and the origin time of the earlier earthquake.
    main_min
        Least magnitude of an earthquake with aftershocks.

    Returns
    -------
    Shape [n]: whether each earthquake is an aftershock.
    """
    earlier, later = near_pairs(quakes, within_hours * HOUR_MS, within_km)
    main_magnitude = quakes.magnitude[earlier]
    follows = (main_magnitude >= main_min) & (main_magnitude >= quakes.magnitude[later])
    marked = np.zeros(len(quakes), dtype=bool)
    marked[later[follows]] = True
    return marked


def largest_of_swarms(quakes: Columns, within_km: float, within_days: float) -> Bool:
    """Mark the largest earthquake of each swarm, the first if several are equal.

    Parameters
    ----------
    quakes
        Earthquakes in order of time.
    within_km, within_days
        Largest distance of two linked earthquakes. Zero days link none.

    Returns
    -------
    Shape [n]: one True for each swarm; an earthquake without links is a swarm of one.
    """
    count = len(quakes)
    if not within_days:
        return np.ones(count, dtype=bool)
    earlier, later = near_pairs(quakes, within_days * 24 * HOUR_MS, within_km)
    links = coo_array((np.ones(len(earlier)), (earlier, later)), shape=(count, count))
    _, group = connected_components(links, directed=False)
    ranked = np.lexsort((quakes.time_ms, -quakes.magnitude, group))
    first = np.unique(group[ranked], return_index=True)[1]
    marked = np.zeros(count, dtype=bool)
    marked[ranked[first]] = True
    return marked
