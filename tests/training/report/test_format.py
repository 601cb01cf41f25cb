import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.report.format import ABSENT, dates, days_in, decimal, figure, p_value, percent


@pytest.mark.parametrize(
    ("p", "written"),
    [
        (0.27, "0.27"),
        (0.0035, "0.0035"),
        (0.0114, "0.011"),
        (2.04e-12, "2e-12"),
        (0.00094, "9e-4"),
        (1.0, "1"),
        (0.0, "< 1e-300"),
        (math.nan, ABSENT),
    ],
)
def test_a_p_value_is_readable_before_it_is_exact(p: float, written: str) -> None:
    assert p_value(p) == written


@given(st.floats(1e-290, 1.0))
def test_a_written_p_value_is_the_measured_one(p: float) -> None:
    digits = 0.05 if p > 0.001 else 0.34
    assert float(p_value(p)) == pytest.approx(p, rel=digits)


def test_shares_are_per_cent_with_a_decimal_where_it_counts() -> None:
    assert [percent(share) for share in (0.0, 0.004, 0.0996, 0.57, 1.0)] == [
        "0",
        "0.4",
        "10",
        "57",
        "100",
    ]


def test_what_was_not_measured_is_a_dash() -> None:
    assert {decimal(None), percent(None), figure(None), decimal(math.nan)} == {ABSENT}


def test_large_figures_are_set_apart_and_small_ones_kept() -> None:
    assert [figure(value) for value in (34806.0, 41.0, 1.3487, 0.0201)] == [
        "34,806",
        "41",
        "1.35",
        "0.0201",
    ]


def test_spans_of_days_are_counted_out_and_many_days_abridged() -> None:
    assert days_in(["2024-02-28/2024-03-01", "2024-03-05"]) == 4
    assert dates(["2024-02-28/2024-03-01"]) == "2024-02-28 to 2024-03-01"
    many = [f"2024-03-{day:02d}" for day in range(1, 12)]
    assert dates(many) == "2024-03-01 to 2024-03-11"
