"""Methods to judge, with the interface of the worker's model: a score for every raw window."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from archive.model import Model
from geofield.scoring.score import Errors, Reconstruct
from geofield.types import Float32, Float64
from training.model.baselines import BASELINES
from training.results import CLASSIFIER, NEGATIVE

_BATCH = 256

ScoreAll: TypeAlias = Callable[[Float32, Float32], Mapping[str, Float64]]
"""Scores [n] by method of raw windows [n, span, 3], level removed, and scales [n, 3], in nT."""


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


def scorer_of(model: Model, methods: Sequence[Method]) -> ScoreAll:
    """Scores of all methods together: the model runs once for its own and for all baselines."""

    def scored(field_nt: Float32, scale_nt: Float32) -> dict[str, Float64]:
        parts = [_all(model, methods, field_nt[at], scale_nt[at]) for at in _parts(len(field_nt))]
        return {
            method.name: np.concatenate([part[method.name] for part in parts] or [np.empty(0)])
            for method in methods
        }

    return scored


def _all(
    model: Model, methods: Sequence[Method], field_nt: Float32, scale_nt: Float32
) -> dict[str, Float64]:
    own, filtered_nt = model.run(["rmse", "filtered"], field_nt, scale_nt)
    scores: dict[str, Float32] = {}
    for method in methods:
        if method.name == NEGATIVE:
            scores[method.name] = own
        elif method.name in BASELINES:
            statistic = BASELINES[method.name](filtered_nt, scale_nt[:, None, :])
            scores[method.name] = statistic.astype(np.float32)
        else:
            scores[method.name] = method.reconstruct(field_nt, scale_nt).rmse
    return {name: score.astype(np.float64) for name, score in scores.items()}


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
