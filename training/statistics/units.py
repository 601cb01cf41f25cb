"""Units: groups of scored windows that count as one observation each.

Windows before one earthquake overlap and share a magnetic storm and a season. They are one
observation of the field before an earthquake, not hundreds. A unit is the lead of an earthquake, or
a control block as long as a lead.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from geofield.types import Bool, Float64, Int64
from training.labels.types import NEITHER, Labels


class TooFewUnits(ValueError):
    """A class has no units; the message says which one and what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Scored windows of both classes, and their units.

    Attributes
    ----------
    scores
        Shape [m]: scores, all finite.
    unit
        Shape [m]: number of the unit of each window, 0 to k - 1; every unit has windows.
    seismic
        Shape [k]: whether the unit is the lead of an earthquake.
    """

    scores: Float64
    unit: Int64
    seismic: Bool

    @property
    def windows(self) -> Int64:
        """Number of windows of each unit: [k]."""
        return np.bincount(self.unit, minlength=len(self.seismic))

    @property
    def is_seismic(self) -> Bool:
        """Whether each window is seismic: [m]."""
        return self.seismic[self.unit]


def gather(scores: Float64, labels: Labels) -> Units:
    """Group all windows that have a finite score and a class into units.

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
    """Drop the units with less than `min_share` of the median number of windows.

    Where units weigh equally, a sparsely recorded unit would count as much as a complete one.

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
    """Mean rank of the windows of each unit among all windows, as a share: [k], 0-1.

    With ranks, a score and its logarithm give the same result, and a single huge storm does not
    decide.
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
