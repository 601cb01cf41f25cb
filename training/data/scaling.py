"""Scale policies: units of a window from the station, the hours before, or the window itself."""

from typing import Literal, TypeAlias

import numpy as np

from geofield.types import Float32, Float64, Int64
from training.data.windows import DayWindows
from training.recipe.recipe import Recipe

Policy: TypeAlias = Literal["station", "trailing", "window"]
_MAD_TO_SIGMA = 1.4826
_FEWEST = 8  # a window with fewer windows before it takes the station's scale


def trailing_scale_nt(
    end_ms: Int64, filtered_nt: Float32, reach_ms: int, window_ms: int, station_nt: Float64
) -> Float64:
    """Scale of the hours before each window.

    Parameters
    ----------
    end_ms
        Shape [n]: window ends, in any order.
    filtered_nt
        Shape [n, steps, 3]: band-passed windows in nT.
    reach_ms
        Length of time before the window that counts.
    window_ms
        Length of a window; samples in the window itself do not count.
    station_nt
        Shape [3]: scale for windows with too few windows before them.

    Returns
    -------
    Shape [n, 3]: 1.4826 times the median of the windows' median absolute values.
    """
    order = np.argsort(end_ms, kind="stable")
    ends, level_nt = end_ms[order], np.median(np.abs(filtered_nt), axis=1)[order]
    first = np.searchsorted(ends, ends - window_ms - reach_ms, side="right")
    after = np.searchsorted(ends, ends - window_ms, side="right")
    scale_nt = np.tile(station_nt, (len(ends), 1))
    for row in np.flatnonzero(after - first >= _FEWEST):
        scale_nt[order[row]] = _MAD_TO_SIGMA * np.median(level_nt[first[row] : after[row]], axis=0)
    return scale_nt


def row_scale_nt(
    windows: DayWindows, recipe: Recipe, policy: Policy, station_nt: Float64
) -> Float64:
    """Scale of each band-passed window under a policy: [n, 3] in nT.

    For the policy ``window`` it is the station's; the network applies the window's own scale.
    """
    if policy != "trailing" or recipe.ablation is None:
        return np.tile(station_nt, (len(windows), 1))
    cadence_ms = recipe.window.cadence_ms
    return trailing_scale_nt(
        windows.end_ms,
        windows.field_nt,
        recipe.ablation.trailing_samples * cadence_ms,
        recipe.window.samples * cadence_ms,
        station_nt,
    )
