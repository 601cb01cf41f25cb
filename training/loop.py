"""The training loop of one arm: negative learning, or its control with lambda = 0."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from geofield.types import Float32, Float64
from training.config import Recipe
from training.loss import negative_learning_loss
from training.network import Autoencoder, FrontEnd, log_error
from training.transients import Frame, draw
from training.variation import vary

Report = Callable[[int, float, float], None]
"""Called with the step, the loss and the best validation so far."""

Judge = Callable[[Autoencoder], float]
"""Higher is better; measured on validation days."""


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What an arm is trained on.

    Attributes
    ----------
    analytic
        Shape [n, steps, 3], complex: band-passed non-seismic windows over the station's scale as
        analytic signals, whose real part is the window itself.
    front_end
        The filter, for the transients.
    scale_nt
        The station's scale.
    frame
        Geometry of the windows.
    """

    analytic: Tensor
    front_end: FrontEnd
    scale_nt: tuple[float, float, float]
    frame: Frame


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """An arm after training.

    Attributes
    ----------
    autoencoder
        Running mean of the weights at the best validation.
    validation
        What the judge said of it.
    steps
        Optimiser steps taken before training stopped.
    """

    autoencoder: Autoencoder
    validation: float
    steps: int


def train_arm(
    material: Material, recipe: Recipe, weight: float, seed: int, judge: Judge, report: Report
) -> Trained:
    """Train one arm with lambda `weight`; 0 trains the control.

    Everything random comes from `seed`: on one machine and one build of PyTorch the same call gives
    the same weights. `judge` decides which weights are kept and when to stop; `report` is told of
    every step.
    """
    _seed_everything(seed)
    plan = recipe.training
    batches = _Batches(material, recipe, np.random.default_rng(seed))
    network = Autoencoder(recipe.network, material.analytic.shape[1]).to(material.analytic.device)
    mean = copy.deepcopy(network)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.0)
    best = Trained(mean, -math.inf, 0)
    since_best = 0
    for step in range(1, plan.steps + 1):
        _set_rate(optimizer, plan.learning_rate * _schedule(step, plan.steps, plan.warmup_steps))
        loss = _loss(network, *batches.draw(with_seismic=weight > 0), recipe, weight)
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
    """Draws windows, and the same windows with transients, so that only the transient differs."""

    material: Material
    recipe: Recipe
    rng: np.random.Generator

    def draw(self, with_seismic: bool) -> tuple[Tensor, Tensor | None]:
        """Non-seismic and seismic windows, each [batch, steps, 3]; the control needs no second."""
        count = min(self.recipe.training.batch, len(self.material.analytic))
        windows = self._windows(count)
        return windows, (windows + self._transients(count)) if with_seismic else None

    def _windows(self, count: int) -> Tensor:
        """Training windows, some of them made to look like another station's."""
        own, other = vary(self.rng, count, self.recipe.variation)
        first, second = self._rows(count), self._rows(count)
        varied = first @ self._tensor(own.astype(np.complex64))
        varied = varied + second @ self._tensor(other.astype(np.complex64))
        return varied.real

    def _rows(self, count: int) -> Tensor:
        analytic = self.material.analytic
        rows = torch.from_numpy(self.rng.choice(len(analytic), count, replace=False))
        return analytic[rows.to(analytic.device)]

    def _transients(self, count: int) -> Tensor:
        families = self.recipe.seismic.families
        shares = np.array_split(np.arange(count), len(families))
        parts = [
            self._family(family, len(share)) for family, share in zip(families, shares, strict=True)
        ]
        return torch.cat(parts)

    def _family(self, family: str, count: int) -> Tensor:
        seismic, material = self.recipe.seismic, self.material
        low, high = math.log(seismic.snr_low), math.log(seismic.snr_high)
        snr: Float64 = np.exp(self.rng.uniform(low, high, count))
        drawn = draw(self.rng, family, snr, material.scale_nt, material.frame, anywhere=True)
        vector = drawn.vector_nt() / np.array(material.scale_nt)
        waveform = self._tensor(drawn.waveform.astype(np.float32)[:, :, None])
        filtered: Tensor = material.front_end(waveform)
        return filtered * self._tensor(vector.astype(np.float32)[:, None, :])

    def _tensor(self, values: Float32 | NDArray[np.complex64]) -> Tensor:
        return torch.from_numpy(values).to(self.material.analytic.device)


def _loss(
    network: Autoencoder, windows: Tensor, seismic: Tensor | None, recipe: Recipe, weight: float
) -> Tensor:
    loss = recipe.loss
    if seismic is None:
        error = log_error(network(windows), windows)
        return negative_learning_loss(error, None, loss.kind, weight, loss.margin)
    both = torch.cat([windows, seismic])
    error = log_error(network(both), both)
    non_seismic, raised = error[: len(windows)], error[len(windows) :]
    return negative_learning_loss(non_seismic, raised, loss.kind, weight, loss.margin)


def _seed_everything(seed: int) -> None:
    torch.manual_seed(seed)
    # The order of sums depends on the number of threads; so small a network gains little by them.
    torch.set_num_threads(1)
    # A GPU's LSTM has no deterministic kernel for all shapes: warn there, insist nowhere.
    torch.use_deterministic_algorithms(True, warn_only=True)


def _schedule(step: int, steps: int, warmup_steps: int) -> float:
    """Linear rise, then half a cosine down to a hundredth."""
    rise = min(1.0, step / max(warmup_steps, 1))
    return rise * (0.01 + 0.99 * (0.5 + 0.5 * math.cos(math.pi * step / steps)))


def _set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def _descend(
    optimizer: torch.optim.Optimizer, network: Autoencoder, loss: Tensor, clip: float
) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
    torch.nn.utils.clip_grad_norm_(network.parameters(), clip)
    optimizer.step()


@torch.no_grad()
def _follow(mean: Autoencoder, network: Autoencoder, decay: float) -> None:
    for averaged, current in zip(mean.parameters(), network.parameters(), strict=True):
        averaged.lerp_(current, 1 - decay)
