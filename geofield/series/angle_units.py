"""Declinations in another unit than stated: found by what is known of the station."""

import numpy as np

from geofield.series.limits import without_fills
from geofield.series.orientation import OrientationError
from geofield.types import Float64

_NEAR_DEG = 0.5  # as which the other unit has to agree
_MINUTES_APART_DEG = 20.0  # more than D moves in a storm of thousands of nT in the auroral zone
_DEGREES_APART_DEG = 1.0
_LASTING = 60  # samples, in which D does not just pass a sixtieth of its reference


class UnitError(OrientationError):
    """An angle is in another unit than stated; the message says in which."""


def check_declination(d_deg: Float64, reference_deg: float) -> None:
    """Check that a declination can be the station's.

    Parameters
    ----------
    d_deg
        Shape [n]: declinations as reported, taken for degrees; NaN and fills are missing.
    reference_deg
        Reference declination of the station; 0 means that it has none.

    Raises
    ------
    UnitError
        If the median is far from the reference, and near to it in the other unit.
    """
    known = d_deg[~np.isnan(without_fills(d_deg))]
    if not reference_deg or not len(known):
        return
    typical_deg = float(np.median(known))
    apart_deg = _apart_deg(typical_deg, reference_deg)
    if apart_deg > _MINUTES_APART_DEG and _near(typical_deg / 60, reference_deg):
        raise UnitError(
            f"D of {typical_deg:g} degrees cannot be the station's {reference_deg:.3g}, but "
            f"{typical_deg:g} minutes of arc can: state or send the unit that it has"
        )
    lasting = len(known) >= _LASTING and apart_deg > _DEGREES_APART_DEG
    if lasting and _near(typical_deg * 60, reference_deg):
        raise UnitError(
            f"D of {typical_deg:.3g} degrees cannot be the station's {reference_deg:.3g}, but 60 "
            "times as much can: these are degrees where minutes of arc are expected"
        )


def _near(d_deg: float, reference_deg: float) -> bool:
    return _apart_deg(d_deg, reference_deg) < _NEAR_DEG


def _apart_deg(one_deg: float, other_deg: float) -> float:
    """Angle between two directions, 0 to 180 degrees."""
    return abs((one_deg - other_deg + 180) % 360 - 180)


def turned(values_deg: Float64) -> Float64:
    """Directions [n] from the first one, -180 to 180 degrees, where they go round; else as given.

    Values of 179 and -179 degrees are 2 degrees apart. NaN is missing.
    """
    known = values_deg[~np.isnan(values_deg)]
    if not len(known) or np.ptp(known) <= 180:
        return values_deg
    return np.asarray((values_deg - known[0] + 180) % 360 - 180)
