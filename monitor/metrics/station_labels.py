"""Labels of stations, limited in number."""

from __future__ import annotations

from dataclasses import dataclass, field

OTHER = "other"


@dataclass(slots=True)
class StationLabels:
    """Keeps the number of series bounded: stations beyond the cap share the label `other`.

    A producer that invents station codes would otherwise fill the memory of Prometheus. A station
    keeps its label, as the counters with it remain.
    """

    cap: int
    _known: set[str] = field(default_factory=set)  # stations with a label of their own

    def __contains__(self, station: str) -> bool:
        """Whether a station already has a label of its own."""
        return station in self._known

    def label(self, station: str) -> str:
        """The station's own label, or `other`."""
        if station in self._known:
            return station
        if len(self._known) >= self.cap:
            return OTHER
        self._known.add(station)
        return station
