"""The peer has windows of its own making: they must be those of the worker."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bench.peers.window import Buffer, Shape
from geofield.series.buffer import Buffer as Held
from geofield.series.samples import Samples
from geofield.series.windows import WindowSpec, advance, cut_out, side_by_side

SPEC = WindowSpec(cadence_ms=1000, samples=16, hop=4, taps=5, lateness=3, max_gap=0)
SHAPE = Shape(SPEC.samples, SPEC.hop, SPEC.taps, SPEC.lateness)
FIRST = 1_000_003


@given(
    st.lists(
        st.tuples(st.integers(1, 150), st.integers(-6, 3)), min_size=1, max_size=30
    )  # the length of each record, and how far from the end of those before it begins
)
def test_windows_are_those_of_the_worker(records: list[tuple[int, int]]) -> None:
    field_nt = np.random.default_rng(0).normal(0, 1, (10_000, 3))
    held: Held | None = None
    after = FIRST
    buffer = Buffer(SHAPE, FIRST + max(records[0][1], 0))
    for length, shift in records:
        first = max(after + shift, FIRST)
        values = field_nt[first - FIRST :][:length]
        ends, windows = buffer.add(first, values)
        held, due, _ = advance(held, Samples("Q000", first * 1000, 1000, values), SPEC)
        assert list(ends) == [end for one in due for end in one.ends.tolist()]
        np.testing.assert_array_equal(windows, cut_out(side_by_side(due, SPEC), SPEC).field_nt)
        after = max(after, first + length)


def test_a_gap_stays_one_until_it_is_filled() -> None:
    buffer, values = Buffer(SHAPE, FIRST), np.ones((20, 3))
    values[5] = np.nan
    buffer.add(FIRST, values)
    ends, windows = buffer.add(FIRST + 20, np.ones((10, 3)))
    assert len(ends) > 0
    assert np.isnan(windows[0]).any()
