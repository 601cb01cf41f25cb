"""Methods to judge, with the interface of the worker's model: a score for every raw window."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from archive.model import Model
from geofield.scoring.score import Errors, Reconstruct
from geofield.types import Float32, Float64
from training.model.baselines import BASELINES
from training.results import CLASSIFIER, NEGATIVE

_BATCH = 256


@dataclass(frozen=True, slots=True)
class Method:
    """A method that scores windows.

    Attributes
    ----------
    name
        Name in all tables.
    reconstruct
        Function of raw field [n, span, 3] and scale [n, 3] in nT that returns errors. If the method
        is no autoencoder, all errors are its score.
    is_error
        Whether the score is a reconstruction error.
    """

    name: str
    reconstruct: Reconstruct
    is_error: bool


def methods_of(model: Model, rivals: dict[str, Model]) -> list[Method]:
    """The model, its trained rivals by name, and the baselines, which need the model's filter."""
    trained = {NEGATIVE: model, **rivals}
    return [
        *(
            Method(name, _batched(network.reconstruct), name != CLASSIFIER)
            for name, network in trained.items()
        ),
        *(Method(name, _baseline(model, name), False) for name in BASELINES),
    ]


def _baseline(model: Model, name: str) -> Reconstruct:
    def reconstruct(field_nt: Float32, scale_nt: Float32) -> Errors:
        (filtered_nt,) = model.run(["filtered"], field_nt, scale_nt)
        score: Float64 = BASELINES[name](filtered_nt, scale_nt[:, None, :])
        return _same(score.astype(np.float32))

    return _batched(reconstruct)


def _same(score: Float32) -> Errors:
    return Errors(score, score, np.stack([score] * 3, axis=1))


def _batched(reconstruct: Reconstruct) -> Reconstruct:
    def scored(field_nt: Float32, scale_nt: Float32) -> Errors:
        parts = [reconstruct(field_nt[part], scale_nt[part]) for part in _parts(len(field_nt))]
        return Errors(
            np.concatenate([part.rmse for part in parts]),
            np.concatenate([part.mae for part in parts]),
            np.concatenate([part.error for part in parts]),
        )

    return scored


def _parts(count: int) -> Iterator[slice]:
    return (slice(begin, begin + _BATCH) for begin in range(0, count, _BATCH))
