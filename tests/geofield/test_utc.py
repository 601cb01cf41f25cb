"""Times are UTC, in milliseconds and as text."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofield.utc import DAY_MS, datetime_of, moment_ms, time_ms, utc, utc_day

START_MS = 1_715_212_800_000  # 2024-05-09


@pytest.mark.parametrize(
    ("at_ms", "text"),
    [
        (START_MS, "2024-05-09T00:00:00Z"),
        (START_MS + 5, "2024-05-09T00:00:00.005Z"),
        (-1000, "1969-12-31T23:59:59Z"),
    ],
)
def test_times_are_utc_with_z(at_ms: int, text: str) -> None:
    assert utc(at_ms) == text


@given(st.integers(-(10**13), 10**14))
def test_a_time_comes_back_from_its_text_and_its_moment(at_ms: int) -> None:
    assert time_ms(utc(at_ms)) == at_ms
    assert moment_ms(datetime_of(at_ms)) == at_ms
    assert utc_day(at_ms) == utc(at_ms)[:10] == utc_day(at_ms - at_ms % DAY_MS)


def test_a_time_without_a_zone_is_utc() -> None:
    assert time_ms("2024-05-09T00:00") == time_ms("2024-05-09T02:00+02:00") == START_MS


def test_a_time_outside_the_calendar_is_refused() -> None:
    late = datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-1)))
    with pytest.raises(ValueError, match="is no time in UTC"):
        moment_ms(late)
