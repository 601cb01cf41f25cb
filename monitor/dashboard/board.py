"""Board: the stations and alerts that the page shows, updated by records. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Container, Mapping

import msgspec

from archive.model_names import station_of
from geofield.series.samples import STATION_CODE, Samples
from geofield.series.windows import WindowSpec
from geofield.utc import HOUR_MS
from monitor.dashboard.refusals import Refusals, RefusedView
from monitor.dashboard.reviews import Reviews, ReviewView
from monitor.dashboard.ring import BYTES_PER_SAMPLE
from monitor.dashboard.showable import AlertView, RefusedRecord, SourceView, WindowView
from monitor.dashboard.station import Limits, State, Station, StationView
from monitor.dashboard.station_file import ListedStation

MOST_ALERTS = 500
ALERTS_AT_ONCE = 50  # in one event, as each slow page has one event waiting
STRANGERS_SHARE = 4  # codes with refused records only get at most a quarter of the places


class Changes(msgspec.Struct, frozen=True):
    """Changes since the last call of `Board.changes`."""

    stations: list[StationView]
    alerts: list[AlertView]
    refused: list[RefusedView]
    reviews: list[ReviewView]
    full: bool  # stations were left out


class Board:
    """Stations and alerts.

    Parameters
    ----------
    window
        The model's window under the present settings.
    limits
        Limits of the data kept.
    listed
        Positions and names of stations.
    expected
        Stations that are shown even if others have reached the limit.
    windows
        Windows of the models where there are several, see `monitor.dashboard.models`.
    """

    def __init__(
        self,
        window: WindowSpec,
        limits: Limits,
        listed: Mapping[str, ListedStation],
        expected: Container[str],
        windows: Mapping[str, WindowSpec] | None = None,
    ) -> None:
        self.limits = limits
        self.stations: dict[str, Station] = {}
        self.alerts: dict[str, AlertView] = {}
        self.full = False  # a station was left out
        self.live_since_ms: int | None = None  # None while the past is being read
        self._refusals, self.reviews = Refusals(), Reviews()
        self._window, self._listed, self._expected = window, listed, expected
        self._windows = windows or {}
        self._states: dict[str, tuple[State, bool]] = {}  # last state, and whether unscored
        self._touched: set[str] = set()  # stations with changes
        self._new_alerts: dict[str, None] = {}  # ids of alerts with changes, in order

    @property
    def megabytes(self) -> float:
        """Largest memory for the field of all stations, MB."""
        samples = self.limits.hours * HOUR_MS / self._window.cadence_ms
        return self.limits.stations * samples * BYTES_PER_SAMPLE / 1e6

    def reset_counts(self) -> None:
        """Reset the counts, before all topics are read again."""
        self.live_since_ms = None
        self._refusals = Refusals()

    def take_samples(self, samples: Samples, received_ms: int) -> None:
        """Take in a record of samples that the broker received at `received_ms`."""
        station = self._station(samples.station)
        if station is not None:
            station.take_samples(samples, received_ms)
            self._touched.add(station.code)

    def take_future(self, samples: Samples, received_ms: int, dated_by_broker: bool) -> None:
        """Note a record whose samples are ahead of the clock; they are not shown."""
        station = self._station(samples.station)
        if station is not None:
            station.take_future(samples, received_ms, dated_by_broker)
            self._touched.add(station.code)

    def take_score(self, score: WindowView) -> None:
        """Take in a window's score."""
        station = self._station(score.station)
        if station is not None:
            station.take_score(score)
            self._touched.add(station.code)

    def take_refusal(self, refused: RefusedRecord, at_ms: int) -> None:
        """Take in the refusal of a record at `at_ms`."""
        view = self._refusals.take(refused, at_ms)
        for code in self._codes_of(refused.key):
            station = self._station(code, accepted=False)
            if station is not None:
                station.refused = view
                self._touched.add(station.code)

    def take_source(self, key: str, silent: SourceView | None, at_ms: int) -> None:
        """Note what was said of a station's sources at `at_ms`: silent, or None if they speak."""
        for code in self._codes_of(key):
            station = self._station(code)
            if station is not None:
                station.take_source(silent, at_ms)
                self._touched.add(code)

    def take_alert(self, alert: AlertView) -> None:
        """Take in a version of an alert; an older version than the last changes nothing."""
        known = self.alerts.get(alert.alert_id)
        station = self._station(alert.station)
        if station is None or (known is not None and known.version >= alert.version):
            return
        self.alerts[alert.alert_id] = alert
        self._new_alerts[alert.alert_id] = None
        self._touched.add(station.code)
        if alert.status == "open":
            station.alert_id = alert.alert_id
        elif station.alert_id == alert.alert_id:
            station.alert_id = None
        self._forget_old_alerts()

    def changes(self, now_ms: int) -> Changes:
        """Changes since the last call, including stations that fell silent.

        At most `ALERTS_AT_ONCE` alerts are returned; the next call returns the others.
        """
        for code, station in self.stations.items():
            station.update(now_ms)
            unscored = station.is_unscored(now_ms, self.live_since_ms)
            state = station.state(now_ms, self.live_since_ms), unscored
            if self._states.get(code) != state:
                self._states[code] = state
                self._touched.add(code)
        views = [self._view(code, now_ms) for code in sorted(self._touched)]
        self._touched = set()
        names = list(self._new_alerts)[:ALERTS_AT_ONCE]
        alerts = [self.alerts[name] for name in names if name in self.alerts]
        for name in names:
            del self._new_alerts[name]
        refused, reviews = self._refusals.changes(), self.reviews.changes()
        return Changes(views, alerts, refused, reviews, self.full)

    def everything(self, now_ms: int) -> Changes:
        """All stations, in order of their codes, and all alerts."""
        views = [self._view(code, now_ms) for code in sorted(self.stations)]
        refused, reviews = self._refusals.everything(), self.reviews.everything()
        return Changes(views, list(self.alerts.values()), refused, reviews, self.full)

    def _view(self, code: str, now_ms: int) -> StationView:
        listed = self._listed.get(station_of(code))
        return self.stations[code].view(now_ms, self.live_since_ms, listed)

    def _codes_of(self, key: str) -> list[str]:
        """Codes of the entries of a station; that of the first model if it has none yet."""
        if not self._windows or not STATION_CODE.fullmatch(key):
            return [key]
        codes = [f"{key}.{model}" for model in self._windows]
        return [code for code in codes if code in self.stations] or codes[:1]

    def _station(self, code: str, accepted: bool = True) -> Station | None:
        """A station, created if there is room; refused codes have less room."""
        if code in self.stations:
            return self.stations[code]
        if not STATION_CODE.fullmatch(station_of(code)):
            return None
        if code not in self._expected and self._is_full(accepted):
            self.full = True
            return None
        window = self._windows.get(code.partition(".")[2], self._window)
        station = Station(code, window, self.limits)
        self.stations[code] = station
        return station

    def _is_full(self, accepted: bool) -> bool:
        if len(self.stations) >= self.limits.stations:
            return True
        refused = 0 if accepted else sum(s.only_refused for s in self.stations.values())
        return not accepted and refused >= self.limits.stations // STRANGERS_SHARE

    def _forget_old_alerts(self) -> None:
        """Drop the oldest alerts beyond the limit, closed ones first."""
        while len(self.alerts) > MOST_ALERTS:
            closed = [alert for alert in self.alerts.values() if alert.status != "open"]
            oldest = min(closed or self.alerts.values(), key=lambda alert: alert.end_ms)
            del self.alerts[oldest.alert_id]
            station = self.stations[oldest.station]
            if station.alert_id == oldest.alert_id:
                station.alert_id = None
