"""The training loop of one arm: negative learning, its control, or the supervised rival."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from geofield.types import Float32, Float64
from training.arms import Arm
from training.config import Recipe
from training.loss import Misses
from training.network import FrontEnd, Judged
from training.transients import Frame, draw
from training.variation import vary

Report = Callable[[int, float, float], None]
"""Called with the step, the loss and the best validation so far."""

Judge = Callable[[Judged], float]
"""Higher is better; measured on validation days."""


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What an arm is trained on.

    Attributes
    ----------
    analytic
        Shape [n, steps, 3], complex: band-passed non-seismic windows over their scale as analytic
        signals, whose real part is the window itself.
    row_scale_nt
        Shape [n, 3]: the scale of each; equal in all rows unless the scale follows the station.
    front_end
        The filter, for the transients.
    scale_nt
        The station's scale over all the training data, which signal/noise refers to.
    frame
        Geometry of the windows.
    seismic
        Shape [m, steps, 3], complex: likewise the windows before earthquakes. None where the
        seismic class is synthetic: the non-seismic windows with transients added.
    """

    analytic: Tensor
    row_scale_nt: Float64
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
        Running mean of the weights at the best validation.
    validation
        What the judge said of it.
    steps
        Optimiser steps taken to that point.
    """

    network: Judged
    validation: float
    steps: int


def train_arm(
    material: Material, recipe: Recipe, arm: Arm, seed: int, judge: Judge, report: Report
) -> Trained:
    """Train one arm.

    Everything random comes from `seed`: on one machine and one build of PyTorch the same call gives
    the same weights. `judge` decides which weights are kept and when to stop; `report` is told of
    every step.
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
    """Draws windows of both classes.

    Where the seismic class is synthetic it is the same windows with transients, so that only the
    transient differs.
    """

    material: Material
    recipe: Recipe
    rng: np.random.Generator

    def draw(self, with_seismic: bool) -> tuple[Tensor, Tensor | None]:
        """Non-seismic and seismic windows, each [batch, steps, 3]; the control needs no second."""
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
        """Windows, some of them made to look like another station's."""
        own, other = vary(self.rng, len(rows), self.recipe.variation)
        second = self._rows(analytic, len(rows))
        varied = self._chosen(analytic, rows) @ self._tensor(own.astype(np.complex64))
        varied = varied + self._chosen(analytic, second) @ self._tensor(other.astype(np.complex64))
        return varied.real

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
            material.scale_nt,
            material.frame,
            anywhere=True,
            polarization="any",
        )
        vector = drawn.vector_nt() / material.row_scale_nt[rows]
        waveform = self._tensor(drawn.waveform.astype(np.float32)[:, :, None])
        filtered: Tensor = material.front_end(waveform)
        return filtered * self._tensor(vector.astype(np.float32)[:, None, :])

    def _tensor(self, values: Float32 | NDArray[np.complex64]) -> Tensor:
        return torch.from_numpy(values).to(self.material.analytic.device)


def _loss(network: Judged, windows: Tensor, seismic: Tensor | None, arm: Arm) -> Tensor:
    if seismic is None:
        return arm.loss(network.misses(windows), None)
    both = network.misses(torch.cat([windows, seismic]))
    count = len(windows)
    return arm.loss(
        Misses(both.error[:count], both.reversed_error[:count]),
        Misses(both.error[count:], both.reversed_error[count:]),
    )


def _seed_everything(seed: int) -> None:
    torch.manual_seed(seed)
    # The order of sums depends on the number of threads; so small a network gains little by them.
    torch.set_num_threads(1)
    # A GPU's LSTM has no deterministic kernel for all shapes: warn there, insist nowhere.
    torch.use_deterministic_algorithms(True, warn_only=True)
    # It would also fill every new tensor, in case one is read before it is written: none is here,
    # and it costs a seventh of a step.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def _schedule(step: int, steps: int, warmup_steps: int) -> float:
    """Linear rise, then half a cosine down to a hundredth."""
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
