import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.spans import Span, beside, span_of

START_MS = 1_709_982_900_000  # 2024-03-09T11:15


def test_a_span_is_in_utc_unless_it_says_otherwise() -> None:
    expected = Span(START_MS, START_MS + 180_000)
    assert span_of("2024-03-09T11:15/2024-03-09T11:18") == expected
    assert span_of("2024-03-09T11:15:00Z/2024-03-09T11:18:00Z") == expected
    assert span_of("2024-03-09T01:15-10:00/2024-03-09T01:18-10:00") == expected


@given(st.integers(0, 4_000_000_000), st.integers(1, 10**8))
def test_what_is_written_is_read_again(start_s: int, length_s: int) -> None:
    span = Span(start_s * 1000, (start_s + length_s) * 1000)
    assert span_of(str(span)) == span


@pytest.mark.parametrize(
    "text",
    ["", "2024-03-09T11:15", "2024-03-09/2024-03-10", "soon/2024-03-09T11:18", "a/b/c"],
)
def test_what_is_no_span_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a span of time like 2024-"):
        span_of(text)


def test_a_span_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before it begins"):
        span_of("2024-03-09T11:18/2024-03-09T11:18")


def test_spans_in_which_nothing_was_recorded_are_named() -> None:
    inside, outside = Span(5, 7), Span(10, 20)
    assert beside([inside, outside], [Span(0, 6), Span(8, 10)]) == [outside]
    assert beside([inside], []) == [inside]
