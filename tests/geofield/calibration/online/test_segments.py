import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geofield.calibration.online.segments import CandidateSegment, Quiet
from geofield.indices import KP, IndexHistory, IndexInterval

HOP_MS, MOST = 1000, 40
THREE_H_MS = 3 * 3_600_000
QUIET = Quiet(max_kp=3.0, wait_ms=2 * THREE_H_MS, window_ms=4 * HOP_MS)
numbers = st.lists(st.integers(0, 300), min_size=1, max_size=60, unique=True).map(sorted)


def taken(groups: list[list[int]]) -> CandidateSegment:
    """Windows, by number, in groups; the value of each is its number."""
    stretch = CandidateSegment()
    for group in groups:
        ends = np.array(group, dtype=np.int64) * HOP_MS
        stretch = stretch.with_windows(ends, np.array(group, np.float32)[:, None], HOP_MS, MOST)
    return stretch


@given(numbers, st.data())
def test_however_they_are_grouped_the_newest_are_kept_at_their_times(
    windows: list[int], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(windows)), max_size=5)))
    groups = [windows[a:b] for a, b in zip([0, *cuts], [*cuts, len(windows)], strict=True)]
    stretch = taken(groups)
    np.testing.assert_array_equal(stretch.values, taken([windows]).values)
    assert len(stretch.values) <= MOST
    rows = np.flatnonzero(~np.isnan(stretch.values[:, 0]))
    expected = [one for one in windows if one > windows[-1] - MOST]
    np.testing.assert_array_equal(stretch.end_ms(HOP_MS)[rows] // HOP_MS, expected)
    np.testing.assert_array_equal(stretch.values[rows, 0], np.array(expected, np.float16))


def hourly(windows: int) -> CandidateSegment:
    """A window at the end of every hour of the first day."""
    ends = (np.arange(windows) + 1) * 3_600_000
    return CandidateSegment().with_windows(ends, np.ones((windows, 1), np.float32), 3_600_000, 100)


def kp(number: int, value: float, known_after_ms: int = 0) -> IndexInterval:
    end_ms = (number + 1) * THREE_H_MS
    return IndexInterval(KP, end_ms - THREE_H_MS, end_ms, end_ms + known_after_ms, value)


def judge(stretch: CandidateSegment, history: IndexHistory, hours: int) -> CandidateSegment:
    return stretch.judge(history, hours * 3_600_000, 3_600_000, QUIET)


def test_a_window_waits_for_its_kp_and_a_disturbed_one_is_left_out() -> None:
    history = IndexHistory((kp(0, 1.0), kp(1, 5.0), kp(2, 3.0)))
    judged = judge(hourly(12), history, hours=10)
    assert judged.usable().tolist() == [True] * 3 + [False] * 3 + [True] * 3 + [False] * 3
    assert (judged.judged, judged.kp_known) == (9, True)


def test_without_any_kp_windows_count_after_the_wait() -> None:
    judged = judge(hourly(12), IndexHistory(), hours=10)
    assert judged.usable().tolist() == [True] * 3 + [False] * 9
    assert not judged.kp_known


def test_the_first_known_kp_puts_out_what_was_taken_without() -> None:
    before = judge(hourly(12), IndexHistory(), hours=10)
    history = IndexHistory((kp(1, 0.0, 6 * 3_600_000),))
    judged = judge(before, history, hours=12)
    assert judged.usable().tolist() == [False] * 3 + [True] * 3 + [False] * 6
    assert judged.kp_known


def test_a_kp_that_never_comes_is_no_sign_of_quiet_once_others_came() -> None:
    history = IndexHistory((kp(0, 1.0), kp(2, 1.0)))
    judged = judge(hourly(12), history, hours=18)
    assert judged.usable().tolist() == [True] * 3 + [False] * 3 + [True] * 3 + [False] * 3


def test_half_precision_holds_a_value_to_a_two_thousandth() -> None:
    values = np.geomspace(1e-3, 1e5, 50, dtype=np.float32)[:, None]
    stretch = CandidateSegment().with_windows(np.arange(50) * HOP_MS, values, HOP_MS, 100)
    np.testing.assert_allclose(stretch.values, np.minimum(values, 6e4), rtol=1 / 2000)
