"""Which reported values are measurements: one rule for files and streams.

Source for the fill values: the IAGA-2002 format description (99999 is missing, 88888 is not
recorded), the ImagCDF description, and the 999999 of IMF and SuperMAG.
"""

from collections.abc import Mapping

import numpy as np

from geofield.types import Bool, Float64

MISSING, NOT_RECORDED = 99_999.0, 88_888
MAX_FIELD_NT = 99_999.0
MAX_DEG = {"D": 360.0, "I": 90.0}
MIN_TOTAL_NT = 10_000.0  # the weakest total field on the Earth is 22,000 nT
MOST_BEYOND = 0.01


def without_fills(values: Float64) -> Float64:
    """Values with NaN for fills: 88888 and 99999 with any decimals and sign, and all larger."""
    size = np.abs(values)
    fills = (size >= MISSING) | (np.floor(size) == NOT_RECORDED)
    return np.where(fills, np.nan, values) if fills.any() else values


def beyond_limits(elements: Mapping[str, Float64]) -> tuple[Bool, str]:
    """Samples that no magnetometer on the Earth can report.

    Parameters
    ----------
    elements
        Arrays of shape [n] of the elements of one vector, nT and degrees, without fills.

    Returns
    -------
    beyond
        Shape [n]: an angle beyond its limit, or a vector beyond 99,999 nT.
    reason
        What is beyond which limit in the first of them; empty if there is none.
    """
    beyond = np.zeros(len(next(iter(elements.values()))), dtype=bool)
    reason = ""
    for name, limit_deg in MAX_DEG.items():
        if name in elements:
            high = np.abs(elements[name]) > limit_deg
            if high.any() and not reason:
                stated = f"{name} of {elements[name][high][0]:g}"
                reason = f"{stated} is beyond {limit_deg:g} degrees: is it in minutes of arc?"
            beyond |= high
    square_nt2 = np.zeros(len(beyond))
    for name in elements.keys() - MAX_DEG:
        square_nt2 += np.square(elements[name])
    if "H" in elements and "I" in elements:  # Z follows from them
        square_nt2 /= np.square(np.cos(np.radians(elements["I"])))
    high = square_nt2 > MAX_FIELD_NT**2
    if high.any() and not reason:
        strength_nt = float(np.sqrt(square_nt2[high][0]))
        reason = f"a field of {strength_nt:,.0f} nT is beyond {MAX_FIELD_NT:,.0f} nT"
    return np.asarray(beyond | high), reason
