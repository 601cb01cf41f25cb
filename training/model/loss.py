"""Losses of negative learning: reconstruct the non-seismic class well, the seismic class badly.

Source of the idea: doi 10.32604/cmc.2025.066421. With e the mean squared error of a window, every
form is ``(lowering term over non-seismic windows) + weight * (raising term)``. ``weight = 0`` is
the plain autoencoder with the same lowering term.

The default form compares logarithms, so its raising term is bounded and independent of scale. A
plain ``-e`` diverges, and a network that reconstructs nothing can meet a margin in e itself.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor
from torch.nn.functional import softplus


class Misses(NamedTuple):
    """Natural logarithm of the mean squared error of each window, in units of the scale.

    Attributes
    ----------
    error
        Shape [n]: error against the window itself.
    reversed_error
        Shape [n]: error against the window with its sign reversed.
    share
        Shape [n]: logarithm of the rms of the plain error over that of the window. None for the
        classifier, which reconstructs nothing.
    """

    error: Tensor
    reversed_error: Tensor
    share: Tensor | None = None


_CORNER = 0.1  # width of the corner of the penalty, in natural logarithm
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
        Errors of [n] and [m] windows. None means no seismic windows and needs `weight` 0.
    kind
        A key of `FORMS`.
    weight
        Lambda.
    margin
        Wanted distance between the classes: in log error, or in error for ``hinge`` and
        ``clipped``.
    softness
        See `_soft_hinge`; for the forms in log error only.
    contrast
        Weight of the mean log error of the seismic windows, in any form. For the order of the
        classes a strong transient need be only a little worse than a quiet window. At a rare alert,
        however, it competes with the worst quiet window of a month. The network limits its errors,
        so this term cannot diverge.

    Returns
    -------
    The loss, a scalar.

    Raises
    ------
    ValueError
        If `weight` is not 0 and there are no seismic windows.
    """
    if seismic is None or not weight:
        if weight:
            raise ValueError("negative learning needs seismic windows")
        return FORMS[kind](non_seismic, non_seismic, margin, softness)[0]
    lowering, raising = FORMS[kind](non_seismic, seismic, margin, softness)
    return lowering + weight * raising - contrast * seismic.error.mean()


def left_over_penalty(non_seismic: Misses, allowed: float) -> Tensor:
    """Mean logarithm of what is left over of the non-seismic windows beyond `allowed`.

    The order of the classes alone is served as well by a network that inverts every quiet window
    that looks a little like a transient. This term holds against that where it matters: windows
    that are reconstructed well enough do not count.

    Parameters
    ----------
    non_seismic
        Errors of [n] windows of an autoencoder.
    allowed
        Rms of the error over the rms of the window that costs nothing.

    Raises
    ------
    ValueError
        If the network reconstructs nothing.
    """
    if non_seismic.share is None:
        raise ValueError("what a classifier leaves over is not defined")
    return _soft_hinge(non_seismic.share - math.log(allowed), _CORNER).mean()


def _log_error(
    non_seismic: Misses, seismic: Misses, margin: float, softness: float
) -> tuple[Tensor, Tensor]:
    """Compare the log errors of all pairs of a seismic and a non-seismic window of the batch.

    The mean over pairs is a smooth bound of the share of pairs in the wrong order, 1 - AUC. A
    comparison with the batch mean (`_log_error_mean`) ignores the spread of the non-seismic
    windows, which is what hides a weak transient.
    """
    separation = seismic.error[None, :] - non_seismic.error[:, None]
    return non_seismic.error.mean(), _soft_hinge(margin - separation, softness).mean()


def _log_error_mean(
    non_seismic: Misses, seismic: Misses, margin: float, softness: float
) -> tuple[Tensor, Tensor]:
    """Compare the log error of each seismic window with the mean of the non-seismic windows."""
    level = non_seismic.error.mean()
    return level, _soft_hinge(margin - (seismic.error - level), softness).mean()


def _soft_hinge(short: Tensor, softness: float) -> Tensor:
    """Shortfall from the margin: a hinge with a corner of width `softness`.

    The log errors of the classes differ by little more than one unit. So a corner of width 1 would
    weight all pairs alike, and would move means instead of correcting the order.
    """
    return softness * softplus(short / softness)


def _hinge(
    non_seismic: Misses, seismic: Misses, margin: float, softness: float
) -> tuple[Tensor, Tensor]:
    """Raise the error of each seismic window until it passes the margin."""
    del softness
    return non_seismic.error.exp().mean(), (margin - seismic.error.exp()).relu().mean()


def _clipped(
    non_seismic: Misses, seismic: Misses, margin: float, softness: float
) -> tuple[Tensor, Tensor]:
    """Raise the mean error of the seismic windows until it passes the margin.

    The hinge, in contrast, stops for each window by itself.
    """
    del softness
    return non_seismic.error.exp().mean(), -seismic.error.exp().mean().clamp(max=margin)


def _inverse(
    non_seismic: Misses, seismic: Misses, margin: float, softness: float
) -> tuple[Tensor, Tensor]:
    """Lower one over the error of the seismic windows; the margin keeps it finite."""
    del softness
    return non_seismic.error.exp().mean(), (1 / (seismic.error.exp() + margin)).mean()


def _target_reversal(
    non_seismic: Misses, seismic: Misses, margin: float, softness: float
) -> tuple[Tensor, Tensor]:
    """Reconstruct a seismic window as its opposite; there is no margin.

    Source: Angiulli, Fassetti & Ferragina (2023), AE-SAD. There the opposite of a pixel is 1 - x;
    the opposite of a field without level is -x.
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
