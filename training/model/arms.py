"""Arms of a training: negative learning, its control, and the supervised classifier."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import msgspec
from torch import Tensor
from torch.nn.functional import softplus

from training.model.loss import Misses, left_over_penalty, negative_learning_loss
from training.model.network import Autoencoder, Classifier, Judged, OwnScale
from training.recipe.tables import Loss, NetworkSize
from training.results import CLASSIFIER, CONTROL, NEGATIVE


@dataclass(frozen=True, slots=True)
class Arm:
    """A way to train a network.

    Attributes
    ----------
    method
        Name in all tables.
    build
        Makes a network of a size and a number of steps.
    loss
        Loss of the non-seismic and the seismic windows of a batch.
    with_seismic
        Whether the arm uses the seismic class.
    """

    method: str
    build: Callable[[NetworkSize, int], Judged]
    loss: Callable[[Misses, Misses | None], Tensor]
    with_seismic: bool


def negative_learning(loss: Loss, own_scale: bool = False) -> Arm:
    """The arm of negative learning; with weight 0 it is the control.

    Parameters
    ----------
    loss
        Form, weight and margin.
    own_scale
        Whether the network sees each window in units of the window's own scale.
    """
    form = partial(
        negative_learning_loss,
        kind=loss.kind,
        weight=loss.weight,
        margin=loss.margin,
        softness=loss.softness,
        contrast=loss.contrast,
    )
    method = NEGATIVE if loss.weight else CONTROL
    build = _in_own_scale if own_scale else Autoencoder
    whole = partial(_penalized, form, loss) if loss.penalty and loss.weight else form
    return Arm(method, build, whole, with_seismic=loss.weight > 0)


def _penalized(
    form: Callable[[Misses, Misses | None], Tensor],
    loss: Loss,
    non_seismic: Misses,
    seismic: Misses | None,
) -> Tensor:
    penalty = left_over_penalty(non_seismic, loss.allowed)
    return form(non_seismic, seismic) + loss.penalty * penalty


def control(loss: Loss) -> Arm:
    """The arm of the plain autoencoder: the same lowering term, lambda = 0."""
    return negative_learning(msgspec.structs.replace(loss, weight=0.0))


def classifier() -> Arm:
    """The arm of the classifier, by cross-entropy: an upper bound for the known families."""
    return Arm(CLASSIFIER, Classifier, _cross_entropy, with_seismic=True)


def _cross_entropy(non_seismic: Misses, seismic: Misses | None) -> Tensor:
    if seismic is None:
        raise ValueError("a classifier needs seismic windows")
    return (softplus(non_seismic.error).mean() + softplus(-seismic.error).mean()) / 2


def _in_own_scale(size: NetworkSize, steps: int) -> OwnScale:
    return OwnScale(Autoencoder(size, steps))
