"""Make a report of a history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from monitor.dashboard.past.models import PastModels
from monitor.dashboard.station_file import ListedStation
from monitor.report.period import Period
from monitor.report.sheet import Bulletin
from monitor.report.source import ReadHistory
from monitor.report.station import StationReader


def report_of(
    history: ReadHistory,
    period: Period,
    stations: Sequence[str],
    models: PastModels,
    step: Callable[[], object] = lambda: None,
    places: Mapping[str, ListedStation] | None = None,
    network: str = "",
    made: str = "",
) -> Bulletin:
    """The report of stations, which reads the history only.

    Parameters
    ----------
    history, period, stations
        What it is about.
    models
        Models that can draw reconstructions.
    step
        Called after each day of a station.
    places
        Positions and names of stations.
    network
        Name of the network.
    made
        When it is made, in words; without it the same history gives the same bytes.
    """
    reader = StationReader(history, models, period, step)
    read = [reader.read(station) for station in stations]
    return Bulletin(network, period, read, places or {}, history.read(), made)
