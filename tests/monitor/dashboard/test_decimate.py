"""Nothing that a person would see is lost by drawing fewer points."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.dashboard.decimate import extremes

FIELD_NT = st.one_of(st.floats(-1e5, 1e5), st.just(float("nan")))
VALUES = st.lists(FIELD_NT, max_size=300).map(np.array).map(lambda a: a.astype(np.float64))


@given(VALUES, st.integers(1, 50))
def test_every_column_keeps_its_lowest_and_highest_sample(values: np.ndarray, width: int) -> None:
    drawn = set(extremes(values, width).tolist())
    for begin in range(0, len(values), width):
        column = values[begin : begin + width]
        kept = [values[i] for i in range(begin, begin + len(column)) if i in drawn]
        if np.isnan(column).all():
            assert len(kept) >= 1
            assert np.isnan(kept).all()
        else:
            assert np.nanmin(kept) == np.nanmin(column)
            assert np.nanmax(kept) == np.nanmax(column)


@given(VALUES, st.integers(1, 50))
def test_positions_are_in_order_and_at_most_two_a_column(values: np.ndarray, width: int) -> None:
    drawn = extremes(values, width)
    assert (np.diff(drawn) > 0).all()
    assert len(drawn) <= min(len(values), 2 * -(-len(values) // width))
    assert not len(drawn) or (drawn[0] >= 0 and drawn[-1] < len(values))


def test_one_sample_in_a_day_of_them_is_still_seen() -> None:
    values = np.zeros(86_400)
    values[51_234] = 3.0
    drawn = extremes(values, 86_400 // 700)
    assert len(drawn) < 1500
    assert 51_234 in drawn
