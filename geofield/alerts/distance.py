"""Distance between two positions on the Earth."""

import numpy as np

from geofield.types import Float64

EARTH_RADIUS_KM = 6371.0


def great_circle_km(
    latitude_deg: Float64 | float,
    longitude_deg: Float64 | float,
    to_latitude_deg: Float64 | float,
    to_longitude_deg: Float64 | float,
) -> Float64:
    """Great-circle distance on a sphere of 6371 km by the haversine formula, in km.

    Parameters
    ----------
    latitude_deg, longitude_deg, to_latitude_deg, to_longitude_deg
        Shapes that broadcast, degrees north and east.

    Returns
    -------
    Distance in km, of the broadcast shape.
    """
    latitude, to_latitude = np.radians(latitude_deg), np.radians(to_latitude_deg)
    over_latitude = np.sin((to_latitude - latitude) / 2) ** 2
    over_longitude = np.sin(np.radians(np.subtract(to_longitude_deg, longitude_deg)) / 2) ** 2
    haversine = over_latitude + np.cos(latitude) * np.cos(to_latitude) * over_longitude
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(haversine, 0.0, 1.0))))
