"""The one word for a station, which alerts are kept, and when the page hears of them."""

import numpy as np
import pytest

from monitor.dashboard.board import KEPT_ALERTS
from monitor.dashboard.station import HOUR_MS, State
from monitor.records import ScoreRecord
from tests.dashboard.builders import NOW_MS, SILENT_MS, alert, board, samples, score


@pytest.mark.parametrize(
    ("record", "state"),
    [
        (score("WIC"), State.OK),
        (score("WIC", rmse=2.0), State.OVER),
        (score("WIC", rmse=None, quality="insufficient"), State.INSUFFICIENT),
        (score("WIC", rmse=None, quality="calibrating"), State.CALIBRATING),
    ],
)
def test_the_last_window_gives_the_state(record: ScoreRecord, state: State) -> None:
    shown = board()
    shown.take_samples(samples("WIC"), NOW_MS)
    assert shown.everything(NOW_MS).stations[0].state is State.WAITING
    shown.take_score(record)
    (view,) = shown.everything(NOW_MS).stations
    assert view.state is state
    assert view.position_deg == (47.9, 15.9)
    assert view.newest_ms == NOW_MS + 59_000
    assert view.field_nt == {"H": 100.59, "E": 200.59, "Z": 300.59}


def test_silence_is_told_once_and_an_open_alert_comes_before_it() -> None:
    shown = board()
    shown.take_samples(samples("WIC"), NOW_MS)
    shown.take_score(score("WIC"))
    assert [view.state for view in shown.changes(NOW_MS).stations] == [State.OK]
    assert shown.changes(NOW_MS + SILENT_MS).stations == []
    later_ms = NOW_MS + SILENT_MS + 1
    assert [view.state for view in shown.changes(later_ms).stations] == [State.SILENT]
    assert shown.changes(later_ms).stations == []
    shown.take_alert(alert())
    assert [view.state for view in shown.changes(later_ms).stations] == [State.ALERT]


def test_an_older_version_changes_nothing_and_the_last_one_closes() -> None:
    shown = board()
    shown.take_samples(samples("WIC"), NOW_MS)
    shown.take_alert(alert(version=2))
    shown.take_alert(alert(version=1, status="resolved"))
    (view,) = shown.everything(NOW_MS).stations
    assert (view.state, view.alert_id) == (State.ALERT, "a1")
    shown.take_alert(alert(version=3, status="resolved", classification="local"))
    changes = shown.changes(NOW_MS)
    assert [(one.version, one.status) for one in changes.alerts] == [(3, "resolved")]
    assert changes.stations[0].alert_id is None


def test_the_end_of_an_earlier_alert_does_not_close_a_later_one() -> None:
    shown = board()
    shown.take_alert(alert(name="a1"))
    shown.take_alert(alert(name="a2"))
    shown.take_alert(alert(name="a1", version=2, status="resolved"))
    assert shown.stations["WIC"].alert_id == "a2"


def test_old_alerts_are_forgotten_open_ones_never() -> None:
    shown = board()
    shown.take_alert(alert(name="open", end_ms=NOW_MS - 10 * HOUR_MS))
    for number in range(KEPT_ALERTS + 50):
        end_ms = NOW_MS + number * 1000
        shown.take_alert(alert(name=f"n{number}", status="resolved", end_ms=end_ms))
    assert len(shown.alerts) == KEPT_ALERTS
    assert "open" in shown.alerts
    assert "n0" not in shown.alerts
    assert f"n{KEPT_ALERTS + 49}" in shown.alerts


def test_strangers_cannot_push_out_expected_stations() -> None:
    shown = board(stations=3, expected=("WIC",))
    for code in ("AAA", "BBB", "CCC", "DDD", "EEE"):
        shown.take_samples(samples(code), NOW_MS)
    assert sorted(shown.stations) == ["AAA", "BBB", "CCC"]
    assert shown.changes(NOW_MS).full
    shown.take_score(score("WIC"))
    assert "WIC" in shown.stations
    shown.take_score(score("not a code"))
    assert "not a code" not in shown.stations


def test_a_day_of_120_stations_takes_the_memory_that_is_stated() -> None:
    shown = board(stations=120, hours=24)
    assert shown.megabytes == pytest.approx(124.4, abs=0.1)
    for number in range(120):
        shown.take_samples(samples(f"S{number:02d}"[:4]), NOW_MS)
    held = sum(station.field._rows._held.nbytes for station in shown.stations.values())
    assert held / 1e6 == pytest.approx(shown.megabytes)
    scores = sum(station.windows._held.nbytes for station in shown.stations.values())
    assert scores < 7e6


def test_times_far_apart_do_not_grow_the_ring() -> None:
    shown = board(hours=1)
    shown.take_samples(samples("WIC", seconds=600), NOW_MS)
    shown.take_samples(samples("WIC", start_ms=NOW_MS + 90 * 24 * HOUR_MS), NOW_MS)
    field = shown.stations["WIC"].field
    assert len(field.between(0, 2**52)) == 3600
    assert np.isnan(field.between(0, 2**52).field_nt).any(axis=1).sum() == 3540
