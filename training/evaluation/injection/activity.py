"""Quiet and disturbed windows apart: a storm that fills the worst 1 % hides everything else."""

from collections.abc import Mapping

import numpy as np

from geofield.calibration.quiet import windows_by_kp
from geofield.types import Bool, Float64
from training.data.windows import DayWindows
from training.evaluation.data_split import DataSplit
from training.evaluation.injection.windows import ScoredCell, auc, detection_rate
from training.results import ActivityMeans

_FEWEST = 200  # of fewer windows 1 % are one or two


def by_kp(windows: DayWindows, split: DataSplit) -> dict[str, Bool]:
    """Which windows [n] are quiet and which disturbed, of the kinds that have enough."""
    spec = split.stream.window
    kinds = windows_by_kp(windows.end_ms, spec.length_ms, split.stream.history, split.kp_max)
    named = {"quiet": kinds.quiet, "disturbed": kinds.disturbed}
    return {name: which for name, which in named.items() if which.sum() >= _FEWEST}


class ActivityTable:
    """Collects the figures of all cells by activity, method and signal/noise.

    Parameters
    ----------
    kinds
        Windows [n] of each activity.
    """

    def __init__(self, kinds: Mapping[str, Bool]) -> None:
        self._kinds = kinds
        self._figures: dict[tuple[str, str], dict[float, list[tuple[float, float]]]] = {}

    def add(self, scored: ScoredCell) -> None:
        """Add the scores of one family and signal/noise."""
        for activity, which in self._kinds.items():
            for method, without in scored.without.items():
                quiet, loud = without[which], scored.scores[method][which]
                by_snr = self._figures.setdefault((activity, method), {})
                figures = auc(quiet, loud), detection_rate(quiet, loud)
                by_snr.setdefault(scored.by.snr, []).append(figures)

    def means(self, left: Mapping[str, Float64]) -> list[ActivityMeans]:
        """Means over the families; `left` has the shares left over [n] of each autoencoder."""
        rows = []
        for (activity, method), by_snr in self._figures.items():
            snr, which = sorted(by_snr), self._kinds[activity]
            mean = {one: np.mean(by_snr[one], axis=0) for one in snr}
            shares = left[method][which] if method in left else None
            rows.append(
                ActivityMeans(
                    method=method,
                    activity=activity,
                    windows=int(which.sum()),
                    snr=snr,
                    auc=[float(mean[one][0]) for one in snr],
                    found=[float(mean[one][1]) for one in snr],
                    left_over=None if shares is None else float(np.median(shares)),
                    worse=None if shares is None else float((shares > 1).mean()),
                )
            )
        return rows
