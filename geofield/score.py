"""What the model says about one window, and what the station's profile makes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

import numpy as np

from geofield.trouble import Finding
from geofield.types import Float32
from geofield.value import value


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """Reconstruction errors of a batch of windows, in units of the station's scale.

    Attributes
    ----------
    rmse, mae
        Shape [batch]: over all steps and components.
    error
        Shape [batch, 3]: root mean square error of H, E, Z.
    """

    rmse: Float32
    mae: Float32
    error: Float32


Reconstruct: TypeAlias = Callable[[Float32, Float32], Errors]
"""Scores ``field`` [batch, span, 3] (nT, level removed) with ``scale`` [batch, 3] (nT)."""


class Quality(str, Enum):
    """Whether a window has a score, and if not, why."""

    OK = "ok"
    INSUFFICIENT = "insufficient"
    CALIBRATING = "calibrating"


@dataclass(frozen=True, slots=True)
class KpKnown:
    """Kp and Dst over some interval, as known when a decision was taken.

    Attributes
    ----------
    highest
        Highest Kp known in the interval; None when nothing of it was known.
    complete
        Whether Kp was known for all of the interval.
    lowest_dst_nt
        Lowest Dst known in the interval, nT; None when nothing of it was known.
    """

    highest: float | None
    complete: bool
    lowest_dst_nt: float | None = None

    def at_most(self, limit: float) -> bool:
        """Whether Kp is known for all of the interval and nowhere higher."""
        return self.complete and self.highest is not None and self.highest <= limit


@value
class Score:
    """How badly a window was reconstructed, and how rare that is at this station.

    Attributes
    ----------
    rmse, mae, error
        In units of the station's scale; `error` is the rmse of H, E and Z.
    threshold
        Of `rmse`.
    return_period_days
        Quiet data of this station reach such an rmse once in so many days.
    """

    rmse: float
    mae: float
    error: tuple[float, float, float]
    threshold: float
    return_period_days: float

    @property
    def exceeds(self) -> bool:
        """Whether the window passes the station's threshold."""
        return self.rmse > self.threshold


@value
class WindowScore:
    """One window of one station; `score` is None unless `quality` is ok.

    `decided_ms` is the event time at which the window was due, `kp` what was known then, `trouble`
    what the samples show of the instrument's own faults.
    """

    station: str
    start_ms: int
    end_ms: int
    decided_ms: int
    quality: Quality
    completeness: float
    kp: KpKnown
    score: Score | None
    trouble: tuple[Finding, ...] = ()

    @property
    def exceeds(self) -> bool:
        """Whether there is a score and it passes the threshold."""
        return self.score is not None and self.score.exceeds


def stack_scale(scale_nt: tuple[float, float, float], windows: int) -> Float32:
    """A station's scale for each of `windows` windows: [windows, 3]."""
    return np.tile(np.array(scale_nt, np.float32), (windows, 1))
