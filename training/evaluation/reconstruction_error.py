"""Relative reconstruction error: whether an autoencoder reconstructs at all.

Negative learning asks for a good reconstruction of windows without a transient. The AUC does not: a
network that reconstructs all windows badly, some worse than others, can order them as well.
"""

import numpy as np

from archive.model import Model
from geofield.scoring.score import stack_scale
from geofield.types import Float32, Float64
from training.results import LeftOver

_BATCH = 256
_SILENT = 1e-3  # least rms of a window, in units of the scale: a dead sensor has no field


def shares_left(model: Model, field_nt: Float32, scale_nt: tuple[float, float, float]) -> Float64:
    """Relative reconstruction error of raw windows [n, span, 3] in nT without a transient: [n]."""
    parts = [field_nt[begin : begin + _BATCH] for begin in range(0, len(field_nt), _BATCH)]
    return np.concatenate([_share(model, part, scale_nt) for part in parts])


def left_over(method: str, shares: Float64) -> LeftOver:
    """Median of `shares_left`, and the share of windows to which zeros would be nearer."""
    worse = float((shares > 1).mean())
    return LeftOver(method=method, median=float(np.median(shares)), worse=worse)


def _share(model: Model, field_nt: Float32, scale_nt: tuple[float, float, float]) -> Float64:
    """Rms of the error over the rms of the window, both in units of the scale: [n]."""
    filtered_nt, rebuilt_nt = model.traces(field_nt, stack_scale(scale_nt, len(field_nt)))
    window, error = filtered_nt / scale_nt, (filtered_nt - rebuilt_nt) / scale_nt
    return np.asarray(_rms(error) / np.maximum(_rms(window), _SILENT), np.float64)


def _rms(windows: Float32) -> Float32:
    return np.asarray(np.sqrt(np.square(windows).mean(axis=(1, 2))))
