"""Values of each window for online calibration: filtered samples, or the score."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geofield.calibration.fit import newest
from geofield.calibration.online.rules import Setting
from geofield.calibration.online.state import Learning
from geofield.quality.faults import examine
from geofield.scoring.score import Reconstruct, WindowScore, stack_scale
from geofield.series.windows import Windows
from geofield.types import Bool, Float32

_NOTHING = np.empty((0, 1), np.float32)
SAMPLES = 4  # of a window; a day of them gives the scale to about 2 %


@dataclass(frozen=True, slots=True)
class CalibrationCandidates:
    """Windows of one station that may serve its calibration.

    Attributes
    ----------
    windows
        Windows in order of time.
    scores
        Score of each window.
    learning
        The station's calibration, whose stage decides which values are kept.
    rows
        Shape [n]: whether each window counts.
    """

    windows: Windows
    scores: Sequence[WindowScore]
    learning: Learning
    rows: Bool

    @property
    def unscaled(self) -> bool:
        """Whether the scale is still unknown."""
        return self.learning.scale_nt is None

    @property
    def unscored(self) -> bool:
        """Whether the scale is known but no profile, so that the windows have no scores."""
        return not self.unscaled and self.learning.profile is None


def candidates_of(
    windows: Windows,
    scores: Sequence[WindowScore],
    learning: Learning,
    alarmed_windows: Bool,
    setting: Setting,
) -> CalibrationCandidates:
    """Select the windows that count: complete enough, in no alarm, and without faults.

    Faults are measured against the background, so they are unknown until the scale is known.
    """
    rows: Bool = np.asarray(windows.sufficient & ~alarmed_windows)
    scale_nt = learning.scale_nt
    if learning.profile is not None:
        rows &= np.array([not score.trouble for score in scores])
    elif scale_nt is not None and rows.any():
        findings = examine(windows.field_nt[rows], scale_nt, setting.window.cadence_ms)
        rows[rows] = [not faults for faults in findings]
    return CalibrationCandidates(windows, scores, learning, rows)


def values(
    candidates: Sequence[CalibrationCandidates], reconstruct: Reconstruct, setting: Setting
) -> list[Float32]:
    """Values [k, c] of the counted windows of each station; the model runs once for all stations.

    c is 3 times `SAMPLES` or more filtered samples in nT while the scale is unknown, else one
    score.
    """
    samples = iter(_samples([station for station in candidates if station.unscaled], setting))
    errors = iter(_errors([station for station in candidates if station.unscored], reconstruct))
    return [
        next(samples) if station.unscaled else next(errors) if station.unscored else _known(station)
        for station in candidates
    ]


def _samples(candidates: Sequence[CalibrationCandidates], setting: Setting) -> list[Float32]:
    """A few filtered samples of the newest hop of each window: [k, 3 * samples] in nT."""
    if not any(station.rows.any() for station in candidates):
        return [_NOTHING] * len(candidates)
    fields = [station.windows.levelled_nt()[station.rows] for station in candidates]
    filtered_nt = setting.online.band_pass(np.concatenate(fields))
    fresh_nt = newest(filtered_nt, setting.window).reshape(len(filtered_nt), -1, 3)
    every = max(1, fresh_nt.shape[1] // SAMPLES)
    thinned_nt = fresh_nt[:, ::every].reshape(len(filtered_nt), -1)
    return _by_station(thinned_nt, candidates)


def _errors(candidates: Sequence[CalibrationCandidates], reconstruct: Reconstruct) -> list[Float32]:
    """Scores in units of the scale of each station: [k, 1]."""
    if not any(station.rows.any() for station in candidates):
        return [_NOTHING] * len(candidates)
    fields = [station.windows.levelled_nt()[station.rows] for station in candidates]
    scales = [
        stack_scale(station.learning.scale_nt, len(field_nt))
        for station, field_nt in zip(candidates, fields, strict=True)
        if station.learning.scale_nt is not None
    ]
    rmse = reconstruct(np.concatenate(fields), np.concatenate(scales)).rmse
    return _by_station(rmse[:, None], candidates)


def _known(station: CalibrationCandidates) -> Float32:
    """Existing scores: [k, 1]."""
    rmse = [
        window.score.rmse
        for window, counts in zip(station.scores, station.rows, strict=True)
        if counts and window.score is not None
    ]
    return np.array(rmse, np.float32)[:, None]


def _by_station(rows: Float32, candidates: Sequence[CalibrationCandidates]) -> list[Float32]:
    """Divide rows among the stations that they come from."""
    return np.split(rows, np.cumsum([int(station.rows.sum()) for station in candidates])[:-1])
