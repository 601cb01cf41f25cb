"""The injection benchmark: how well a score separates windows with and without a transient.

Every judged window appears twice, as recorded and with a transient added. So the truth is known,
and the background is real, both quiet and disturbed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy.stats import mannwhitneyu

from geofield.types import Float32, Float64
from training.recipe.transients import FAMILIES, Frame, draw
from training.results import Cell

FALSE_SHARE = 0.01  # share of windows without a transient above the threshold

Scorer: TypeAlias = Callable[[Float32], Mapping[str, Float64]]
"""Scores [n] by method for raw windows [n, span, 3] in nT, level removed."""

BandPass: TypeAlias = Callable[[Float32], Float32]
"""Raw windows [n, span, 3], level removed, to band-passed [n, steps, 3], both in nT."""


@dataclass(frozen=True, slots=True)
class Injection:
    """Transients to add, and the scale and frame that define their signal/noise."""

    scale_nt: tuple[float, float, float]
    frame: Frame
    families: Sequence[str]
    snr: Sequence[float]
    seed: int
    polarization: str = "random"


@dataclass(frozen=True, slots=True, eq=False)
class Disturbed:
    """Raw windows [n, span, 3] in nT with transients of one family and signal/noise."""

    family: str
    snr: float
    field_nt: Float32


@dataclass(frozen=True, slots=True, eq=False)
class ScoredCell:
    """Scores [n] by method of the same windows without and with transients."""

    by: Disturbed
    without: Mapping[str, Float64]
    scores: Mapping[str, Float64]


@dataclass(frozen=True, slots=True, eq=False)
class Benchmark:
    """Windows and transients of the benchmark.

    Attributes
    ----------
    field_nt
        Shape [n, span, 3]: raw windows as recorded in nT, without their level.
    injection
        Transients to add.
    band_pass
        The model's front end.
    apart
        Step between windows that share no sample.
    """

    field_nt: Float32
    injection: Injection
    band_pass: BandPass
    apart: int

    def __len__(self) -> int:
        """Number of cells: families times signal/noise."""
        return len(self.injection.families) * len(self.injection.snr)

    def disturbed(self) -> Iterator[Disturbed]:
        """Yield the windows with transients, cell by cell."""
        for family in self.injection.families:
            unit_nt = self._unit_nt(family)
            for snr in self.injection.snr:
                yield Disturbed(family, snr, self.field_nt + np.float32(snr) * unit_nt)

    def scored(self, scorer: Scorer) -> Iterator[ScoredCell]:
        """Yield the scores of all methods without transients and with those of each cell."""
        without = scorer(self.field_nt)
        for disturbed in self.disturbed():
            yield ScoredCell(disturbed, without, scorer(disturbed.field_nt))

    def run(self, scorer: Scorer, advance: Callable[[], object] = lambda: None) -> list[Cell]:
        """Compute the cells of all methods of a scorer; call `advance` after each of transients."""
        cells: list[Cell] = []
        for scored in self.scored(scorer):
            cells += self.cells(scored)
            advance()
        return cells

    def cells(self, scored: ScoredCell) -> list[Cell]:
        """The figures of all methods."""
        return [
            self._cell(method, scored.by, without, scored.scores[method])
            for method, without in scored.without.items()
        ]

    def _unit_nt(self, family: str) -> Float32:
        """Transients [n, span, 3] of signal/noise 1, in nT.

        Signal/noise is the peak after the filter over the scale, in the component with the largest
        peak. So only the part of a step or a ramp that lies in the band counts.
        """
        injection = self.injection
        kind = (*FAMILIES,).index(family)
        rng = np.random.default_rng([injection.seed, kind])
        drawn = draw(
            rng,
            family,
            np.ones(len(self.field_nt)),
            injection.scale_nt,
            injection.frame,
            polarization=injection.polarization,
        )
        added_nt = drawn.field_nt().astype(np.float32)
        peak_nt = np.abs(self.band_pass(added_nt)).max(axis=1)
        dominant = peak_nt.argmax(axis=1)
        scale_nt = np.asarray(injection.scale_nt, np.float32)[dominant]
        return np.asarray(added_nt * (scale_nt / peak_nt.max(axis=1))[:, None, None])

    def _cell(self, method: str, by: Disturbed, without: Float64, scores: Float64) -> Cell:
        area, share = auc(without, scores), detection_rate(without, scores)
        return Cell(
            method=method,
            family=by.family,
            snr=by.snr,
            polarization=self.injection.polarization,
            auc=area,
            found=share,
            auc_low=area,
            auc_high=area,
            found_low=share,
            found_high=share,
            p_value=rank_sum_p(without, scores),
            p_value_apart=rank_sum_p(without[:: self.apart], scores[:: self.apart]),
        )


def auc(without: Float64, scores: Float64) -> float:
    """Area under the ROC curve of scores [m] against those without a transient [n].

    Ties count half. Source: Hanley & McNeil (1982), Radiology 143, 29-36 (AUC as Mann-Whitney U).
    """
    statistic = mannwhitneyu(scores, without).statistic
    return float(statistic) / (len(without) * len(scores))


def detection_rate(without: Float64, scores: Float64, false_share: float = FALSE_SHARE) -> float:
    """Share of `scores` above the value that `false_share` of `without` exceed."""
    return float((scores > np.quantile(without, 1 - false_share)).mean())


def rank_sum_p(without: Float64, scores: Float64) -> float:
    """Two-sided p of the Mann-Whitney U test, the statistic of doi 10.32604/cmc.2025.066421."""
    return float(mannwhitneyu(scores, without, alternative="two-sided").pvalue)


def mean_auc(cells: Iterable[Cell], method: str) -> float:
    """Mean AUC of a method over all cells, used on validation days."""
    return float(np.mean([cell.auc for cell in cells if cell.method == method]))
