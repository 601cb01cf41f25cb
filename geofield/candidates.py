"""What an online calibration keeps of each window: filtered samples, or the score."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geofield.calibrating import Learning
from geofield.calibration import newest
from geofield.online_rules import Setting
from geofield.score import Reconstruct, WindowScore, stack_scale
from geofield.trouble import examine
from geofield.types import Bool, Float32
from geofield.windows import Windows

_NOTHING = np.empty((0, 1), np.float32)
SAMPLES = 4  # of a window; a day of them tells the scale to some two in a hundred


@dataclass(frozen=True, slots=True)
class Candidates:
    """Windows of one station.

    Attributes
    ----------
    windows
        In order of time.
    scores
        Of each window.
    learning
        The station's calibration, which decides what is kept.
    rows
        Shape [n]: which windows count.
    """

    windows: Windows
    scores: Sequence[WindowScore]
    learning: Learning
    rows: Bool

    @property
    def unscaled(self) -> bool:
        """Whether the scale is looked for."""
        return self.learning.scale_nt is None

    @property
    def unscored(self) -> bool:
        """Whether the scale is known and no profile, so that no score was made."""
        return not self.unscaled and self.learning.profile is None


def candidates_of(
    windows: Windows, scores: Sequence[WindowScore], learning: Learning, apart: Bool
) -> Candidates:
    """The windows that count: complete enough, not `apart`, and without instrument trouble.

    Trouble is measured against the background, so it is not seen while that is looked for.
    """
    rows: Bool = np.asarray(windows.sufficient & ~apart)
    scale_nt = learning.scale_nt
    if learning.profile is not None:
        rows &= np.array([not score.trouble for score in scores])
    elif scale_nt is not None and rows.any():
        rows[rows] = [not found for found in examine(windows.field_nt[rows], scale_nt)]
    return Candidates(windows, scores, learning, rows)


def values(
    candidates: Sequence[Candidates], reconstruct: Reconstruct, setting: Setting
) -> list[Float32]:
    """What is kept of the windows of each that count: [k, c]; the model runs once for all."""
    samples = iter(_samples([one for one in candidates if one.unscaled], setting))
    errors = iter(_errors([one for one in candidates if one.unscored], reconstruct))
    return [
        next(samples) if one.unscaled else next(errors) if one.unscored else _known(one)
        for one in candidates
    ]


def _samples(candidates: Sequence[Candidates], setting: Setting) -> list[Float32]:
    """A few samples of what each window adds to the one before, filtered: [k, 3 samples]."""
    if not any(one.rows.any() for one in candidates):
        return [_NOTHING] * len(candidates)
    fields = [one.windows.levelled_nt()[one.rows] for one in candidates]
    filtered_nt = setting.online.band_pass(np.concatenate(fields))
    fresh_nt = newest(filtered_nt, setting.window).reshape(len(filtered_nt), -1, 3)
    every = max(1, fresh_nt.shape[1] // SAMPLES)
    few_nt = fresh_nt[:, ::every].reshape(len(filtered_nt), -1)
    return _parts(few_nt, candidates)


def _errors(candidates: Sequence[Candidates], reconstruct: Reconstruct) -> list[Float32]:
    """Scores in units of each station's scale: [k, 1]."""
    if not any(one.rows.any() for one in candidates):
        return [_NOTHING] * len(candidates)
    fields = [one.windows.levelled_nt()[one.rows] for one in candidates]
    scales = [
        stack_scale(one.learning.scale_nt, len(part))
        for one, part in zip(candidates, fields, strict=True)
        if one.learning.scale_nt is not None
    ]
    rmse = reconstruct(np.concatenate(fields), np.concatenate(scales)).rmse
    return _parts(rmse[:, None], candidates)


def _known(one: Candidates) -> Float32:
    """Scores that were made already: [k, 1]."""
    rmse = [
        score.score.rmse
        for score, counts in zip(one.scores, one.rows, strict=True)
        if counts and score.score is not None
    ]
    return np.array(rmse, np.float32)[:, None]


def _parts(rows: Float32, candidates: Sequence[Candidates]) -> list[Float32]:
    """Divide rows among the candidates that they were made of."""
    return np.split(rows, np.cumsum([int(one.rows.sum()) for one in candidates])[:-1])
