"""When samples from the future hold a station back, as a worker takes them."""

from __future__ import annotations

import pytest

from monitor.dashboard.future_samples import FutureSamples
from tests.monitor.dashboard.builders import NOW_MS, TOLERANCE_MS

MINUTE_MS = 60_000
LATER_MS = NOW_MS + 30 * MINUTE_MS


def minute(number: int) -> tuple[int, int]:
    """The samples of a minute half an hour from now."""
    begin_ms = LATER_MS + number * MINUTE_MS
    return begin_ms, begin_ms + MINUTE_MS - 1000


def held(ahead: FutureSamples, now_ms: int = NOW_MS, scored_ms: int = 0) -> int | None:
    return ahead.newest_ms(now_ms, scored_ms)


def test_one_record_far_ahead_holds_nothing_back_a_second_one_near_it_does() -> None:
    ahead = FutureSamples(TOLERANCE_MS)
    ahead.take(minute(0), NOW_MS, dated_by_broker=False)
    ahead.take(minute(0), NOW_MS, dated_by_broker=False)  # the same again
    ahead.take(minute(20), NOW_MS, dated_by_broker=False)
    assert held(ahead) is None
    ahead.take(minute(1), NOW_MS, dated_by_broker=False)
    assert held(ahead) == minute(1)[1]


def test_a_clock_that_runs_away_is_believed_at_once_and_so_is_the_broker() -> None:
    drifting = FutureSamples(TOLERANCE_MS)
    for begin_ms in range(NOW_MS, NOW_MS + 8 * MINUTE_MS, MINUTE_MS):
        drifting.take((begin_ms, begin_ms + MINUTE_MS - 1000), NOW_MS, dated_by_broker=False)
    assert held(drifting) == NOW_MS + 8 * MINUTE_MS - 1000
    dated = FutureSamples(TOLERANCE_MS)
    dated.take(minute(0), NOW_MS, dated_by_broker=True)
    assert held(dated) == minute(0)[1]


def test_it_ends_when_time_has_caught_up_or_the_worker_has_begun_anew() -> None:
    ahead = FutureSamples(TOLERANCE_MS)
    for number in range(2):
        ahead.take(minute(number), NOW_MS, dated_by_broker=False)
    newest_ms = minute(1)[1]
    assert held(ahead, newest_ms - TOLERANCE_MS - 1) == newest_ms
    assert held(ahead, newest_ms - TOLERANCE_MS) is None
    assert held(ahead, scored_ms=NOW_MS - MINUTE_MS) == newest_ms  # of samples from before
    assert held(ahead, scored_ms=NOW_MS + MINUTE_MS) is None


@pytest.mark.parametrize("count", [10, 1000])
def test_no_more_records_wait_than_with_a_worker(count: int) -> None:
    ahead = FutureSamples(TOLERANCE_MS)
    for number in range(0, 20 * count, 20):
        ahead.take(minute(number), NOW_MS, dated_by_broker=False)
    assert len(ahead._waiting) == 4
    assert held(ahead) is None
