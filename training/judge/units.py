"""Scored windows gathered by the units that count as one observation each.

Windows before one earthquake overlap, share a magnetic storm and a season: they are one observation
of the field before an earthquake, not hundreds. The unit is an earthquake's lead, or a control
block as long as a lead.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from geofield.types import Bool, Float64, Int64
from training.labels.types import NEITHER, Labels


class TooFewUnits(ValueError):
    """There is nothing to compare; the message says which class is empty and what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """The scored windows of both classes and the unit of each.

    Attributes
    ----------
    scores
        Shape [m], finite.
    unit
        Shape [m]: number of the window's unit, 0 to k - 1, each with a window at least.
    seismic
        Shape [k]: whether the unit is the lead of an earthquake.
    """

    scores: Float64
    unit: Int64
    seismic: Bool

    @property
    def windows(self) -> Int64:
        """Shape [k]: how many windows a unit has."""
        return np.bincount(self.unit, minlength=len(self.seismic))

    @property
    def is_seismic(self) -> Bool:
        """Shape [m]: the class of each window."""
        return self.seismic[self.unit]


def gather(scores: Float64, labels: Labels) -> Units:
    """The units of all windows that have a finite score and a class.

    Parameters
    ----------
    scores
        Shape [n], in the order of the labels; NaN for a window without a score.
    labels
        Classes and blocks of the same windows.

    Raises
    ------
    TooFewUnits
        If either class is empty.
    """
    counted = np.flatnonzero(np.isfinite(scores) & (labels.kind != NEITHER))
    blocks, unit = np.unique(labels.block[counted], return_inverse=True)
    seismic = np.zeros(len(blocks), dtype=np.bool_)
    seismic[unit] = labels.seismic[counted]
    return _both_classes(Units(scores[counted], unit.astype(np.int64), seismic))


def substantial(units: Units, min_share: float) -> Units:
    """Without the units that have less than `min_share` of the median number of windows.

    Where units weigh equally, one that was hardly recorded would count as much as a complete one.

    Raises
    ------
    TooFewUnits
        If either class is empty afterwards.
    """
    kept = units.windows >= min_share * np.median(units.windows)
    number = np.cumsum(kept) - 1
    inside = kept[units.unit]
    return _both_classes(
        Units(units.scores[inside], number[units.unit[inside]], units.seismic[kept])
    )


def mean_ranks(units: Units) -> Float64:
    """Mean rank of each unit's windows among all windows of both classes, as a share: [k], 0-1.

    Ranks make the result the same for a score and for its logarithm, and keep one huge storm from
    deciding.
    """
    ranks = rankdata(units.scores) / len(units.scores)
    return np.bincount(units.unit, weights=ranks) / units.windows


def _both_classes(units: Units) -> Units:
    if not units.seismic.any():
        raise TooFewUnits(
            "no scored window lies before an earthquake: take a longer record, a larger radius "
            "or smaller magnitudes"
        )
    if units.seismic.all():
        raise TooFewUnits(
            "no scored window is left to compare with: take a longer record, a shorter lead "
            "or less room around earthquakes"
        )
    return units
