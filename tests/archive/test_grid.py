"""Where samples belong: stamps in the middle of intervals, doubled times, jitter, gaps.

::

    stamps of means    |  .5  |  .5  |  .5  |      one offset for all
    places             0      1      2      3
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.grid import grid_of
from archive.iaga2002 import read_iaga2002
from archive.readings import recording_of
from archive.recording import Recording, joined
from geofield.types import Int64
from tests.archive.documents import HEZF, START, document, row

START_MS = 1_535_511_600_000


def steady(count: int, cadence_ms: int, begin_ms: int = START_MS) -> Int64:
    return begin_ms + cadence_ms * np.arange(count)


@pytest.mark.parametrize("cadence_ms", [100, 1000, 5000, 60_000, 3_600_000])
@pytest.mark.parametrize("share", [-0.49, -0.25, -0.01, 0.0, 0.01, 0.25, 0.5])
def test_samples_one_interval_apart_are_complete_wherever_they_are_stamped(
    cadence_ms: int, share: float
) -> None:
    offset_ms = round(share * cadence_ms)
    begin_ms = START_MS + offset_ms
    for times_ms in (
        steady(50, cadence_ms, begin_ms),
        np.delete(steady(50, cadence_ms, begin_ms), 7),
    ):
        grid = grid_of(times_ms)
        assert (grid.start_ms, grid.cadence_ms, grid.length) == (START_MS, cadence_ms, 50)
        assert (grid.offset_ms, grid.repeated, grid.off_grid) == (offset_ms, 0, 0)


def test_an_offset_is_told_and_kept(caplog: pytest.LogCaptureFixture) -> None:
    rows = [row(n, step_s=60, start=START.replace(second=30)) for n in range(5)]
    recording = recording_of(read_iaga2002(document(rows)))
    assert (recording.start_ms, recording.offset_ms) == (START_MS, 30_000)
    assert recording.notes == (
        "its samples are stamped 30,000 ms after the multiples of 60 s, and count as at these",
    )
    other = recording_of(read_iaga2002(document([row(n, step_s=60) for n in range(5)])))
    with pytest.raises(ValueError, match="not stamped alike"):
        joined([recording, other])


@pytest.mark.parametrize("order", ["below", "beside", "earlier first"])
def test_of_doubled_times_the_later_in_the_file_counts_in_all_of_it(order: str) -> None:
    first = [row(n, HEZF) for n in range(50)]
    second = [row(n, [HEZF[0] + 100, *HEZF[1:]]) for n in range(50)]
    lines = {
        "below": first + second,
        "beside": [
            line for n in range(50) for line in (first[n], *second[n : n + 1] * (n % 3 > 1))
        ],
        "earlier first": first[25:] + first[:25] + second[10:20],
    }[order]
    recording = recording_of(read_iaga2002(document(lines)))
    corrected = {"below": range(50), "beside": range(2, 50, 3), "earlier first": range(10, 20)}[
        order
    ]
    assert np.flatnonzero(recording.elements["H"] > 21_100).tolist() == list(corrected)
    assert f"{len(corrected)} samples at times that the file has already" in recording.notes[0]


def test_a_gap_never_replaces_a_value_at_the_same_time() -> None:
    lines = [row(n) for n in range(5)] + [row(n, [99_999.0, 1.0, *HEZF[2:]]) for n in range(5)]
    recording = recording_of(read_iaga2002(document(lines)))
    assert recording.elements["H"].tolist() == [HEZF[0]] * 5
    assert recording.elements["E"].tolist() == [1.0] * 5


@pytest.mark.parametrize(
    ("times_ms", "said"),
    [
        (np.array([], np.int64), "no samples"),
        (steady(1, 1000), "single sample has no cadence"),
        (steady(50, 1000).repeat(10), "10 samples share each time: faster data need fractions"),
        (steady(50, 1000).repeat(2), "2 samples share each time"),
        (steady(50, -1000), "the times do not increase"),
        (START_MS + np.cumsum(np.resize([1000, 1400, 1000, 700], 60)), "steps .* are unequal"),
        (np.concatenate([steady(5, 1000), steady(5, 1000, 0)]), "too far apart"),
    ],
)
def test_what_is_no_grid_is_refused_by_what_it_is(times_ms: Int64, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        grid_of(times_ms)


def test_ten_samples_a_second_with_fractions_are_a_grid() -> None:
    rows = [row(n, step_s=0.1) for n in range(30)]
    assert recording_of(read_iaga2002(document(rows))).cadence_ms == 100


def test_a_clock_that_drifts_costs_a_sample_now_and_then_and_no_more() -> None:
    times_ms = np.rint(START_MS + 1000.01 * np.arange(86_400)).astype(np.int64)
    grid = grid_of(times_ms)
    assert grid.cadence_ms == 1000
    assert abs(grid.length - 86_400) <= 1
    assert grid.repeated <= 1


def test_a_logger_that_starts_again_within_the_second_loses_nothing() -> None:
    times_ms = np.concatenate([steady(500, 1000), steady(400, 1000, START_MS + 600_400)])
    grid = grid_of(times_ms)
    assert (grid.offset_ms, grid.repeated, grid.off_grid) == (0, 0, 400)
    assert grid.length == 1000


@given(
    st.integers(-499, 500),
    st.lists(st.integers(-20, 20), min_size=8, max_size=60),
    st.data(),
)
def test_jitter_and_gaps_and_doubles_place_every_sample_where_it_belongs(
    offset_ms: int, jitter_ms: list[int], data: st.DataObject
) -> None:
    count = len(jitter_ms)
    kept = sorted(data.draw(st.sets(st.integers(1, count - 2), max_size=count // 5)))
    numbers = [n for n in range(count) if n not in kept]
    again = data.draw(st.lists(st.sampled_from(numbers), max_size=3))
    order = [*numbers, *again]
    times_ms = np.array([START_MS + 1000 * n + offset_ms + jitter_ms[n] for n in order])
    grid = grid_of(times_ms)
    assert grid.repeated == len(again)
    placed = grid.placed(np.arange(len(order), dtype=np.float64))
    for place, found in enumerate(placed):
        number = place + (order[0] if grid.length == count else min(order))
        expected = [n for n, one in enumerate(order) if one == number]
        assert found == expected[-1] if expected else np.isnan(found)


@pytest.mark.parametrize("back_to", [1, 2, 10])
def test_a_step_back_over_all_of_a_file_with_jitter_is_a_doubled_time(back_to: int) -> None:
    times_ms = START_MS + 1000 * np.arange(28) + 11 * (np.arange(28) % 2)
    times_ms[0] += 3
    grid = grid_of(np.append(times_ms, times_ms[back_to]))
    assert (grid.cadence_ms, grid.length, grid.repeated) == (1000, 28, 1)


def test_files_that_differ_in_their_scalars_are_one_recording() -> None:
    plain = {"H": np.ones(5), "E": np.ones(5), "Z": np.ones(5)}
    first = Recording("TST", START_MS, 1000, plain)
    second = Recording("TST", START_MS + 5000, 1000, {**plain, "F": np.ones(5)})
    assert list(joined([first, second]).elements) == ["H", "E", "Z"]
    assert list(joined([second, first]).elements) == ["H", "E", "Z"]
