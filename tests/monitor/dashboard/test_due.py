"""The page knows which windows a worker should have decided, whatever comes in a record."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geofield.series.buffer import Buffer
from geofield.series.samples import Samples
from geofield.series.windows import WindowSpec, advance
from monitor.dashboard.due import DueWindows
from tests.monitor.dashboard.builders import NOW_MS, TOLERANCE_MS, WINDOW

SMALL = WindowSpec(cadence_ms=1000, samples=32, hop=8, taps=17, lateness=10, max_gap=2)
BEGIN = NOW_MS // 1000
DAY_S = 86_400


def record(begin: int, length: int) -> Samples:
    return Samples("WIC", (BEGIN + begin) * 1000, 1000, np.zeros((length, 3)))


def decided(records: list[Samples], spec: WindowSpec) -> int:
    """End of the newest window that a worker decides of these records, as a sample number."""
    buffer: Buffer | None = None
    newest = 0
    for one in records:
        buffer, due, _ = advance(buffer, one, spec)
        newest = max([newest, *(int(end) for group in due for end in group.ends)])
    return newest


def due_of(records: list[Samples], spec: WindowSpec = WINDOW) -> DueWindows:
    found = DueWindows(spec, TOLERANCE_MS)
    for one in records:
        found.take_samples(one)
    return found


@st.composite
def streams(draw: st.DrawFn) -> list[Samples]:
    """Records of any length, with gaps, repetitions and late ones, and sometimes days between."""
    place = draw(st.integers(0, 100))
    found = [record(place, 1), record(place + 1, 1)]  # a worker waits for the second
    place += 2
    for _ in range(draw(st.integers(2, 30))):
        length = draw(st.integers(1, 40))
        found.append(record(max(place + draw(st.integers(-30, 60)), 0), length))
        place += length
        if draw(st.integers(0, 19)) == 0:
            place += draw(st.integers(0, 3)) * DAY_S
            found += [record(place, 5), record(place + 5, 5)]
            place += 10
    return found


@given(streams())
@settings(max_examples=100, deadline=None)
def test_a_window_is_due_exactly_when_a_worker_decides_it(records: list[Samples]) -> None:
    """A first record may reach back further, and after days of silence old samples allow more."""
    slack = SMALL.lateness + SMALL.hop
    for count in range(2, len(records) + 1):
        found = due_of(records[:count], SMALL)
        if found._far is not None:
            continue  # waits for a second record
        due = found.newest_due
        worker = decided(records[:count], SMALL)
        assert due in (0, worker)
        if found._first == records[0].first and worker > SMALL.first_end(found._first) + slack:
            assert due == worker


def test_nothing_waits_while_the_worker_keeps_up() -> None:
    due, buffer, newest = DueWindows(WINDOW, TOLERANCE_MS), None, 0
    for minute in range(60):
        one = record(60 * minute, 60)
        due.take_samples(one)
        buffer, groups, _ = advance(buffer, one, WINDOW)
        for group in groups:
            newest = int(group.ends[-1])
            due.take_window(newest * 1000)
        due.update(NOW_MS + minute)
        assert due.waiting_since_ms is None
    assert newest > BEGIN


def test_a_window_waits_from_when_it_was_due_whether_records_are_short_or_long() -> None:
    """A window is due every 64 s: with one sample in a record, and with an hour in one."""
    for length in (1, 60, 3600):
        due = due_of([record(begin, length) for begin in range(0, 3600, length)])
        due.take_samples(record(3600, 1))
        due.take_window(due.newest_due * 1000)
        due.update(1)
        assert due.waiting_since_ms is None
        begin = 3601
        while due.newest_due <= due_of([record(0, 1), record(1, 3600)]).newest_due:
            due.take_samples(record(begin, length))
            begin += length
        due.update(5000)
        assert begin - 3601 <= max(WINDOW.hop + length, length)
        due.update(9000)
        assert due.waiting_since_ms == 5000


def test_a_worker_that_gets_on_has_time_from_then_on() -> None:
    due = due_of([record(0, 60), record(60, 3540)])
    due.update(1000)
    due.update(2000)
    assert due.waiting_since_ms == 1000
    due.take_window(due.newest_due * 1000 - WINDOW.hop * 1000)
    due.update(3000)
    due.update(4000)
    assert due.waiting_since_ms == 3000
    due.take_window(due.newest_due * 1000)
    due.update(5000)
    assert due.waiting_since_ms is None


def test_one_record_far_ahead_makes_no_window_due() -> None:
    due = due_of([record(0, 60), record(60, 3540)])
    before = due.newest_due
    due.take_samples(record(90_000, 60))
    assert due.newest_due == before
    due.take_samples(record(3600, 60))
    assert before < due.newest_due < before + 100
    due.take_samples(record(20_000, 60))
    due.take_samples(record(20_060, 60))
    assert due.newest_due > BEGIN + 19_000
