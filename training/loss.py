"""Negative learning: reconstruct the non-seismic class well and the seismic class badly.

Source of the idea: doi 10.32604/cmc.2025.066421. With e the mean squared error of a window, every
form is ``(lowering term over non-seismic windows) + weight * (raising term)``; ``weight = 0`` is
the plain autoencoder with the same lowering term.

The default compares logarithms, which bounds the raising term and frees it of scale: a plain
``-e`` runs away, and a margin in e itself can be met by reconstructing nothing.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import softplus

_Form = Callable[[Tensor, Tensor, float], tuple[Tensor, Tensor]]


def negative_learning_loss(
    non_seismic: Tensor, seismic: Tensor | None, kind: str, weight: float, margin: float
) -> Tensor:
    """Loss of one batch.

    Parameters
    ----------
    non_seismic, seismic
        Shapes [n], [m]: natural logarithm of the mean squared error of each window, in units of the
        station's scale. None stands for no seismic windows and needs `weight` 0.
    kind
        A key of `FORMS`.
    weight
        Lambda.
    margin
        How far apart the classes are asked to be: in log error, or in error for ``hinge`` and
        ``clipped``.

    Returns
    -------
    A scalar.
    """
    if seismic is None or not weight:
        if weight:
            raise ValueError("negative learning needs seismic windows")
        return FORMS[kind](non_seismic, non_seismic, margin)[0]
    lowering, raising = FORMS[kind](non_seismic, seismic, margin)
    return lowering + weight * raising


def _log_error(non_seismic: Tensor, seismic: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    """Every seismic window against every non-seismic one of the batch.

    The mean over pairs is a smooth bound of the share of pairs in the wrong order, 1 - AUC. Against
    the batch mean alone (`_log_error_mean`) the spread among the non-seismic windows does not
    count, although it is what hides a weak transient.
    """
    apart = seismic[None, :] - non_seismic[:, None]
    return non_seismic.mean(), softplus(margin - apart).mean()


def _log_error_mean(non_seismic: Tensor, seismic: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    level = non_seismic.mean()
    return level, softplus(margin - (seismic - level)).mean()


def _hinge(non_seismic: Tensor, seismic: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    return non_seismic.exp().mean(), torch.relu(margin - seismic.exp()).mean()


def _clipped(non_seismic: Tensor, seismic: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    """Gradient ascent that stops at the margin."""
    return non_seismic.exp().mean(), -seismic.exp().clamp(max=margin).mean()


def _inverse(non_seismic: Tensor, seismic: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    """Source: 1/e, kept finite by the margin."""
    return non_seismic.exp().mean(), (1 / (seismic.exp() + margin)).mean()


FORMS: dict[str, _Form] = {
    "log-error": _log_error,
    "log-error-mean": _log_error_mean,
    "hinge": _hinge,
    "clipped": _clipped,
    "inverse": _inverse,
}
