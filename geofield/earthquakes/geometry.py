"""Distance of an earthquake from a station, and reach of its preparation zone."""

import numpy as np

from geofield.types import Float64

_NEAREST_KM = 1.0


def hypocentral_km(epicentral_km: Float64, depth_km: Float64) -> Float64:
    """Distance to the hypocentre for a flat Earth, in km; an unknown depth (NaN) counts as zero."""
    return np.hypot(epicentral_km, np.nan_to_num(depth_km))


def dobrovolsky_km(magnitude: Float64) -> Float64:
    """Radius of the preparation zone, 10^(0.43 M) km.

    Source: Dobrovolsky, Zubkov & Miachkin (1979), Pure and Applied Geophysics 117, 1025-1044.
    """
    return np.asarray(10.0 ** (0.43 * magnitude))


def seismicity_index(magnitude: Float64, hypocentral_km: Float64) -> Float64:
    """Local seismicity index KLS = (1 + R^(-M/2))^-2.33 * 10^(0.75 M) / R, R in km.

    Source: the group of the authors of negative learning (doi 10.32604/cmc.2025.066421). Molchanov
    et al. (2004), Annals of Geophysics 47(1), introduced an index of this kind for ULF studies.
    The index is not meant for distances below a kilometre, which count as one.

    Parameters
    ----------
    magnitude, hypocentral_km
        Shapes that broadcast.

    Returns
    -------
    Index of the broadcast shape, dimensionless.
    """
    distance_km = np.maximum(hypocentral_km, _NEAREST_KM)
    near = (1.0 + distance_km ** (-magnitude / 2)) ** -2.33
    return np.asarray(near * 10.0 ** (0.75 * magnitude) / distance_km)
