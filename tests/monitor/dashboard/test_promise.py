"""The page says whether a station's promise of false alerts is being kept."""

import pytest
from msgspec import structs

from monitor.dashboard.showable import Unshowable, WindowView, window_view
from monitor.dashboard.station import Station
from monitor.records.scores_and_alerts import PromiseFields
from tests.monitor.dashboard.builders import HOP_MS, NEVER_MS, NOW_MS, WINDOW, limits, score_record

KEPT = PromiseFields(12.48, 0.41, 0, kept=True)
BROKEN = PromiseFields(20.0, 0.66, 7, kept=False)


def window(number: int, promise: PromiseFields) -> WindowView:
    return window_view(structs.replace(score_record("WIC", number), promise=promise), NEVER_MS)


def test_a_station_shows_the_promise_of_its_newest_window() -> None:
    station = Station("WIC", WINDOW, limits())
    assert station.view(NOW_MS, None, None).promise == ""
    station.take_score(window(1, KEPT))
    said = "0 opened, 0.41 promised in 12.5 quiet days: kept"
    assert station.view(NOW_MS + 9 * HOP_MS, None, None).promise == said
    station.take_score(window(3, BROKEN))
    station.take_score(window(2, KEPT))  # read again
    said = "7 opened, 0.66 promised in 20 quiet days: not kept"
    assert station.view(NOW_MS + 9 * HOP_MS, None, None).promise == said


def test_a_number_beyond_all_measure_is_refused() -> None:
    with pytest.raises(Unshowable, match="opened is more than"):
        window(1, structs.replace(BROKEN, opened=10**300))
