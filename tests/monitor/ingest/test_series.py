"""What goes out is what the source had: in order, once, whatever comes late, twice or corrected."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.recording import Recording
from geofield.types import Float64
from monitor.ingest.manner import FILLS, POLLED, PUSHED, Manner
from monitor.ingest.series import MEMORY, MOST_HELD, OrientationDiffers, StationSeries

NAN = float("nan")
T0 = 1_715_212_800_000


def recording(first: int, values: list[float], elements: str = "XYZ") -> Recording:
    """Samples from second `first` on; the three elements differ by constants."""
    column = np.array(values, dtype=np.float64) + 20_000.0
    arrays = {name: column + 10 * number for number, name in enumerate(elements)}
    return Recording("WIC", T0 + 1000 * first, 1000, arrays)


def numbers(recordings: list[Recording]) -> list[tuple[int, float]]:
    """Second and first element of each sample, less the constant."""
    return [
        ((part.start_ms - T0) // 1000 + number, value - 20_000.0)
        for part in recordings
        for number, value in enumerate(part.elements["X"].tolist())
    ]


def series() -> StationSeries:
    return StationSeries("WIC", 1000)


def test_samples_in_order_go_out_at_once() -> None:
    one = series()
    assert numbers(one.take(recording(0, [1, 2]), PUSHED, 0)) == [(0, 1), (1, 2)]
    assert numbers(one.take(recording(2, [3]), PUSHED, 0)) == [(2, 3)]
    assert one.newest_ms == T0 + 2000


def test_what_comes_behind_a_gap_waits_and_goes_out_in_order() -> None:
    one = series()
    one.take(recording(0, [0]), PUSHED, 0)
    #  published 0, missing 1 2, waiting 3 4
    assert one.take(recording(3, [3, 4]), PUSHED, 7.0) == []
    assert one.held_since_s == 7.0
    assert one.gap_ms() == (T0 + 1000, T0 + 3000)
    assert numbers(one.take(recording(2, [2]), PUSHED, 8.0)) == []
    assert numbers(one.take(recording(1, [1]), PUSHED, 9.0)) == [(1, 1), (2, 2), (3, 3), (4, 4)]
    assert one.held_since_s is None
    assert one.gaps == 0


def test_a_gap_that_is_given_up_can_still_be_filled() -> None:
    one = series()
    one.take(recording(0, [0]), PUSHED, 0)
    one.take(recording(3, [3]), PUSHED, 0)
    assert numbers(one.released()) == [(3, 3)]
    assert one.gaps == 1
    assert numbers(one.take(recording(1, [1]), PUSHED, 0)) == [(1, 1)]
    assert one.counts.filled == 1


def test_a_correction_goes_out_and_repetitions_do_not() -> None:
    one = series()
    one.take(recording(0, [1, 2, 3, 4]), PUSHED, 0)
    assert numbers(one.take(recording(0, [1, 9, 3, 8]), PUSHED, 0)) == [(1, 9), (3, 8)]
    assert (one.counts.corrected, one.counts.duplicate) == (2, 2)
    assert one.take(recording(0, [1, 9, 3, 8]), PUSHED, 0) == []


def test_a_missing_value_replaces_nothing() -> None:
    one = series()
    one.take(recording(0, [1, 2]), PUSHED, 0)
    assert one.take(recording(0, [NAN, NAN]), PUSHED, 0) == []
    assert one.take(recording(0, [99_999.0 - 20_000.0, 2]), PUSHED, 0) == []  # a fill of X
    partly = recording(1, [5])
    partly.elements["Y"][0] = NAN
    (corrected,) = one.take(partly, PUSHED, 0)
    assert corrected.elements["X"][0] == 20_005.0
    assert corrected.elements["Y"][0] == 20_012.0  # as before


def test_a_stations_own_null_is_a_gap_and_a_services_null_has_not_come_yet() -> None:
    own, polled = series(), series()
    nulls = recording(0, [1, NAN, 3])
    assert len(numbers(own.take(nulls, PUSHED, 0))) == 3
    assert numbers(polled.take(nulls, POLLED, 0)) == [(0, 1)]
    assert numbers(polled.take(recording(0, [1, 2, 3]), POLLED, 0)) == [(1, 2), (2, 3)]
    trailing = series()
    assert numbers(trailing.take(recording(0, [NAN, 1, NAN, NAN]), POLLED, 0)) == [(1, 1)]
    assert trailing.held_since_s is None


def test_another_source_fills_and_does_not_correct() -> None:
    one = series()
    one.take(recording(0, [1, NAN, 3]), PUSHED, 0)
    assert numbers(one.take(recording(0, [7, 8, 9]), FILLS, 0)) == [(1, 8)]


def test_samples_older_than_the_memory_are_left_out_and_counted() -> None:
    one = series()
    one.take(recording(0, [1.0] * MEMORY), PUSHED, 0)
    one.take(recording(MEMORY, [1.0] * MEMORY), PUSHED, 0)
    assert one.take(recording(0, [5, 5]), PUSHED, 0) == []
    assert one.counts.late == 2
    assert numbers(one.take(recording(MEMORY, [5]), PUSHED, 0)) == [(MEMORY, 5)]


def test_what_waits_is_limited() -> None:
    one = series()
    one.take(recording(0, [0]), PUSHED, 0)
    one.take(recording(2, [1.0] * (MOST_HELD + 1)), PUSHED, 0)
    assert one.full()


def test_a_second_source_of_another_orientation_is_refused() -> None:
    one = series()
    first, other = recording(0, [1]), recording(1, [1], "HEZ")
    one.check(first, first_source=True)
    one.take(first, PUSHED, 0)
    with pytest.raises(OrientationDiffers, match="HEZ, and WIC has XYZ"):
        one.check(other, first_source=False)


def test_the_first_source_may_differ_from_what_the_topic_has() -> None:
    one = series()
    one.restore(recording(0, [1, 2]))
    other = recording(0, [1, 2, 3], "HEZ")
    one.check(other, first_source=True)
    (new,) = one.take(other, PUSHED, 0)
    assert list(new.elements) == ["H", "E", "Z"]
    assert new.start_ms == T0 + 2000


def test_restored_samples_are_known() -> None:
    one = series()
    for part in (recording(0, [1, 2]), recording(5, [5]), recording(3, [3]), recording(1, [7])):
        one.restore(part)
    assert numbers(one.take(recording(0, [1, 7, 2, 3, 4, 5, 6]), PUSHED, 0)) == [
        (2, 2),
        (4, 4),
        (6, 6),
    ]


def test_without_samples_a_series_waits_for_what_it_is_told_to_begin_with() -> None:
    one = series()
    one.begin_at(T0)
    assert one.take(recording(2, [2]), PUSHED, 0) == []
    assert numbers(one.take(recording(0, [0, 1]), FILLS, 0)) == [(0, 0), (1, 1), (2, 2)]


@given(
    length=st.integers(1, 60),
    cuts=st.lists(st.integers(1, 59), max_size=12),
    order=st.randoms(use_true_random=False),
    manner=st.sampled_from([PUSHED, POLLED]),
    missing=st.sets(st.integers(0, 59), max_size=8),
    restarts=st.sets(st.integers(0, 20), max_size=3),
)
def test_whatever_the_order_the_topic_ends_with_what_the_source_had(
    length: int,
    cuts: list[int],
    order: st.DataObject,
    manner: Manner,
    missing: set[int],
    restarts: set[int],
) -> None:
    values = [NAN if number in missing else float(number) for number in range(length)]
    edges = sorted({0, length, *(cut for cut in cuts if cut < length)})
    parts = [recording(a, values[a:b]) for a, b in pairwise(edges)]
    sent = [*parts, *parts[: len(parts) // 2]]  # some come twice
    order.shuffle(sent)
    one, topic = series(), []
    one.begin_at(T0)
    for turn, part in enumerate(sent):
        if turn in restarts:  # killed: what waits is lost, and is sent again, as not acknowledged
            one = series()
            for published in topic:
                one.restore(published)
            one.begin_at(T0)
        topic += one.take(part, manner, 0)
    for part in sent:
        topic += one.take(part, manner, 0)
    topic += one.released()
    assert np.array_equal(final(topic, length), np.array(values), equal_nan=True)
    known = [row for row in numbers(topic) if row[1] == row[1]]
    assert len(known) == len(set(known))  # once


def final(topic: list[Recording], length: int) -> Float64:
    """Values that a reader of the topic ends with, as `geofield.series.buffer` does."""
    column = np.full(length, np.nan)
    for number, value in numbers(topic):
        if not np.isnan(value):
            column[number] = value
    return column


def test_long_series_keep_their_numbers() -> None:
    """The memory is moved many times; what it knows stays with its samples."""
    one, generator = series(), np.random.default_rng(1)
    at, sent = 0, {}
    for _ in range(60):
        at += int(generator.choice([0, 0, 3, 700, 5000]))
        length = int(generator.choice([1, 50, 900, MEMORY]))
        part = recording(at, (np.arange(at, at + length) % 1000).astype(float).tolist())
        one.take(part, PUSHED, 0)
        one.released()
        sent |= dict(numbers([part]))
        at += length
        back = replace(part, elements={n: v + 1 for n, v in part.elements.items()})
        changed = numbers(one.take(back.between(back.end_ms - 5000, back.end_ms), PUSHED, 0))
        assert changed == [(n, sent[n] + 1) for n in range(max(at - 5, at - length), at)]
        one.take(part.between(part.end_ms - 5000, part.end_ms), PUSHED, 0)
