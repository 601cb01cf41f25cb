"""What is trained beside each other: negative learning, its control, and the supervised ceiling."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import msgspec
from torch import Tensor
from torch.nn.functional import softplus

from training.evaluation import CLASSIFIER, CONTROL, NEGATIVE
from training.loss import Misses, negative_learning_loss
from training.network import Autoencoder, Classifier, Judged, OwnScale
from training.tables import Loss, Network


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to train.

    Attributes
    ----------
    method
        Its name in every table.
    build
        Makes the network of a size and a number of steps.
    loss
        Of the non-seismic and the seismic windows of a batch.
    with_seismic
        Whether it sees the seismic class at all.
    """

    method: str
    build: Callable[[Network, int], Judged]
    loss: Callable[[Misses, Misses | None], Tensor]
    with_seismic: bool


def negative_learning(loss: Loss, own_scale: bool = False) -> Arm:
    """Negative learning; with weight 0 it is its own control.

    Parameters
    ----------
    loss
        Form, weight and margin.
    own_scale
        Whether each window is seen in units of its own scale.
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
    return Arm(method, build, form, with_seismic=loss.weight > 0)


def control(loss: Loss) -> Arm:
    """The plain autoencoder: the same lowering term, lambda = 0."""
    return negative_learning(msgspec.structs.replace(loss, weight=0.0))


def classifier() -> Arm:
    """Cross-entropy on the two classes: what could be had if only the known families counted."""
    return Arm(CLASSIFIER, Classifier, _cross_entropy, with_seismic=True)


def _cross_entropy(non_seismic: Misses, seismic: Misses | None) -> Tensor:
    if seismic is None:
        raise ValueError("a classifier needs seismic windows")
    return (softplus(non_seismic.error).mean() + softplus(-seismic.error).mean()) / 2


def _in_own_scale(size: Network, steps: int) -> OwnScale:
    return OwnScale(Autoencoder(size, steps))
