"""What labelling takes in and gives out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geofield.types import Bool, Int64
from training.evaluation import LabelStep

SEISMIC, NON_SEISMIC, NEITHER = 1, 0, -1


@dataclass(frozen=True, slots=True, order=True)
class Earthquake:
    """One entry of a catalogue.

    Attributes
    ----------
    time_ms
        Origin time, milliseconds since 1970 UTC.
    latitude_deg, longitude_deg
        Epicentre, north and east positive.
    depth_km, magnitude
        As catalogued; the kind of magnitude is not told apart.
    event_id
        Of the catalogue.
    """

    time_ms: int
    latitude_deg: float
    longitude_deg: float
    depth_km: float
    magnitude: float
    event_id: str


@dataclass(frozen=True, slots=True)
class Site:
    """Where a station stands: IAGA code, degrees north and east."""

    station: str
    latitude_deg: float
    longitude_deg: float


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The class of every window of a station, and what it may not be separated from.

    Attributes
    ----------
    end_ms
        Shape [n]: end of each window, ascending.
    kind
        Shape [n]: `SEISMIC`, `NON_SEISMIC` or `NEITHER`.
    block
        Shape [n]: the unit that counts as one observation and is never divided. A seismic window
        has the position of its earthquake in `events`; a non-seismic one has the number of its
        control block (as long as the lead window), counted on from ``len(events)``; -1 for neither.
    events
        Earthquakes that have at least one seismic window.
    steps
        What each step of labelling left.
    """

    end_ms: Int64
    kind: NDArray[np.int8]
    block: Int64
    events: tuple[Earthquake, ...]
    steps: tuple[LabelStep, ...]

    @property
    def seismic(self) -> Bool:
        """Shape [n]."""
        return np.asarray(self.kind == SEISMIC)

    @property
    def non_seismic(self) -> Bool:
        """Shape [n]."""
        return np.asarray(self.kind == NON_SEISMIC)
