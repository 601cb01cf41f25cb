"""What the model says about one window, and what the station's profile makes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, TypeAlias

import numpy as np

from geofield.frozen import value
from geofield.indices import IndicesKnown
from geofield.quality.findings import FaultFinding
from geofield.types import Float32


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


class WindowErrors(NamedTuple):
    """Reconstruction errors of one window, see `Errors`."""

    rmse: float
    mae: float
    error: tuple[float, float, float]


class MeasuredWindow(NamedTuple):
    """One window as the model leaves it, before its station's profile judges it.

    `errors` is None if the window has too few samples or the station no profile.
    """

    end_ms: int
    sufficient: bool
    completeness: float
    errors: WindowErrors | None
    faults: tuple[FaultFinding, ...]


class Quality(str, Enum):
    """Whether a window has a score, and if not, why."""

    OK = "ok"
    INSUFFICIENT = "insufficient"
    CALIBRATING = "calibrating"


@dataclass(frozen=True, slots=True)
class PromiseCount:
    """Alerts that a station opened while its field was quiet, beside those that were promised.

    Attributes
    ----------
    days
        Amount of quiet data, in days.
    expected
        Number of alerts promised in these days.
    opened
        Number of alerts that opened in them.
    most
        Upper end of the central 95 % interval of a Poisson count with this expectation.
    """

    days: float
    expected: float
    opened: int
    most: int

    @property
    def kept(self) -> bool:
        """Whether no more alerts opened than the promise allows by chance."""
        return self.opened <= self.most


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
    promise
        Alerts of the station beside those promised; None if its profile does not live on.
    """

    rmse: float
    mae: float
    error: tuple[float, float, float]
    threshold: float
    return_period_days: float
    promise: PromiseCount | None = None

    @property
    def exceeds(self) -> bool:
        """Whether the window passes the station's threshold."""
        return self.rmse > self.threshold


@value
class WindowScore:
    """One window of one station; `score` is None unless `quality` is ok.

    `decided_ms` is the event time at which the window was due, `kp` what was known then, `trouble`
    what the samples show of the instrument's own faults. Checkpoints store the fields by name.
    """

    station: str
    start_ms: int
    end_ms: int
    decided_ms: int
    quality: Quality
    completeness: float
    kp: IndicesKnown
    score: Score | None
    trouble: tuple[FaultFinding, ...] = ()

    @property
    def exceeds(self) -> bool:
        """Whether there is a score and it passes the threshold."""
        return self.score is not None and self.score.exceeds


def stack_scale(scale_nt: tuple[float, float, float], windows: int) -> Float32:
    """A station's scale for each of `windows` windows: [windows, 3]."""
    return np.tile(np.array(scale_nt, np.float32), (windows, 1))
