"""The injection benchmark: how well a score separates windows with a known transient from without.

Every judged window appears twice, as recorded and with a transient added, so that the truth is
known and the background is real, quiet and disturbed alike.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy.stats import mannwhitneyu

from geofield.types import Float32, Float64
from training.transients import Frame, draw

FALSE_SHARE = 0.01  # of windows without a transient that the stated threshold flags

Scorer: TypeAlias = Callable[[Float32], Mapping[str, Float64]]
"""Scores [n] by method for band-passed windows [n, steps, 3] in nT."""

BandPass: TypeAlias = Callable[[Float32], Float32]
"""Raw windows [n, span, 3] in nT, level removed, to band-passed [n, steps, 3]."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell of the benchmark.

    Attributes
    ----------
    method, family, snr
        What was judged, on which transients.
    auc
        Chance that a window with a transient scores higher than one without.
    found
        Share of windows with a transient above the score that 1 % of those without exceed.
    p_value
        Mann-Whitney U, two-sided, every window taken as independent, which overlapping windows are
        not.
    p_value_apart
        The same with windows that share no sample.
    """

    method: str
    family: str
    snr: float
    auc: float
    found: float
    p_value: float
    p_value_apart: float


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """Windows with transients of one family and signal/noise: [n, steps, 3] in nT, band-passed."""

    family: str
    snr: float
    filtered_nt: Float32


@dataclass(frozen=True, slots=True, eq=False)
class Benchmark:
    """What is judged.

    Attributes
    ----------
    without_nt
        Shape [n, steps, 3]: the windows as recorded, band-passed.
    cells
        The same windows with transients.
    apart
        Every `apart`-th window shares no sample with the next.
    """

    without_nt: Float32
    cells: Sequence[Cell]
    apart: int

    def run(self, scorer: Scorer) -> list[Figure]:
        """All figures of all methods of a scorer."""
        without = scorer(self.without_nt)
        figures: list[Figure] = []
        for cell in self.cells:
            scores = scorer(cell.filtered_nt)
            figures += [
                self._figure(method, cell, without[method], scores[method]) for method in without
            ]
        return figures

    def _figure(self, method: str, cell: Cell, without: Float64, scores: Float64) -> Figure:
        return Figure(
            method,
            cell.family,
            cell.snr,
            auc(without, scores),
            found(without, scores),
            rank_sum_p(without, scores),
            rank_sum_p(without[:: self.apart], scores[:: self.apart]),
        )


@dataclass(frozen=True, slots=True)
class Injection:
    """Which transients are added, and how they are measured."""

    scale_nt: tuple[float, float, float]
    frame: Frame
    families: Sequence[str]
    snr: Sequence[float]
    seed: int


def benchmark(
    field_nt: Float32, injection: Injection, band_pass: BandPass, apart: int
) -> Benchmark:
    """Add transients to raw windows and filter them as the model's own graph does.

    Parameters
    ----------
    field_nt
        Shape [n, span, 3]: raw windows without their level.
    injection
        What to add.
    band_pass
        The model's front end.
    apart
        See `Benchmark`.
    """
    cells = []
    for number, family in enumerate(injection.families):
        for snr in injection.snr:
            rng = np.random.default_rng([injection.seed, number, round(snr * 1000)])
            wanted = np.full(len(field_nt), snr)
            added = draw(rng, family, wanted, injection.scale_nt, injection.frame).field_nt()
            cells.append(Cell(family, snr, band_pass(field_nt + added.astype(np.float32))))
    return Benchmark(band_pass(field_nt), cells, apart)


def auc(without: Float64, scores: Float64) -> float:
    """Area under the ROC curve; ties count half."""
    statistic = mannwhitneyu(scores, without).statistic
    return float(statistic) / (len(without) * len(scores))


def found(without: Float64, scores: Float64, false_share: float = FALSE_SHARE) -> float:
    """Share of `scores` above the value that `false_share` of `without` exceed."""
    return float((scores > np.quantile(without, 1 - false_share)).mean())


def rank_sum_p(without: Float64, scores: Float64) -> float:
    """Two-sided p of the Mann-Whitney U test: the statistic of the paper."""
    return float(mannwhitneyu(scores, without, alternative="two-sided").pvalue)


def mean_auc(figures: Iterable[Figure], method: str) -> float:
    """Mean over all columns: what is compared on validation days."""
    return float(np.mean([figure.auc for figure in figures if figure.method == method]))
