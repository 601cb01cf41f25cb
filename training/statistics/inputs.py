"""Inputs of the judgement: labelled windows, and the scores of methods."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geofield.earthquakes.types import Site
from geofield.types import Bool, Float64, Int64
from training.labels.types import Labels
from training.recipe.section import RecipeTable
from training.results import KP_ONLY
from training.statistics.shuffle import Relabel


class Effort(RecipeTable, frozen=True):
    """Number of random draws of the judgement.

    Attributes
    ----------
    permutations, resamples, shuffles
        Draws of the permutation test, of the AUC's interval, and of shuffled catalogues.
    min_unit_share
        The permutation test leaves out a lead or control block with less than this share of the
        median number of windows.
    seed
        Seed of all draws, which are the same for every method.

    Raises
    ------
    ValueError
        If values are out of range.
    """

    permutations: int = 9_999
    resamples: int = 2_000
    shuffles: int = 999
    min_unit_share: float = 0.5
    seed: int = 1

    def __post_init__(self) -> None:
        if min(self.permutations, self.resamples, self.shuffles) < 1:
            raise ValueError("permutations, resamples and shuffles must be at least 1")
        if not 0 <= self.min_unit_share <= 1:
            raise ValueError("min_unit_share must be in 0-1")


@dataclass(frozen=True, slots=True, eq=False)
class LabelledWindows:
    """Labelled windows that all methods are judged on.

    Attributes
    ----------
    site
        The station.
    catalogue
        Name of the catalogue file.
    labels
        Classes of n windows.
    placebo
        Placebo labels of the same windows: those after the earthquakes are seismic. None for no
        placebo.
    relabel
        Labels for other origin times, see `training.statistics.shuffle`.
    lead_ms, hop_ms
        Length of the lead, which is also the length of an alarm in the Molchan diagram; distance
        between windows.
    effort
        Number of random draws.
    """

    site: Site
    catalogue: str
    labels: Labels
    placebo: Labels | None
    relabel: Relabel
    lead_ms: int
    hop_ms: int
    effort: Effort


@dataclass(frozen=True, slots=True, eq=False)
class MethodScores:
    """Scores and alarms of one method on the labelled windows.

    Attributes
    ----------
    name
        Name in tables.
    scores
        Shape [n]: higher scores are more anomalous; NaN for a window without a score.
    opened_ms
        Shape [k]: times at which alarms opened, at the promised rate.
    rmse, mae
        Shape [n]: reconstruction error of each window; None for a score that is no error.
    """

    name: str
    scores: Float64
    opened_ms: Int64
    rmse: Float64 | None = None
    mae: Float64 | None = None


def kp_alone(kp: Float64, opened_ms: Int64) -> MethodScores:
    """The method whose score is the Kp of each window [n], NaN if unknown: space weather alone.

    A method that does no better may only reflect differences in geomagnetic activity.
    """
    return MethodScores(KP_ONLY, kp, opened_ms)


def scored_by_all(methods: Sequence[MethodScores]) -> Bool:
    """Whether each window has a finite score from every method: [n]."""
    finite = np.isfinite(np.stack([method.scores for method in methods]))
    return np.asarray(finite.all(axis=0))
