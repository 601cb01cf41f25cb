"""Everything the page shows, kept from records as they come. No I/O and no clock."""

from __future__ import annotations

from collections.abc import Container

import msgspec

from geofield.samples import STATION_CODE, Samples
from geofield.windows import WindowSpec
from monitor.dashboard.positions import Positions
from monitor.dashboard.ring import BYTES_PER_SAMPLE
from monitor.dashboard.station import HOUR_MS, State, Station, StationView
from monitor.records import AlertData, ScoreRecord

KEPT_ALERTS = 500


class Limits(msgspec.Struct, frozen=True):
    """How much is kept, and after how much stillness a station counts as silent."""

    hours: float
    stations: int
    silent_after_ms: int


class Changes(msgspec.Struct, frozen=True):
    """What is new since the last time somebody asked."""

    stations: list[StationView]
    alerts: list[AlertData]
    full: bool  # stations were left out


class Board:
    """Stations and alerts.

    Parameters
    ----------
    window
        The model's window under the present settings.
    limits
        What is kept.
    positions
        Latitude and longitude of stations, in degrees.
    expected
        Stations that are shown even when the limit is reached by others.
    """

    def __init__(
        self, window: WindowSpec, limits: Limits, positions: Positions, expected: Container[str]
    ) -> None:
        self.limits = limits
        self.stations: dict[str, Station] = {}
        self.alerts: dict[str, AlertData] = {}
        self.full = False  # a station was left out
        self._window, self._positions, self._expected = window, positions, expected
        self._states: dict[str, State] = {}
        self._touched: set[str] = set()
        self._new_alerts: set[str] = set()

    @property
    def megabytes(self) -> float:
        """The most that the field of all stations can take."""
        samples = self.limits.hours * HOUR_MS / self._window.cadence_ms
        return self.limits.stations * samples * BYTES_PER_SAMPLE / 1e6

    def take_samples(self, samples: Samples, received_ms: int) -> None:
        """Take in a record of samples."""
        station = self._station(samples.station)
        if station is not None:
            station.take_samples(samples, received_ms)
            self._touched.add(station.code)

    def take_score(self, score: ScoreRecord) -> None:
        """Take in a window's score."""
        station = self._station(score.station)
        if station is not None:
            station.take_score(score)
            self._touched.add(station.code)

    def take_alert(self, alert: AlertData) -> None:
        """Take in a version of an alert; an older one than is held changes nothing."""
        held = self.alerts.get(alert.alert_id)
        station = self._station(alert.station)
        if station is None or (held is not None and held.version >= alert.version):
            return
        self.alerts[alert.alert_id] = alert
        self._new_alerts.add(alert.alert_id)
        self._touched.add(station.code)
        if alert.status == "open":
            station.alert_id = alert.alert_id
        elif station.alert_id == alert.alert_id:
            station.alert_id = None
        self._forget_old_alerts()

    def changes(self, now_ms: int) -> Changes:
        """What is new since the last call, stations that fell silent included."""
        silent_ms = self.limits.silent_after_ms
        for code, station in self.stations.items():
            state = station.state(now_ms, silent_ms)
            if self._states.get(code) != state:
                self._states[code] = state
                self._touched.add(code)
        views = [self._view(code, now_ms) for code in sorted(self._touched)]
        alerts = [self.alerts[name] for name in self._new_alerts if name in self.alerts]
        self._touched, self._new_alerts = set(), set()
        return Changes(views, alerts, self.full)

    def everything(self, now_ms: int) -> Changes:
        """All stations by code and all alerts."""
        views = [self._view(code, now_ms) for code in sorted(self.stations)]
        return Changes(views, list(self.alerts.values()), self.full)

    def _view(self, code: str, now_ms: int) -> StationView:
        position_deg = self._positions.get(code)
        return self.stations[code].view(now_ms, self.limits.silent_after_ms, position_deg)

    def _station(self, code: str) -> Station | None:
        if code in self.stations:
            return self.stations[code]
        if not STATION_CODE.fullmatch(code):
            return None
        if len(self.stations) >= self.limits.stations and code not in self._expected:
            self.full = True
            return None
        station = Station(code, self._window, self.limits.hours)
        self.stations[code] = station
        return station

    def _forget_old_alerts(self) -> None:
        while len(self.alerts) > KEPT_ALERTS:
            closed = (alert for alert in self.alerts.values() if alert.status != "open")
            oldest = min(closed, key=lambda alert: alert.end, default=None)
            if oldest is None:
                return
            del self.alerts[oldest.alert_id]
