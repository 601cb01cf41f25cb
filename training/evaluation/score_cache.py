"""Cache of scores: a stream with few changes needs new scores only where it changed."""

from dataclasses import replace

import numpy as np

from geofield.scoring.score import Errors
from geofield.types import Float32
from training.evaluation.methods import Method


class ScoreCache:
    """A method with a cache of the scores of one stream; the scale must stay the same.

    A score depends on its window alone, so a cached score equals a new one.

    Parameters
    ----------
    method
        The method to cache.

    Attributes
    ----------
    storing
        The method; it stores the scores of all windows.
    reusing
        The method; it scores only windows that are not stored.
    """

    def __init__(self, method: Method) -> None:
        self._reconstruct = method.reconstruct
        self._known: dict[bytes, Float32] = {}
        self.storing = replace(method, reconstruct=self._store)
        self.reusing = replace(method, reconstruct=self._reuse)

    def _store(self, field_nt: Float32, scale_nt: Float32) -> Errors:
        errors = self._reconstruct(field_nt, scale_nt)
        self._known.update(zip(_keys(field_nt), _table(errors), strict=True))
        return errors

    def _reuse(self, field_nt: Float32, scale_nt: Float32) -> Errors:
        rows = [self._known.get(key) for key in _keys(field_nt)]
        new = [number for number, row in enumerate(rows) if row is None]
        table = np.array([_UNKNOWN if row is None else row for row in rows])
        if new:
            table[new] = _table(self._reconstruct(field_nt[new], scale_nt[new]))
        return Errors(table[:, 0], table[:, 1], table[:, 2:])


_UNKNOWN = np.full(5, np.nan, np.float32)


def _keys(field_nt: Float32) -> list[bytes]:
    return [window.tobytes() for window in field_nt]


def _table(errors: Errors) -> Float32:
    return np.column_stack([errors.rmse, errors.mae, errors.error])
