"""The polarization ratio: the classical measure of the field, which any score has to beat."""

import numpy as np

from geofield.types import Float32, Float64


def polarization_ratio(filtered_nt: Float32) -> Float64:
    """Power of Z over power of H and E, dimensionless: [n, steps, 3] in nT to [n].

    Without any power it is 0. Source: Hayakawa et al. (1996), Geophys. Res. Lett. 23, 241-244.
    """
    h, e, z = np.moveaxis(np.square(filtered_nt, dtype=np.float64).mean(axis=1), 1, 0)
    across = h + e
    return np.asarray(np.divide(z, across, out=np.zeros_like(z), where=across > 0))
