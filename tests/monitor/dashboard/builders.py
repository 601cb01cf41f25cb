"""Records for a board, and a board for them."""

from __future__ import annotations

import numpy as np

from geofield.series.samples import Samples
from geofield.series.windows import WindowSpec
from geofield.utc import utc
from monitor.dashboard.board import Board
from monitor.dashboard.showable import AlertView, WindowView, alert_view, window_view
from monitor.dashboard.station import Limits
from monitor.dashboard.station_file import ListedStation
from monitor.records.scores_and_alerts import (
    AlertData,
    AlertEvent,
    ComponentFields,
    ContextFields,
    ModelFields,
    ScoreRecord,
)

NOW_MS = 1_715_212_800_000  # 2024-05-09T00:00:00Z
WINDOW = WindowSpec(cadence_ms=1000, samples=256, hop=64, taps=385)
HOP_MS = WINDOW.hop_ms
MODEL = ModelFields("ulf-1hz", "2.0.0", "c0ffee" + 58 * "0")
SILENT_MS, TAKEOVER_MS, TOLERANCE_MS = 300_000, 20_000, 300_000
NEVER_MS = 2**52


def board(stations: int = 10, hours: float = 1.0, expected: tuple[str, ...] = ()) -> Board:
    return Board(
        WINDOW, limits(hours, stations), {"WIC": ListedStation((47.9, 15.9), "Conrad")}, expected
    )


def limits(hours: float = 1.0, stations: int = 10) -> Limits:
    return Limits(hours, stations, SILENT_MS, TAKEOVER_MS, TOLERANCE_MS)


def samples(
    station: str, start_ms: int = NOW_MS, seconds: int = 60, level: float = 100.0
) -> Samples:
    rows = np.arange(seconds)[:, None] / 100 + np.array([level, 2 * level, 3 * level])
    return Samples(station, start_ms, 1000, rows)


def score(
    station: str, number: int = 0, rmse: float | None = 0.5, quality: str = "ok"
) -> WindowView:
    """What the page keeps of a score."""
    return window_view(score_record(station, number, rmse, quality), NEVER_MS)


def score_record(
    station: str, number: int = 0, rmse: float | None = 0.5, quality: str = "ok"
) -> ScoreRecord:
    end_ms = NOW_MS + number * HOP_MS
    return ScoreRecord(
        schema_version=1,
        station=station,
        window_start=utc(end_ms - 256_000),
        window_end=utc(end_ms),
        decided=utc(end_ms + 60_000),
        model=MODEL,
        quality=quality,  # type: ignore[arg-type]  # a test may send anything
        completeness=0.99,
        rmse=rmse,
        mae=rmse,
        error=None if rmse is None else ComponentFields(rmse, rmse, rmse),
        threshold=None if rmse is None else 1.5,
        return_period_days=None if rmse is None else 0.1,
        context=ContextFields(None, kp_complete=False),
    )


def alert(
    station: str = "WIC",
    name: str = "a1",
    version: int = 1,
    status: str = "open",
    end_ms: int = NOW_MS,
    classification: str = "unknown",
) -> AlertView:
    """What the page keeps of an alert."""
    return alert_view(alert_data(station, name, version, status, end_ms, classification), NEVER_MS)


def alert_data(
    station: str = "WIC",
    name: str = "a1",
    version: int = 1,
    status: str = "open",
    end_ms: int = NOW_MS,
    classification: str = "unknown",
    skill: str = "no skill shown",
) -> AlertData:
    return AlertData(
        schema_version=1,
        alert_id=name,
        version=version,
        status=status,
        station=station,
        start=utc(end_ms - 600_000),
        end=utc(end_ms),
        peak=utc(end_ms - 300_000),
        decided=utc(end_ms),
        score=4.0,
        threshold=1.5,
        return_period_days=4.3,
        share=ComponentFields(0.3, 0.1, 0.6),
        completeness=1.0,
        severity="minor",
        classification=classification,
        kp_highest=None,
        model=MODEL,
        skill=skill,
    )


def event(data: AlertData) -> AlertEvent:
    """A version of an alert as it stands in the topic."""
    return AlertEvent(
        specversion="1.0",
        id=f"{data.alert_id}.{data.version}",
        source="/magwatch/ulf-1hz/2.0.0",
        type="magwatch.alert.opened" if data.status == "open" else "magwatch.alert.resolved",
        subject=data.station,
        time=data.decided,
        datacontenttype="application/json",
        data=data,
    )
