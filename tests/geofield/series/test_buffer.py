import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geofield.series.buffer import ROOM, Buffer, inserted, started
from tests.geofield.builders import field_nt, samples

LATENESS = 10
pieces = st.lists(st.tuples(st.integers(-15, 20), st.integers(1, 90)), min_size=1, max_size=40)


def grown(buffer: Buffer, steps: list[tuple[int, int]], seed: int) -> Buffer:
    """A buffer that takes in records, each so far from the end of what is there."""
    for number, (gap, length) in enumerate(steps):
        first = max(buffer.after + gap, buffer.first)
        record = samples(field_nt(length, seed + number))
        late = samples(record.field_nt, first - record.first)
        buffer, _ = inserted(buffer, late, LATENESS)
        if len(buffer.field_nt) > 200:
            buffer = buffer.without(len(buffer.field_nt) - 100, 0)
    return buffer


@given(pieces, pieces, pieces)
def test_two_that_go_on_from_one_buffer_never_see_each_other(
    common: list[tuple[int, int]], one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    start = grown(started(samples(field_nt(50)))[0], common, 0)
    held = start.field_nt.copy()
    first = grown(start, one, 1000)
    first_held = first.field_nt.copy()
    second = grown(start, other, 2000)
    np.testing.assert_array_equal(start.field_nt, held)
    np.testing.assert_array_equal(first.field_nt, first_held)
    alone = grown(Buffer(start.first, held), other, 2000)
    np.testing.assert_array_equal(second.field_nt, alone.field_nt)
    assert (second.first, second.after) == (alone.first, alone.after)


def test_records_in_order_are_not_copied_each_time() -> None:
    buffer, _ = started(samples(field_nt(100)))
    values = field_nt(ROOM)
    memories = set()
    for second in range(ROOM):
        buffer, _ = inserted(buffer, samples(values[second : second + 1], 100 + second), LATENESS)
        memories.add(id(buffer.field_nt.base))
    assert len(memories) <= 2
    np.testing.assert_array_equal(buffer.field_nt[100:], values)


def test_the_memory_of_a_long_record_is_given_back() -> None:
    buffer, _ = started(samples(field_nt(100)))
    buffer, _ = inserted(buffer, samples(field_nt(7200), 100), LATENESS)
    kept = buffer.without(7200, 0)
    assert kept.field_nt.base is not None
    assert len(kept.field_nt.base) <= 100 + ROOM
