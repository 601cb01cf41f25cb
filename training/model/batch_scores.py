"""Scores of whole arrays of windows, in batches."""

from collections.abc import Mapping

import numpy as np
import torch

from geofield.types import Float32, Float64
from training.model.baselines import BASELINES
from training.model.network import FrontEnd, Judged

_BATCH = 512


@torch.no_grad()
def band_passed(front_end: FrontEnd, field_nt: Float32) -> Float32:
    """Raw windows [n, span, 3] to band-passed [n, steps, 3], both in nT."""
    parts = [front_end(_tensor(front_end.matrix, part)).cpu() for part in _parts(field_nt)]
    return np.asarray(torch.cat(parts).numpy())


@torch.no_grad()
def network_scores(network: Judged, scaled: Float32) -> Float64:
    """Logarithm of the window rmse, which orders windows as the rmse does: [n, steps, 3] to [n].

    `scaled` is the band-passed field in units of the scale.
    """
    weights = next(network.parameters())
    parts = [network.misses(_tensor(weights, part)).error.cpu() / 2 for part in _parts(scaled)]
    return np.asarray(torch.cat(parts).numpy(), dtype=np.float64)


def baseline_scores(
    scale_nt: tuple[float, float, float], filtered_nt: Float32
) -> Mapping[str, Float64]:
    """Scores of every baseline, by name: [n, steps, 3] in nT to [n]."""
    scale = np.array(scale_nt, np.float32)
    return {name: score(filtered_nt, scale) for name, score in BASELINES.items()}


def _parts(values: Float32) -> list[Float32]:
    return [values[begin : begin + _BATCH] for begin in range(0, len(values), _BATCH)]


def _tensor(like: torch.Tensor, values: Float32) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values)).to(like.device)
