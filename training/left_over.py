"""How much of a window a reconstruction leaves: whether an autoencoder is one.

Negative learning asks for windows without a transient to be reconstructed well. Nothing in the AUC
does: a network that misses all windows, some more than others, can order them as well as any.
"""

import numpy as np

from archive.model import Model
from geofield.score import stack_scale
from geofield.types import Float32, Float64
from training.evaluation import LeftOver

_BATCH = 256
_SILENT = 1e-3  # times the scale: a sensor that stands still has no field to reconstruct


def left_over(
    method: str, model: Model, field_nt: Float32, scale_nt: tuple[float, float, float]
) -> LeftOver:
    """What a model leaves of raw windows [n, span, 3] without a transient, in nT."""
    parts = [field_nt[begin : begin + _BATCH] for begin in range(0, len(field_nt), _BATCH)]
    share = np.concatenate([_share(model, part, scale_nt) for part in parts])
    return LeftOver(method=method, median=float(np.median(share)), worse=float((share > 1).mean()))


def _share(model: Model, field_nt: Float32, scale_nt: tuple[float, float, float]) -> Float64:
    """The error's root mean square over that of the window, in units of the scale: [n]."""
    filtered_nt, rebuilt_nt = model.traces(field_nt, stack_scale(scale_nt, len(field_nt)))
    window, error = filtered_nt / scale_nt, (filtered_nt - rebuilt_nt) / scale_nt
    return np.asarray(_rms(error) / np.maximum(_rms(window), _SILENT), np.float64)


def _rms(windows: Float32) -> Float32:
    return np.asarray(np.sqrt(np.square(windows).mean(axis=(1, 2))))
