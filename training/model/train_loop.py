"""The training loop of an arm: negative learning, its control, or the supervised rival."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from geofield.types import Float32, Float64
from training.data.augmentation import noise_levels, vary
from training.model.arms import Arm
from training.model.loss import Misses
from training.model.network import FrontEnd, Judged
from training.recipe.recipe import Recipe
from training.recipe.transients import Frame, draw

Report = Callable[[int, float, float], None]
"""Receives the step, the loss and the best validation so far."""

Stage = Callable[[str, int], Report]
"""Starts a stage, given its title and number of steps; returns its `Report`."""

Judge = Callable[[Judged], float]
"""Judges a network on the validation days; higher is better."""

_LEAST_IN_BAND = 0.02  # of the peak before the filter; what leaves less in the band stays weak


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Training material of an arm.

    Attributes
    ----------
    analytic
        Shape [n, steps, 3], complex: analytic signals of the band-passed non-seismic windows over
        their scale; the real part is the window itself.
    row_scale_nt
        Shape [n, 3]: scale of each window.
    signal_unit_nt
        Shape [n, 3]: scale of each window's station over all its training data, the unit of
        signal/noise.
    front_end
        The filter, for the transients.
    scale_nt
        Scale of the first station over all its training data.
    frame
        Geometry of the windows.
    seismic
        Shape [m, steps, 3], complex: analytic signals of the windows before earthquakes. None if
        the seismic class is synthetic: then it is the non-seismic windows with transients added.
    """

    analytic: Tensor
    row_scale_nt: Float64
    signal_unit_nt: Float64
    front_end: FrontEnd
    scale_nt: tuple[float, float, float]
    frame: Frame
    seismic: Tensor | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """An arm after training.

    Attributes
    ----------
    network
        Network with the running mean of the weights, at the best validation.
    validation
        Result of the judge for this network.
    steps
        Optimiser steps up to this point.
    """

    network: Judged
    validation: float
    steps: int


def train_arm(
    material: Material, recipe: Recipe, arm: Arm, seed: int, judge: Judge, report: Report
) -> Trained:
    """Train an arm.

    All random numbers come from `seed`: on one machine and one build of PyTorch the same call gives
    the same weights. `judge` decides which weights are kept and when training stops. `report` is
    called after every step.
    """
    _seed_everything(seed)
    plan = recipe.training
    batches = _Batches(material, recipe, np.random.default_rng(seed))
    network = arm.build(recipe.network, material.analytic.shape[1]).to(material.analytic.device)
    mean = copy.deepcopy(network)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=plan.weight_decay)
    best = Trained(mean, -math.inf, 0)
    since_best = 0
    for step in range(1, plan.steps + 1):
        _set_rate(optimizer, plan.learning_rate * _schedule(step, plan.steps, plan.warmup_steps))
        loss = _loss(network, *batches.draw(arm.with_seismic), arm)
        _descend(optimizer, network, loss, plan.clip)
        _follow(mean, network, min(plan.average, (step + 1) / (step + 10)))
        if step % plan.check_every == 0 or step == plan.steps:
            validation = judge(mean)
            since_best = 0 if validation > best.validation else since_best + 1
            if not since_best:
                best = Trained(copy.deepcopy(mean), validation, step)
        report(step, float(loss.detach()), best.validation)
        if since_best > plan.patience:
            break
    return best


@dataclass(frozen=True, slots=True)
class _Batches:
    """Random batches of windows of both classes.

    A synthetic seismic class consists of the same windows with transients, so only the transient
    differs.
    """

    material: Material
    recipe: Recipe
    rng: np.random.Generator

    def draw(self, with_seismic: bool) -> tuple[Tensor, Tensor | None]:
        """Non-seismic and seismic windows, each [batch, steps, 3]; None if not `with_seismic`."""
        material = self.material
        count = min(self.recipe.training.batch, len(material.analytic))
        rows = self._rows(material.analytic, count)
        windows = self._varied(material.analytic, rows)
        if not with_seismic:
            return windows, None
        if material.seismic is None:
            return windows, windows + self._transients(rows)
        count = min(count, len(material.seismic))
        return windows, self._varied(material.seismic, self._rows(material.seismic, count))

    def _rows(self, analytic: Tensor, count: int) -> NDArray[np.int64]:
        return self.rng.choice(len(analytic), count, replace=False)

    def _varied(self, analytic: Tensor, rows: NDArray[np.int64]) -> Tensor:
        """Windows, some of them varied so that they resemble those of another station."""
        first_mix, second_mix = vary(self.rng, len(rows), self.recipe.variation)
        second = self._rows(analytic, len(rows))
        varied = self._chosen(analytic, rows) @ self._tensor(first_mix.astype(np.complex64))
        added = self._chosen(analytic, second) @ self._tensor(second_mix.astype(np.complex64))
        windows: Tensor = (varied + added).real
        return self._noisy(windows) if self.recipe.variation.noisy else windows

    def _noisy(self, windows: Tensor) -> Tensor:
        """Windows, some of them with noise as other instruments make it, in their new scale."""
        level = self._tensor(noise_levels(self.rng, len(windows), self.recipe.variation))
        frame = self.material.frame
        shape = (len(windows), frame.samples + 2 * frame.margin, windows.shape[2])
        white = self.material.front_end(self._tensor(self.rng.standard_normal(shape, np.float32)))
        noisy: Tensor = (windows + level * white / white.std()) / (1 + level.square()).sqrt()
        return noisy

    def _chosen(self, analytic: Tensor, rows: NDArray[np.int64]) -> Tensor:
        return analytic[torch.from_numpy(rows).to(analytic.device)]

    def _transients(self, rows: NDArray[np.int64]) -> Tensor:
        families = self.recipe.seismic.families
        shares = np.array_split(rows, len(families))
        parts = [
            self._family(family, share) for family, share in zip(families, shares, strict=True)
        ]
        return torch.cat(parts)

    def _family(self, family: str, rows: NDArray[np.int64]) -> Tensor:
        seismic, material = self.recipe.seismic, self.material
        low, high = math.log(seismic.snr_low), math.log(seismic.snr_high)
        snr: Float64 = np.exp(self.rng.uniform(low, high, len(rows)))
        drawn = draw(
            self.rng,
            family,
            snr,
            material.signal_unit_nt[rows],
            material.frame,
            anywhere=True,
            polarization="any",
        )
        vector = drawn.vector_nt() / material.row_scale_nt[rows]
        waveform = self._tensor(drawn.waveform.astype(np.float32)[:, :, None])
        filtered: Tensor = material.front_end(waveform)
        if seismic.in_band:
            peak = filtered.abs().amax(dim=1, keepdim=True)
            filtered = filtered / peak.clamp(min=_LEAST_IN_BAND)
        return filtered * self._tensor(vector.astype(np.float32)[:, None, :])

    def _tensor(self, values: Float32 | NDArray[np.complex64]) -> Tensor:
        return torch.from_numpy(values).to(self.material.analytic.device)


def _loss(network: Judged, windows: Tensor, seismic: Tensor | None, arm: Arm) -> Tensor:
    if seismic is None:
        return arm.loss(network.misses(windows), None)
    both = network.misses(torch.cat([windows, seismic]))
    count = len(windows)
    return arm.loss(_rows(both, slice(None, count)), _rows(both, slice(count, None)))


def _rows(misses: Misses, rows: slice) -> Misses:
    share = None if misses.share is None else misses.share[rows]
    return Misses(misses.error[rows], misses.reversed_error[rows], share)


def _seed_everything(seed: int) -> None:
    torch.manual_seed(seed)
    # The order of sums depends on the number of threads; a network this small gains little by more.
    torch.set_num_threads(1)
    # The LSTM of a GPU has no deterministic kernel for some shapes, so only warn.
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Deterministic mode would also fill every new tensor, in case it is read before it is written.
    # That never happens here, and filling costs a seventh of a step.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def _schedule(step: int, steps: int, warmup_steps: int) -> float:
    """Factor of the learning rate: a linear rise, and half a cosine down to a hundredth."""
    rise = min(1.0, step / max(warmup_steps, 1))
    return rise * (0.01 + 0.99 * (0.5 + 0.5 * math.cos(math.pi * step / steps)))


def _set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def _descend(optimizer: torch.optim.Optimizer, network: Judged, loss: Tensor, clip: float) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
    torch.nn.utils.clip_grad_norm_(network.parameters(), clip)
    optimizer.step()


@torch.no_grad()
def _follow(mean: Judged, network: Judged, decay: float) -> None:
    for averaged, current in zip(mean.parameters(), network.parameters(), strict=True):
        averaged.lerp_(current, 1 - decay)
