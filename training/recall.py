"""Scores kept, so that a stream in which little has changed is not scored as a whole again."""

from dataclasses import replace

import numpy as np

from geofield.score import Errors
from geofield.types import Float32
from training.methods import Method


class Recall:
    """A method that knows the windows of one stream; the scale must stay the same.

    A score depends on its own window alone, so what is recalled is what would come again.

    Parameters
    ----------
    method
        What scores.

    Attributes
    ----------
    learning, recalling
        The method, keeping the scores of all windows; the same, scoring only windows that are new.
    """

    def __init__(self, method: Method) -> None:
        self._reconstruct = method.reconstruct
        self._known: dict[bytes, Float32] = {}
        self.learning = replace(method, reconstruct=self._learn)
        self.recalling = replace(method, reconstruct=self._recall)

    def _learn(self, field_nt: Float32, scale_nt: Float32) -> Errors:
        errors = self._reconstruct(field_nt, scale_nt)
        self._known.update(zip(_keys(field_nt), _table(errors), strict=True))
        return errors

    def _recall(self, field_nt: Float32, scale_nt: Float32) -> Errors:
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
