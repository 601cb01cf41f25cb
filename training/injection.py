"""The injection benchmark: how well a score separates windows with a known transient from without.

Every judged window appears twice, as recorded and with a transient added, so that the truth is
known and the background is real, quiet and disturbed alike.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy.stats import mannwhitneyu

from geofield.types import Float32, Float64
from training.transients import FAMILIES, Frame, draw

FALSE_SHARE = 0.01  # of windows without a transient that the stated threshold flags

Scorer: TypeAlias = Callable[[Float32], Mapping[str, Float64]]
"""Scores [n] by method for raw windows [n, span, 3] in nT, level removed."""

BandPass: TypeAlias = Callable[[Float32], Float32]
"""Raw windows [n, span, 3] in nT, level removed, to band-passed [n, steps, 3]."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One method on transients of one family, signal/noise and polarization.

    Attributes
    ----------
    method, family, snr, polarization
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
    polarization: str
    auc: float
    found: float
    p_value: float
    p_value_apart: float


@dataclass(frozen=True, slots=True)
class Injection:
    """Which transients are added, and how they are measured."""

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
class Benchmark:
    """What is judged.

    Attributes
    ----------
    field_nt
        Shape [n, span, 3]: raw windows as recorded, without their level.
    injection
        What is added.
    band_pass
        The model's front end.
    apart
        Every `apart`-th window shares no sample with the next.
    """

    field_nt: Float32
    injection: Injection
    band_pass: BandPass
    apart: int

    def __len__(self) -> int:
        """How many cells there are."""
        return len(self.injection.families) * len(self.injection.snr)

    def disturbed(self) -> Iterator[Disturbed]:
        """The same windows with transients, one cell after the other."""
        for family in self.injection.families:
            unit_nt = self._unit_nt(family)
            for snr in self.injection.snr:
                yield Disturbed(family, snr, self.field_nt + np.float32(snr) * unit_nt)

    def run(self, scorer: Scorer, advance: Callable[[], object] = lambda: None) -> list[Figure]:
        """All figures of all methods of a scorer; `advance` is called after every cell."""
        without = scorer(self.field_nt)
        figures: list[Figure] = []
        for cell in self.disturbed():
            scores = scorer(cell.field_nt)
            figures += [
                self._figure(method, cell, without[method], scores[method]) for method in without
            ]
            advance()
        return figures

    def _unit_nt(self, family: str) -> Float32:
        """Transients [n, span, 3] of signal/noise 1.

        That is their peak after the filter in the component in which it is largest, over that
        component's scale: a step or a ramp is measured by what of it lies in the band.
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

    def _figure(self, method: str, cell: Disturbed, without: Float64, scores: Float64) -> Figure:
        return Figure(
            method,
            cell.family,
            cell.snr,
            self.injection.polarization,
            auc(without, scores),
            found(without, scores),
            rank_sum_p(without, scores),
            rank_sum_p(without[:: self.apart], scores[:: self.apart]),
        )


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
