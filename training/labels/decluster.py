"""Which earthquakes are observations of their own: aftershocks out, swarms counted once."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geofield.types import Bool
from training.labels.columns import Columns, near_pairs

_HOUR_MS = 3_600_000.0


def aftershocks(quakes: Columns, within_km: float, within_hours: float, main_min: float) -> Bool:
    """Earthquakes that follow one at least as large, near it and soon after.

    An earthquake larger than what went before is no aftershock, so a foreshock does not take
    its main shock away. The windows are those usual in studies of magnetic precursors (100 km and
    72 h of a magnitude of 5 or more); they are simpler than those of Gardner & Knopoff (1974),
    Bulletin of the Seismological Society of America 64, 1363-1367, which grow with magnitude.

    Parameters
    ----------
    quakes
        In order of time; also those that are too far from the station to count themselves.
    within_km, within_hours
        Of the earlier earthquake's epicentre and origin.
    main_min
        Least magnitude that has aftershocks.

    Returns
    -------
    Shape [n].
    """
    earlier, later = near_pairs(quakes, within_hours * _HOUR_MS, within_km)
    main_magnitude = quakes.magnitude[earlier]
    follows = (main_magnitude >= main_min) & (main_magnitude >= quakes.magnitude[later])
    found = np.zeros(len(quakes), dtype=bool)
    found[later[follows]] = True
    return found


def largest_of_swarms(quakes: Columns, within_km: float, within_days: float) -> Bool:
    """The largest of each group linked by steps shorter than these; the first of equals.

    Parameters
    ----------
    quakes
        In order of time.
    within_km, within_days
        Length of a link. Zero days join nothing.

    Returns
    -------
    Shape [n]: one True in each group, and an earthquake without neighbours is a group.
    """
    count = len(quakes)
    if not within_days:
        return np.ones(count, dtype=bool)
    earlier, later = near_pairs(quakes, within_days * 24 * _HOUR_MS, within_km)
    links = coo_array((np.ones(len(earlier)), (earlier, later)), shape=(count, count))
    _, group = connected_components(links, directed=False)
    ranked = np.lexsort((quakes.time_ms, -quakes.magnitude, group))
    first = np.unique(group[ranked], return_index=True)[1]
    found = np.zeros(count, dtype=bool)
    found[ranked[first]] = True
    return found
