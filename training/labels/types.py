"""Output types of labelling."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geofield.earthquakes.types import Earthquake
from geofield.types import Bool, Int64
from training.results import LabelStep

SEISMIC, NON_SEISMIC, NEITHER = 1, 0, -1


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Class and block of every window of a station.

    Attributes
    ----------
    end_ms
        Shape [n]: end of each window, ascending.
    kind
        Shape [n]: `SEISMIC`, `NON_SEISMIC` or `NEITHER`.
    block
        Shape [n]: number of the block, which counts as one observation and is never divided. For a
        seismic window it is the index of its earthquake in `events`. For a non-seismic window it is
        the number of its control block (as long as the lead), counted on from ``len(events)``. -1
        for neither.
    events
        Earthquakes that have at least one seismic window.
    steps
        Counts after each step of labelling.
    """

    end_ms: Int64
    kind: NDArray[np.int8]
    block: Int64
    events: tuple[Earthquake, ...]
    steps: tuple[LabelStep, ...]

    @property
    def seismic(self) -> Bool:
        """Whether each window is seismic: [n]."""
        return np.asarray(self.kind == SEISMIC)

    @property
    def non_seismic(self) -> Bool:
        """Whether each window is non-seismic: [n]."""
        return np.asarray(self.kind == NON_SEISMIC)
