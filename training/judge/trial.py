"""What methods are judged on, and what they say."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geofield.types import Bool, Float64, Int64
from training.evaluation import KP_ONLY
from training.judge.shuffle import Relabel
from training.labels.types import Labels, Site
from training.section import Section


class Effort(Section, frozen=True):
    """How thoroughly to judge.

    Attributes
    ----------
    permutations, resamples, shuffles
        Draws of the permutation test, of the AUC's interval, and of shuffled catalogues.
    min_unit_share
        A lead or control block with less than this share of the median number of windows has no
        part in the permutation test.
    seed
        Of all draws; every method meets the same ones.
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
class Trial:
    """What all methods are judged on.

    Attributes
    ----------
    site
        The station.
    catalogue
        Name of the catalogue file.
    labels
        Classes of n windows.
    placebo
        The same windows with those after the earthquakes called seismic; None for no placebo.
    relabel
        See `training.judge.shuffle`.
    lead_ms, hop_ms
        For how long up to an earthquake a window is seismic, which is also how long an alarm of
        the Molchan diagram lasts; distance between windows.
    effort
        How thoroughly to judge.
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
class Method:
    """What one method says of the windows of a trial.

    Attributes
    ----------
    name
        As it is to be shown.
    scores
        Shape [n]: the higher, the less ordinary; NaN for a window without a score.
    opened_ms
        When the alert rule opened alarms at the promised rate.
    rmse, mae
        Shape [n]: reconstruction error of each window; None for a score that is no error.
    """

    name: str
    scores: Float64
    opened_ms: Int64
    rmse: Float64 | None = None
    mae: Float64 | None = None


def kp_alone(kp: Float64, opened_ms: Int64) -> Method:
    """The method that knows no more than space weather: Kp of each window, [n]; NaN if unknown.

    A score that does no better may only have seen that geomagnetic activity differed.
    """
    return Method(KP_ONLY, kp, opened_ms)


def scored_by_all(methods: Sequence[Method]) -> Bool:
    """Windows with a finite score from every method: [n]; only on the same ones do they compare."""
    finite = np.isfinite(np.stack([method.scores for method in methods]))
    return np.asarray(finite.all(axis=0))
