"""The ring holds what a dictionary of the newest samples would."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geofield.series.samples import Samples
from monitor.dashboard.ring import BYTES_PER_SAMPLE, FieldRing, SampleRing

CAPACITY = 20
FIRST = 1_000_000
ROWS = st.lists(
    st.one_of(st.integers(-9, 9).map(float), st.just(float("nan"))), min_size=1, max_size=30
)
RECORDS = st.lists(st.tuples(st.integers(-40, 40), ROWS), min_size=1, max_size=12)


@given(RECORDS)
def test_any_order_of_records_gives_the_newest_rows(records: list[tuple[int, list[float]]]) -> None:
    ring = SampleRing(CAPACITY, 1, np.float64)
    held: dict[int, float] = {}
    first = after = None
    for offset, rows in records:
        begin = FIRST + offset
        ring.put(begin, np.array(rows)[:, None])
        after = max(begin + len(rows), after or 0)
        first = max(min(begin, begin if first is None else first), after - CAPACITY)
        held |= {number: row for number, row in enumerate(rows, begin) if not np.isnan(row)}
        held = {number: value for number, value in held.items() if number >= first}
    assert after is not None
    assert (ring.first, ring.after) == (first, after)
    found_first, found = ring.between(0, 2 * FIRST)
    expected = [held.get(number, np.nan) for number in range(ring.first, ring.after)]
    assert found_first == first
    np.testing.assert_array_equal(found[:, 0], expected)


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_part_is_a_part_of_the_whole(begin: int, end: int) -> None:
    ring = SampleRing(CAPACITY, 1, np.float64)
    ring.put(10, np.arange(35.0)[:, None])
    first, rows = ring.between(begin, end)
    assert first == min(max(begin, 25), 45)
    np.testing.assert_array_equal(rows[:, 0], np.arange(first, max(min(end, 45), first)) - 10)


def test_the_field_keeps_a_thousandth_of_the_quietest_background() -> None:
    generator = np.random.default_rng(7)
    field_nt = np.array([21_027.3, -16.5, 43_859.3]) + generator.uniform(-500, 500, (4000, 3))
    ring = FieldRing("WIC", 1000, 4000)
    ring.insert(Samples("WIC", 0, 1000, field_nt))
    assert np.abs(ring.between(0, 4_000_000).field_nt - field_nt).max() < 0.04 / 1000


def test_before_the_first_value_there_is_nothing() -> None:
    ring = FieldRing("WIC", 1000, 100)
    gap = np.full((5, 3), np.nan)
    ring.insert(Samples("WIC", 0, 1000, gap))
    assert ring.end_ms is None
    assert len(ring.between(0, 5000)) == 0
    assert BYTES_PER_SAMPLE == 12
