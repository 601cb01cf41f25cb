"""What is known of one station, and the one word for it."""

from __future__ import annotations

from enum import Enum

import msgspec
import numpy as np

from geofield.samples import COMPONENTS, Samples
from geofield.windows import WindowSpec
from monitor.dashboard.ring import FieldRing, Ring
from monitor.records import ScoreRecord, time_ms

HOUR_MS = 3_600_000
# Columns of the ring of windows.
SCORE_COLUMNS = ("rmse", "threshold", "return_period_days", "completeness", "quality")
QUALITIES = ("ok", "insufficient", "calibrating")


class State(str, Enum):
    """The most pressing thing to say about a station."""

    ALERT = "alert"
    SILENT = "silent"
    OVER = "over"  # the last window is over the threshold, not yet an alert
    INSUFFICIENT = "insufficient"
    CALIBRATING = "calibrating"
    WAITING = "waiting"  # samples, but no window yet
    OK = "ok"


class StationView(msgspec.Struct, frozen=True):
    """A station as the list and the map show it. Field in nT, times in ms since 1970 UTC."""

    code: str
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


class Station:
    """The last hours of a station's field and windows."""

    def __init__(self, code: str, window: WindowSpec, hours: float) -> None:
        self.code = code
        self.hop_ms = window.hop * window.cadence_ms
        self.field = FieldRing(code, window.cadence_ms, round(hours * HOUR_MS / window.cadence_ms))
        capacity = round(hours * HOUR_MS / self.hop_ms) + 1
        self.windows = Ring(capacity, len(SCORE_COLUMNS), np.float64)
        self.received_ms: int | None = None
        self.alert_id: str | None = None

    def take_samples(self, samples: Samples, received_ms: int) -> None:
        """Take in a record of samples that the broker had at `received_ms`."""
        self.field.insert(samples)
        self.received_ms = max(self.received_ms or 0, received_ms)

    def take_score(self, score: ScoreRecord) -> None:
        """Take in what was published for a window."""
        figures = (score.rmse, score.threshold, score.return_period_days, score.completeness)
        row = [np.nan if figure is None else figure for figure in figures]
        row.append(float(QUALITIES.index(score.quality)))
        end_ms = time_ms(score.window_end)
        self.windows.put(end_ms // self.hop_ms, np.array([row]))

    def state(self, now_ms: int, silent_after_ms: int) -> State:
        """What to say about it at `now_ms`."""
        if self.alert_id is not None:
            return State.ALERT
        if now_ms - (self.received_ms or 0) > silent_after_ms:
            return State.SILENT
        _, last = self._last_window()
        if last is None:
            return State.WAITING
        if last["quality"]:
            return State(QUALITIES[int(last["quality"])])
        return State.OVER if last["rmse"] > last["threshold"] else State.OK

    def view(
        self, now_ms: int, silent_after_ms: int, position_deg: tuple[float, float] | None
    ) -> StationView:
        """What the page is told about it."""
        end_ms, last = self._last_window()
        newest_ms = self._newest_ms()
        window = last or {}
        return StationView(
            code=self.code,
            position_deg=position_deg,
            state=self.state(now_ms, silent_after_ms),
            alert_id=self.alert_id,
            newest_ms=newest_ms,
            received_ms=self.received_ms,
            window_end_ms=end_ms,
            quality=QUALITIES[int(window["quality"])] if last else None,
            score=window.get("rmse"),
            threshold=window.get("threshold"),
            return_period_days=window.get("return_period_days"),
            field_nt=self._newest_nt(),
        )

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
