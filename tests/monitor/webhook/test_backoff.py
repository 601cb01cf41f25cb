import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.http.retry import LONGEST_RETRY_AFTER_S, Backoff, retry_after_s

DATE = "Fri, 10 May 2024 12:00:00 GMT"


@given(st.lists(st.floats(0, 1), min_size=1, max_size=80))
def test_pauses_double_up_to_the_longest_less_at_most_a_half(chances: list[float]) -> None:
    draws = iter(chances)
    backoff = Backoff(first_s=1.0, most_s=60.0, chance=lambda: next(draws))
    for number in range(len(chances)):
        full_s = min(2.0**number, 60.0)
        assert full_s / 2 <= backoff.pause_s() <= full_s


def test_a_pause_is_never_shorter_than_the_server_asked_for() -> None:
    assert Backoff().pause_s(30.0) == 30.0


def test_after_a_success_pauses_begin_again() -> None:
    backoff = Backoff(chance=lambda: 0.0)
    assert [backoff.pause_s(), backoff.pause_s()] == [1.0, 2.0]
    backoff.reset()
    assert backoff.pause_s() == 1.0


@pytest.mark.parametrize(
    ("text", "expected_s"),
    [
        ("7", 7.0),
        ("Fri, 10 May 2024 12:00:20 GMT", 20.0),
        ("Fri, 10 May 2024 11:00:00 GMT", 0.0),
        ("9" * 400, LONGEST_RETRY_AFTER_S),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_by_the_servers_clock(
    text: str, expected_s: float | None
) -> None:
    assert retry_after_s({"Retry-After": text, "Date": DATE}) == expected_s
