"""Negative learning: reconstruct the non-seismic class well and the seismic class badly.

Source of the idea: doi 10.32604/cmc.2025.066421. With e the mean squared error of a window, every
form is ``(lowering term over non-seismic windows) + weight * (raising term)``; ``weight = 0`` is
the plain autoencoder with the same lowering term.

The default compares logarithms, which bounds the raising term and frees it of scale: a plain
``-e`` runs away, and a margin in e itself can be met by reconstructing nothing.
"""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor
from torch.nn.functional import softplus


class Misses(NamedTuple):
    """Natural logarithm of the mean squared error of each window, in units of the scale.

    Attributes
    ----------
    error
        Shape [n]: against the window itself.
    reversed_error
        Shape [n]: against the window with its sign turned.
    """

    error: Tensor
    reversed_error: Tensor


_Form = Callable[[Misses, Misses, float, float], tuple[Tensor, Tensor]]


def negative_learning_loss(
    non_seismic: Misses,
    seismic: Misses | None,
    kind: str,
    weight: float,
    margin: float,
    softness: float = 1.0,
    contrast: float = 0.0,
) -> Tensor:
    """Loss of one batch.

    Parameters
    ----------
    non_seismic, seismic
        Of [n] and [m] windows. None stands for no seismic windows and needs `weight` 0.
    kind
        A key of `FORMS`.
    weight
        Lambda.
    margin
        How far apart the classes are asked to be: in log error, or in error for ``hinge`` and
        ``clipped``.
    softness
        See `_soft_hinge`; of the forms in log error only.
    contrast
        How much the mean log error of the seismic windows counts, in any form. The order of the
        classes is content when a strong transient is a little worse than a quiet window; at a rare
        alert it is compared with the worst quiet window of a month. The network limits its errors,
        so that this cannot run away.

    Returns
    -------
    A scalar.
    """
    if seismic is None or not weight:
        if weight:
            raise ValueError("negative learning needs seismic windows")
        return FORMS[kind](non_seismic, non_seismic, margin, softness)[0]
    lowering, raising = FORMS[kind](non_seismic, seismic, margin, softness)
    return lowering + weight * raising - contrast * seismic.error.mean()


def _log_error(
    non_seismic: Misses, seismic: Misses, margin: float, softness: float
) -> tuple[Tensor, Tensor]:
    """Every seismic window against every non-seismic one of the batch, by their log errors.

    The mean over pairs is a smooth bound of the share of pairs in the wrong order, 1 - AUC. Against
    the batch mean alone (`_log_error_mean`) the spread among the non-seismic windows does not
    count, although it is what hides a weak transient.
    """
    apart = seismic.error[None, :] - non_seismic.error[:, None]
    return non_seismic.error.mean(), _soft_hinge(margin - apart, softness).mean()


def _log_error_mean(
    non_seismic: Misses, seismic: Misses, margin: float, softness: float
) -> tuple[Tensor, Tensor]:
    """Every seismic window against the mean of the non-seismic ones, by their log errors."""
    level = non_seismic.error.mean()
    return level, _soft_hinge(margin - (seismic.error - level), softness).mean()


def _soft_hinge(short: Tensor, softness: float) -> Tensor:
    """By how much a margin is missed; a hinge whose corner is `softness` wide.

    Log errors span little more than one unit between classes, so a corner of 1 would count all
    pairs alike and move means instead of mending the order.
    """
    return softness * softplus(short / softness)


def _hinge(
    non_seismic: Misses, seismic: Misses, margin: float, softness: float
) -> tuple[Tensor, Tensor]:
    """The error of a seismic window is raised until it passes the margin."""
    del softness
    return non_seismic.error.exp().mean(), (margin - seismic.error.exp()).relu().mean()


def _clipped(
    non_seismic: Misses, seismic: Misses, margin: float, softness: float
) -> tuple[Tensor, Tensor]:
    """Gradient ascent in the mean error of the seismic windows, stopped where it passes the margin.

    Unlike the hinge, which stops for each window by itself.
    """
    del softness
    return non_seismic.error.exp().mean(), -seismic.error.exp().mean().clamp(max=margin)


def _inverse(
    non_seismic: Misses, seismic: Misses, margin: float, softness: float
) -> tuple[Tensor, Tensor]:
    """One over the error of a seismic window, kept finite by the margin."""
    del softness
    return non_seismic.error.exp().mean(), (1 / (seismic.error.exp() + margin)).mean()


def _target_reversal(
    non_seismic: Misses, seismic: Misses, margin: float, softness: float
) -> tuple[Tensor, Tensor]:
    """A seismic window is to be reconstructed as its opposite; there is no margin.

    Source: Angiulli, Fassetti & Ferragina (2023), AE-SAD, where the opposite of a pixel is 1 - x;
    that of a field without level is -x.
    """
    del margin, softness
    return non_seismic.error.exp().mean(), seismic.reversed_error.exp().mean()


FORMS: dict[str, _Form] = {
    "log-error": _log_error,
    "log-error-mean": _log_error_mean,
    "hinge": _hinge,
    "clipped": _clipped,
    "inverse": _inverse,
    "target-reversal": _target_reversal,
}

SOFT_FORMS = ("log-error", "log-error-mean")
