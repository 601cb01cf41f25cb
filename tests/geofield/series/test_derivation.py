"""Minutes derived from a stream of seconds: the published ones, whatever the records."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.decimation import whole_at_cadence
from archive.observatory import read_file
from archive.recording import Recording
from geofield.series.buffer import Buffer
from geofield.series.derivation import derive
from geofield.series.low_pass import LowPass, low_pass
from geofield.series.samples import Samples
from geofield.types import Float64
from geofield.utc import DAY_MS, MINUTE_MS
from tests.data import shared_data
from tests.geofield.builders import START_MS, field_nt, samples

LATENESS = 60
FILTER = low_pass(1000, MINUTE_MS) or pytest.fail("no filter")
SECONDS_NT = np.cumsum(field_nt(1800, seed=5) - [21_000.0, 480.0, 44_000.0], axis=0)


def derived(
    records: Sequence[Samples], chosen: LowPass = FILTER, lateness: int = LATENESS
) -> list[Samples]:
    """What comes of records, in order; records without slower samples give none."""
    buffer: Buffer | None = None
    slower = []
    for record in records:
        buffer, due = derive(buffer, record, chosen, lateness)
        slower.append(due)
    return [due for due in slower if len(due)]


def whole(slower: Sequence[Samples]) -> tuple[int, Float64]:
    for one, following in pairwise(slower):
        assert one.end_ms == following.start_ms
    return slower[0].start_ms, np.concatenate([due.field_nt for due in slower])


def cut(values_nt: Float64, ends: Sequence[int]) -> list[Samples]:
    """Records that end at these seconds."""
    edges = [0, *ends, len(values_nt)]
    return [samples(values_nt[begin:end], begin) for begin, end in pairwise(edges) if end > begin]


def test_the_minutes_are_those_that_the_usgs_made_of_the_same_seconds() -> None:
    folder = shared_data() / "iaga2002"
    seconds = read_file(folder / "BOU20180901vsec.sec")
    published = read_file(folder / "BOU20180901vmin.min")
    start_ms, ours_nt = whole(derived([part.samples(0.0) for part in seconds.records(600)]))
    theirs_nt = published.samples(0.0).field_nt
    begin = (start_ms - published.start_ms) // MINUTE_MS
    apart_nt = np.abs(ours_nt - theirs_nt[begin : begin + len(ours_nt)])
    assert len(ours_nt) > 50
    assert np.nanmax(apart_nt) < 0.02  # seconds and minutes are rounded to 0.01 nT
    assert not np.isnan(apart_nt[1:]).any()


def test_streaming_equals_filtering_a_whole_recording() -> None:
    elements = dict(zip("HEZ", SECONDS_NT.T, strict=True))
    offline = whole_at_cadence(Recording("WIC", START_MS, 1000, elements), MINUTE_MS)
    start_ms, ours_nt = whole(derived([samples(SECONDS_NT)]))
    assert start_ms == offline.start_ms
    offline_nt = offline.samples(0.0).field_nt[: len(ours_nt)]
    np.testing.assert_allclose(ours_nt, offline_nt, rtol=0, atol=1e-9)


@given(st.lists(st.integers(1, 1800), max_size=40).map(sorted))
def test_no_cut_into_records_changes_a_bit(ends: list[int]) -> None:
    start_ms, at_once_nt = whole(derived([samples(SECONDS_NT)]))
    other_ms, in_parts_nt = whole(derived(cut(SECONDS_NT, ends)))
    assert start_ms == other_ms
    assert at_once_nt.tobytes() == in_parts_nt.tobytes()


def test_order_and_repetition_within_the_lateness_change_no_bit() -> None:
    records = cut(SECONDS_NT, range(20, 1800, 20))
    shuffled = [one for pair in zip(records[1::2], records[::2], strict=True) for one in pair]
    _, in_order_nt = whole(derived(records))
    _, ours_nt = whole(derived([*shuffled[:30], shuffled[29], *shuffled[30:]]))
    assert in_order_nt.tobytes() == ours_nt.tobytes()


def test_a_minute_waits_for_its_filter_and_the_lateness() -> None:
    due_at = 120 + FILTER.half + LATENESS  # of the minute two minutes after the start
    assert derived([samples(SECONDS_NT[:due_at])])[0].end_ms == START_MS + 2 * MINUTE_MS
    assert derived([samples(SECONDS_NT[: due_at + 1])])[0].end_ms == START_MS + 3 * MINUTE_MS


def test_more_than_a_tenth_of_the_weights_missing_is_a_gap() -> None:
    few_nt, many_nt = SECONDS_NT.copy(), SECONDS_NT.copy()
    few_nt[599:602] = np.nan
    many_nt[595:606] = np.nan
    _, few = whole(derived([samples(few_nt)]))
    _, many = whole(derived([samples(many_nt)]))
    assert not np.isnan(few[10]).any()
    assert np.isnan(many[10]).all()


def test_a_late_second_changes_nothing() -> None:
    records = cut(SECONDS_NT, [300, 600])
    late = samples(SECONDS_NT[100:110] + 1000, 100)
    _, expected_nt = whole(derived(records))
    _, ours_nt = whole(derived([*records[:2], late, records[2]]))
    assert expected_nt.tobytes() == ours_nt.tobytes()


def test_after_a_day_of_silence_it_starts_afresh() -> None:
    later = Samples("WIC", START_MS + 3 * DAY_MS + 7000, 1000, SECONDS_NT[:600])
    before, after = derived([samples(SECONDS_NT[:600]), later])
    assert before.start_ms == START_MS
    assert after.start_ms == START_MS + 3 * DAY_MS + MINUTE_MS
