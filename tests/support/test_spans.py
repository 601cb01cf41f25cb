import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.spans import Span, span_of

START_MS = 1_709_982_900_000  # 2024-03-09T11:15


def test_a_span_is_in_utc_unless_it_says_otherwise() -> None:
    expected = Span(START_MS, START_MS + 180_000)
    assert span_of("2024-03-09T11:15/2024-03-09T11:18") == expected
    assert span_of("2024-03-09T11:15:00Z/2024-03-09T11:18:00Z") == expected
    assert span_of("2024-03-09T01:15-10:00/2024-03-09T01:18-10:00") == expected


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("2024-03-09", "2024-03-09", "2024-03-10"),
        ("2024-03-09/2024-03-09", "2024-03-09", "2024-03-10"),
        ("2024-02-28/2024-03-01", "2024-02-28", "2024-03-02"),
    ],
)
def test_days_are_whole_and_the_last_one_belongs_to_them(text: str, first: str, after: str) -> None:
    assert span_of(text) == span_of(f"{first}T00:00/{after}T00:00")


@given(st.integers(0, 4_000_000_000_000), st.integers(1, 10**11))
def test_what_is_written_is_read_again(start_ms: int, length_ms: int) -> None:
    span = Span(start_ms, start_ms + length_ms)
    assert span_of(str(span)) == span


def test_it_is_written_as_it_is_asked_for() -> None:
    assert str(span_of("2024-03-09T11:15/2024-03-09T11:18")) == (
        "2024-03-09T11:15:00/2024-03-09T11:18:00"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024-03-09T11:15",
        "2024-03-09/2024-03-10T12:00",
        "2024-03-09/",
        "2024-03",
        "soon/2024-03-09T11:18",
        "a/b/c",
        "2024-03-09T11:15/9999-12-31T23:59-01:00",
        "9999-12-31",
    ],
)
def test_what_is_no_span_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a span of time like 2024-"):
        span_of(text)


@pytest.mark.parametrize("end", ["11:17", "11:18", "11:18:00.0004"])
def test_a_span_that_holds_no_moment_is_refused(end: str) -> None:
    with pytest.raises(ValueError, match="does not end after it begins"):
        span_of(f"2024-03-09T11:18/2024-03-09T{end}")
    with pytest.raises(ValueError, match="does not end after it begins"):
        span_of("2024-03-09/2024-03-08")
