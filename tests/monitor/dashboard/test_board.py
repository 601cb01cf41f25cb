"""The one word for a station, which alerts are kept, and when the page hears of them."""

import re
from importlib.resources import files

import numpy as np
import pytest

from geofield.utc import HOUR_MS
from monitor.dashboard.board import ALERTS_AT_ONCE, MOST_ALERTS, Board
from monitor.dashboard.refusals import RefusedView
from monitor.dashboard.showable import RefusedRecord, SourceView, WindowView
from monitor.dashboard.station import State
from tests.monitor.dashboard.builders import (
    NOW_MS,
    SILENT_MS,
    TAKEOVER_MS,
    alert,
    board,
    samples,
    score,
)


@pytest.mark.parametrize(
    ("record", "state"),
    [
        (score("WIC"), State.OK),
        (score("WIC", rmse=2.0), State.OVER),
        (score("WIC", rmse=None, quality="insufficient"), State.INSUFFICIENT),
        (score("WIC", rmse=None, quality="calibrating"), State.CALIBRATING),
    ],
)
def test_the_last_window_gives_the_state(record: WindowView, state: State) -> None:
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


def test_a_silent_source_is_told_until_samples_come_or_it_speaks() -> None:
    shown, since_ms = board(), NOW_MS - HOUR_MS
    silent = SourceView("WIC", since_ms, "cannot connect")
    shown.take_source("WIC", silent, NOW_MS)  # a station without any sample
    (view,) = shown.changes(NOW_MS).stations
    assert (view.state, view.source) == (State.SOURCE_SILENT, silent)
    shown.take_samples(samples("WIC"), NOW_MS + 1)  # from elsewhere
    (view,) = shown.changes(NOW_MS + 1).stations
    assert (view.state, view.source) == (State.WAITING, None)
    shown.take_source("WIC", silent, NOW_MS + 2)
    assert shown.changes(NOW_MS + 2).stations[0].state is State.SOURCE_SILENT
    shown.take_source("WIC", None, NOW_MS + 3)
    assert shown.changes(NOW_MS + 3).stations[0].state is State.WAITING
    shown.take_source("wic", silent, NOW_MS + 4)
    assert shown.changes(NOW_MS + 4).stations == []


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
    for number in range(MOST_ALERTS + 50):
        end_ms = NOW_MS + number * 1000
        shown.take_alert(alert(name=f"n{number}", status="resolved", end_ms=end_ms))
    assert len(shown.alerts) == MOST_ALERTS
    assert "open" in shown.alerts
    assert "n0" not in shown.alerts
    assert f"n{MOST_ALERTS + 49}" in shown.alerts


def test_of_open_alerts_alone_the_oldest_are_forgotten() -> None:
    shown = board()
    for number in range(MOST_ALERTS + 1):
        shown.take_alert(alert(name=f"n{number}", end_ms=NOW_MS + number * 1000))
    assert len(shown.alerts) == MOST_ALERTS
    assert "n0" not in shown.alerts


def test_many_alerts_come_in_parts() -> None:
    shown = board()
    for number in range(2 * ALERTS_AT_ONCE + 1):
        shown.take_alert(alert(name=f"n{number}"))
    parts = [shown.changes(NOW_MS).alerts for _ in range(4)]
    assert [len(part) for part in parts] == [ALERTS_AT_ONCE, ALERTS_AT_ONCE, 1, 0]
    assert parts[0][0].alert_id == "n0"


def test_strangers_cannot_push_out_expected_stations() -> None:
    shown = board(stations=3, expected=("WIC",))
    for code in ("AAA", "BBB", "CCC", "DDD", "EEE"):
        shown.take_samples(samples(code), NOW_MS)
    assert sorted(shown.stations) == ["AAA", "BBB", "CCC"]
    assert shown.changes(NOW_MS).full
    shown.take_score(score("WIC"))
    assert "WIC" in shown.stations


def test_a_day_of_120_stations_takes_the_memory_that_is_stated() -> None:
    shown = board(stations=120, hours=24)
    assert shown.megabytes == pytest.approx(124.4, abs=0.1)
    for number in range(120):
        shown.take_samples(samples(f"S{number:02d}"[:4]), NOW_MS)
    held = sum(station.field._rows._cyclic.nbytes for station in shown.stations.values())
    assert held / 1e6 == pytest.approx(shown.megabytes)
    scores = sum(station.windows._cyclic.nbytes for station in shown.stations.values())
    assert scores < 7e6


def test_times_far_apart_do_not_grow_the_ring() -> None:
    shown = board(hours=1)
    shown.take_samples(samples("WIC", seconds=600), NOW_MS)
    shown.take_samples(samples("WIC", start_ms=NOW_MS + 90 * 24 * HOUR_MS), NOW_MS)
    field = shown.stations["WIC"].field
    assert len(field.between(0, 2**52)) == 3600
    assert np.isnan(field.between(0, 2**52).field_nt).any(axis=1).sum() == 3540


def refused(key: str, reason: str = "bad-cadence", detail: str = "PT1M") -> RefusedRecord:
    return RefusedRecord(key, reason, detail)


def dead_worker(shown: Board) -> int:
    """Samples run on past the last score; returns when the page has seen that for a while."""
    shown.live_since_ms = NOW_MS
    shown.take_samples(samples("WIC", seconds=600), NOW_MS)
    shown.take_samples(samples("WIC", NOW_MS + 600_000, seconds=900), NOW_MS)
    shown.take_score(score("WIC", number=11))
    shown.changes(NOW_MS + 1)
    return NOW_MS + 1 + TAKEOVER_MS + 1


def test_samples_that_run_on_past_the_scores_are_told_once_another_worker_had_time() -> None:
    shown = board()
    later_ms = dead_worker(shown)
    assert shown.everything(later_ms - 1).stations[0].state is State.OK
    (view,) = shown.changes(later_ms).stations
    assert (view.state, view.unscored) == (State.UNSCORED, True)
    assert shown.changes(later_ms).stations == []
    shown.take_alert(alert())
    (view,) = shown.changes(later_ms).stations
    assert (view.state, view.unscored) == (State.ALERT, True)  # whatever else, it is not scored
    for number in range(12, 20):
        shown.take_score(score("WIC", number))
    (view,) = shown.changes(later_ms).stations
    assert (view.state, view.unscored) == (State.ALERT, False)


def test_nothing_is_said_of_scores_while_the_past_is_read() -> None:
    shown = board()
    later_ms = dead_worker(shown)
    shown.reset_counts()
    assert shown.everything(later_ms).stations[0].state is State.OK
    shown.live_since_ms = later_ms
    assert shown.everything(later_ms + TAKEOVER_MS).stations[0].state is State.OK
    assert shown.everything(later_ms + TAKEOVER_MS + 1).stations[0].state is State.UNSCORED


def test_a_station_of_which_all_is_refused_is_shown_and_is_not_silent() -> None:
    shown = board()
    shown.take_refusal(refused("WIC"), NOW_MS)
    shown.take_refusal(refused("WIC", "bad-time"), NOW_MS + 1)
    shown.take_refusal(refused("wic", "bad-key"), NOW_MS)
    changes = shown.changes(NOW_MS)
    (view,) = changes.stations
    assert (view.code, view.state, view.newest_ms) == ("WIC", State.REFUSED, None)
    assert view.refused == RefusedView("WIC", 2, NOW_MS + 1, "bad-time", "PT1M")
    assert [one.key for one in changes.refused] == ["WIC", "wic"]
    assert shown.changes(NOW_MS).refused == []
    assert [one.key for one in shown.everything(NOW_MS).refused] == ["WIC", "wic"]
    (view,) = shown.changes(NOW_MS + SILENT_MS + 2).stations
    assert view.state is State.SILENT
    shown.take_samples(samples("WIC"), NOW_MS)
    assert shown.everything(NOW_MS).stations[0].state is State.WAITING  # some of it is good


def test_made_up_codes_that_are_refused_take_a_quarter_of_the_places_and_fifty_keys() -> None:
    shown = board(stations=12)
    for number in range(200):
        shown.take_refusal(refused(f"A{number:03d}"), NOW_MS + number)
    assert len(shown.stations) == 3
    keys = [one.key for one in shown.changes(NOW_MS).refused]
    assert keys == [f"A{number:03d}" for number in range(150, 200)]
    for number in range(9):
        shown.take_samples(samples(f"B{number:02d}"), NOW_MS)
    assert len(shown.stations) == 12


def test_a_sample_from_the_future_is_a_state_of_its_own_and_no_dead_worker() -> None:
    shown = board()
    later_ms = dead_worker(shown)
    ahead_ms = NOW_MS + HOUR_MS
    for begin_ms in (ahead_ms, ahead_ms + 60_000):
        shown.take_future(samples("WIC", begin_ms), later_ms, dated_by_broker=False)
    (view,) = shown.changes(later_ms).stations
    assert (view.state, view.unscored) == (State.HELD_BACK, False)
    assert view.ahead_ms == ahead_ms + 119_000


def test_the_page_has_a_word_and_a_colour_for_each_state_in_the_order_of_urgency() -> None:
    static = files("monitor.dashboard") / "static"
    text = (static / "states.js").read_text().partition("STATES = {")[2].partition("\n};")[0]
    keys = re.findall(r'^ {2}"?([a-z-]+)"?: \{', text, re.MULTILINE)
    assert sorted(keys) == sorted(State)
    for name in ("page.css", "colours.css"):
        style = (static / name).read_text()
        missing = [key for key in keys if f"--{key}" not in style]
        assert missing == [], name
