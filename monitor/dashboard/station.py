"""The recent data of a station, and its state in one word."""

from __future__ import annotations

from enum import Enum

import msgspec
import numpy as np

from geofield.series.samples import COMPONENTS, Samples
from geofield.series.windows import WindowSpec
from geofield.utc import HOUR_MS
from monitor.dashboard.due import DueWindows
from monitor.dashboard.future_samples import FutureSamples
from monitor.dashboard.refusals import RefusedView
from monitor.dashboard.ring import FieldRing, SampleRing
from monitor.dashboard.showable import SourceView, WindowView
from monitor.dashboard.station_file import ListedStation

# Columns of the ring of windows.
SCORE_COLUMNS = ("rmse", "threshold", "return_period_days", "completeness", "quality")
QUALITIES = ("ok", "insufficient", "calibrating")


class Limits(msgspec.Struct, frozen=True):
    """Limits of the data kept, and of the delays that are normal.

    Attributes
    ----------
    hours
        Length of the field and scores kept.
    stations
        Maximum number of stations.
    silent_after_ms
        Time without a record after which a station counts as silent.
    takeover_ms
        Time that a due window may lack a score: another worker takes a station over in this time.
    tolerance_ms
        Time by which a sample may be ahead of the clock.
    """

    hours: float
    stations: int
    silent_after_ms: int
    takeover_ms: int
    tolerance_ms: int


class State(str, Enum):
    """Most urgent state of a station; the worst first, as on the page."""

    ALERT = "alert"
    OVER = "over"  # the last window is over the threshold, but there is no alert yet
    UNSCORED = "unscored"  # a window is due, but no worker decides it
    SOURCE_SILENT = "source-silent"  # as `magwatch ingest` says, which has had no values since
    SILENT = "silent"
    HELD_BACK = "held-back"  # its newest sample is from the future, so all others are late
    REFUSED = "refused"  # workers refuse all its records
    INSUFFICIENT = "insufficient"
    CALIBRATING = "calibrating"
    WAITING = "waiting"  # samples, but no window yet
    OK = "ok"


class StationView(msgspec.Struct, frozen=True):
    """A station as the list and the map show it. Field in nT, times in ms since 1970 UTC.

    `unscored` says whether no worker scores its samples, whatever its state; `ahead_ms` is the time
    of the sample that holds it back; `refused` are its refused records.
    """

    code: str
    name: str
    position_deg: tuple[float, float] | None
    state: State
    alert_id: str | None
    newest_ms: int | None
    received_ms: int | None
    window_end_ms: int | None
    quality: str | None
    score: float | None
    threshold: float | None
    return_period_days: float | None
    field_nt: dict[str, float] | None
    unscored: bool
    ahead_ms: int | None
    refused: RefusedView | None
    promise: str = ""
    source: SourceView | None = None  # that its sources are silent


class Station:
    """The last hours of a station's field and windows."""

    def __init__(self, code: str, window: WindowSpec, limits: Limits) -> None:
        self.code = code
        self.hop_ms = window.hop_ms
        samples = round(limits.hours * HOUR_MS / window.cadence_ms)
        self.field = FieldRing(code, window.cadence_ms, samples)
        capacity = round(limits.hours * HOUR_MS / self.hop_ms) + 1
        self.windows = SampleRing(capacity, len(SCORE_COLUMNS), np.float64)
        self.received_ms: int | None = None  # Kafka's time of the newest record
        self.alert_id: str | None = None  # of the open alert
        self.promise = ""  # of the last window, see `WindowView`
        self.refused: RefusedView | None = None  # refused records
        self._source: SourceView | None = None  # while its sources are silent
        self._source_ms = 0  # Kafka's time of the newest record of its sources
        self._limits = limits
        self._due = DueWindows(window, limits.tolerance_ms)
        self._future = FutureSamples(limits.tolerance_ms)
        self._scored_ms = 0  # end of the newest window that had enough samples

    @property
    def only_refused(self) -> bool:
        """Whether none of its records has ever been accepted."""
        return self.received_ms is None and not len(self.windows) and self.alert_id is None

    def take_samples(self, samples: Samples, received_ms: int) -> None:
        """Take in a record of samples that the broker received at `received_ms`."""
        self.field.insert(samples)
        self.received_ms = max(self.received_ms or 0, received_ms)
        self._due.take_samples(samples)

    def take_future(self, samples: Samples, received_ms: int, dated_by_broker: bool) -> None:
        """Note a record whose samples are ahead of the clock; they are not shown."""
        self.received_ms = max(self.received_ms or 0, received_ms)
        span = (samples.start_ms, samples.end_ms - samples.cadence_ms)
        self._future.take(span, self.field.end_ms or 0, dated_by_broker)

    def take_source(self, silent: SourceView | None, at_ms: int) -> None:
        """Note what was said of its sources at `at_ms`: silent, or None if they speak."""
        self._source, self._source_ms = silent, at_ms

    def take_score(self, score: WindowView) -> None:
        """Take in the published score of a window."""
        self._due.take_window(score.end_ms)
        if score.quality != "insufficient":
            self.promise = score.promise if score.end_ms >= self._scored_ms else self.promise
            self._scored_ms = max(self._scored_ms, score.end_ms)
        figures = (score.rmse, score.threshold, score.return_period_days, score.completeness)
        row = [np.nan if figure is None else figure for figure in figures]
        row.append(float(QUALITIES.index(score.quality)))
        self.windows.put(score.end_ms // self.hop_ms, np.array([row]))

    def update(self, now_ms: int) -> None:
        """Compare due and decided windows at `now_ms`; `is_unscored` uses the last comparison."""
        self._due.update(now_ms)

    def state(self, now_ms: int, live_since_ms: int | None) -> State:
        """The state at `now_ms`; `live_since_ms` as in `is_unscored`."""
        if self.alert_id is not None:
            return State.ALERT
        if self._ahead_ms(now_ms) is not None:
            return State.HELD_BACK
        if self._silent_source() is not None:
            return State.SOURCE_SILENT
        if self._is_still(self.received_ms, now_ms):
            refused_ms = self.refused.newest_ms if self.refused else None
            return State.SILENT if self._is_still(refused_ms, now_ms) else State.REFUSED
        if self.is_unscored(now_ms, live_since_ms):
            return State.UNSCORED
        return self._state_of_last_window()

    def _state_of_last_window(self) -> State:
        _, last = self._last_window()
        if last is None:
            return State.WAITING
        if last["quality"]:
            return State(QUALITIES[int(last["quality"])])
        return State.OVER if last["rmse"] > last["threshold"] else State.OK

    def is_unscored(self, now_ms: int, live_since_ms: int | None) -> bool:
        """Whether a window has been due for too long without a score.

        False while the history is still being read (`live_since_ms` is None), and for a station
        that is held back, as it has no due window.
        """
        since_ms = self._due.waiting_since_ms
        if since_ms is None or live_since_ms is None or self._ahead_ms(now_ms) is not None:
            return False
        return now_ms - max(since_ms, live_since_ms) > self._limits.takeover_ms

    def view(
        self,
        now_ms: int,
        live_since_ms: int | None,
        listed: ListedStation | None,
    ) -> StationView:
        """The view of the station for the page."""
        end_ms, last = self._last_window()
        newest_ms = self._newest_ms()
        window = last or {}
        return StationView(
            code=self.code,
            name=listed.name if listed else "",
            position_deg=listed.position_deg if listed else None,
            state=self.state(now_ms, live_since_ms),
            alert_id=self.alert_id,
            newest_ms=newest_ms,
            received_ms=self.received_ms,
            window_end_ms=end_ms,
            quality=QUALITIES[int(window["quality"])] if last else None,
            score=window.get("rmse"),
            threshold=window.get("threshold"),
            return_period_days=window.get("return_period_days"),
            field_nt=self._newest_nt(),
            unscored=self.is_unscored(now_ms, live_since_ms),
            ahead_ms=self._ahead_ms(now_ms),
            refused=self.refused,
            promise=self.promise,
            source=self._silent_source(),
        )

    def _silent_source(self) -> SourceView | None:
        """That its sources are silent, if no samples have come since that was said."""
        return self._source if self._source_ms >= (self.received_ms or 0) else None

    def _is_still(self, at_ms: int | None, now_ms: int) -> bool:
        return at_ms is None or now_ms - at_ms > self._limits.silent_after_ms

    def _ahead_ms(self, now_ms: int) -> int | None:
        return self._future.newest_ms(now_ms, self._scored_ms)

    def _last_window(self) -> tuple[int | None, dict[str, float] | None]:
        first, rows = self.windows.between(self.windows.after - 1, self.windows.after)
        if not len(rows):
            return None, None
        return first * self.hop_ms, dict(zip(SCORE_COLUMNS, rows[0].tolist(), strict=True))

    def _newest_ms(self) -> int | None:
        end_ms = self.field.end_ms
        return None if end_ms is None else end_ms - self.field.cadence_ms

    def _newest_nt(self) -> dict[str, float] | None:
        newest_ms = self._newest_ms()
        if newest_ms is None:
            return None
        field_nt = self.field.between(newest_ms, newest_ms + 1).field_nt
        return dict(zip(COMPONENTS, np.round(field_nt[0], 2).tolist(), strict=True))
