from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofield.series.buffer import Buffer, SampleOutcomes
from geofield.series.gaps import fill_gaps, longest_run, run_begins
from geofield.series.samples import Samples
from geofield.series.windows import (
    Windows,
    WindowSpec,
    advance,
    cut,
    cut_out,
    resumable,
    side_by_side,
)
from geofield.utc import DAY_MS
from tests.geofield.builders import SPEC, START_MS, field_nt, samples


def stream(
    records: list[Samples], spec: WindowSpec = SPEC
) -> tuple[list[Windows], list[SampleOutcomes]]:
    """Everything that a sequence of records makes due."""
    buffer: Buffer | None = None
    groups, intakes = [], []
    for record in records:
        buffer, due, intake = advance(buffer, record, spec)
        groups += [cut_out(side_by_side([one], spec), spec) for one in due]
        intakes.append(intake)
    return groups, intakes


def fingerprint(groups: list[Windows]) -> list[tuple[int, bytes, float, bool]]:
    """Windows as bytes: equal means byte-identical."""
    return [
        (int(g.end_ms[i]), g.levelled_nt()[i].tobytes(), g.completeness[i], bool(g.sufficient[i]))
        for g in groups
        for i in range(len(g))
    ]


def test_a_window_and_its_filter_are_measured_in_time() -> None:
    spec = WindowSpec(cadence_ms=500, samples=256, hop=64, taps=129)
    assert (spec.hop_ms, spec.length_ms, spec.margin_ms) == (32_000, 128_000, 32_000)


@st.composite
def gappy(draw: st.DrawFn) -> np.ndarray:
    """A few minutes of field with gaps of every length."""
    values = field_nt(draw(st.integers(60, 240)), draw(st.integers(0, 99)))
    for begin in draw(st.lists(st.integers(0, 239), max_size=6)):
        values[begin : begin + draw(st.integers(1, 12)), draw(st.integers(0, 2))] = np.nan
    return values


@given(gappy(), st.integers(0, 500), st.data())
def test_streaming_in_any_pieces_gives_the_windows_of_the_whole_archive(
    values: np.ndarray, begin: int, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, len(values) - 1), max_size=20)))
    pieces = np.split(values, cuts)
    starts = [0, *cuts]
    records = [samples(piece, begin + at) for piece, at in zip(pieces, starts, strict=True)]
    groups, _ = stream(records)
    whole = fingerprint([cut(samples(values, begin), SPEC)])
    online = fingerprint(groups)
    assert online == whole[: len(online)]
    still_waiting = list(whole[len(online) :])
    newest = START_MS + (begin + len(values) - 1) * 1000
    assert all(end + SPEC.decision_delay_ms > newest for end, *_ in still_waiting)


@given(gappy(), st.randoms(use_true_random=False), st.data())
def test_any_order_and_repetition_inside_the_lateness_gives_the_same_windows(
    values: np.ndarray, random, data: st.DataObject
) -> None:
    keys = {i: i + random.uniform(0, SPEC.lateness) for i in range(len(values))}
    shuffled = sorted(range(len(values)), key=lambda i: keys[i])
    records = []
    for i in shuffled:
        records.append(samples(values[i : i + 1], i))
        if random.random() < 0.2:
            records.append(samples(values[i : i + 1], i))
    # The station's first sample decides where windows begin, and only in-order start fixes it.
    first = samples(values[:1], 0)
    expected, _ = stream([samples(values, 0)])
    groups, _ = stream([first, *records])
    assert fingerprint(groups) == fingerprint(expected)


def test_windows_end_at_multiples_of_the_hop_wherever_the_data_begin() -> None:
    for begin in (0, 3, 17):
        windows = cut(samples(field_nt(120), begin), SPEC)
        assert len(windows)
        assert not (windows.end_ms % (SPEC.hop * 1000)).any()


def test_a_window_waits_for_the_filter_and_the_lateness() -> None:
    #  |half 4|<-- 32 -->|half 4|<- lateness 10 ->|
    spec, values = replace(SPEC, hop=32), field_nt(200)
    first_end = spec.first_end(samples(values).first)
    needed = first_end + spec.half + spec.lateness - samples(values).first + 1
    before, _ = stream([samples(values[: needed - 1])], spec)
    after, _ = stream([samples(values[:needed])], spec)
    assert [len(group) for group in before] == []
    assert [int(end) for group in after for end in group.end_ms] == [first_end * 1000]


def test_a_correction_replaces_a_value_and_a_null_does_not() -> None:
    values = field_nt(120)
    corrected, null = values.copy(), np.full((1, 3), np.nan)
    corrected[60] += 1.0
    rest = samples(values[66:], 66)
    groups, intakes = stream(
        [samples(values[:66]), samples(corrected[60:61], 60), samples(null, 60), rest]
    )
    expected, _ = stream([samples(corrected)])
    assert fingerprint(groups) == fingerprint(expected)
    assert intakes[1] == SampleOutcomes(corrected=1)
    assert intakes[2] == SampleOutcomes(missing=1)


def test_what_comes_too_late_is_counted_and_changes_nothing() -> None:
    values = field_nt(120)
    head, tail = samples(values[:80]), samples(values[80:], 80)
    late = samples(values[60:75] + 5.0, 60)
    groups, intakes = stream([head, late, tail])
    expected, _ = stream([head, samples(values[69:75] + 5.0, 69), tail])
    assert intakes[1] == SampleOutcomes(late=9, corrected=6)
    assert fingerprint(groups) == fingerprint(expected)


@given(gappy(), st.lists(st.tuples(st.integers(-300, 300), st.integers(1, 40)), max_size=12))
def test_every_sample_is_accounted_for(values: np.ndarray, pieces: list[tuple[int, int]]) -> None:
    records = [samples(values[:length], begin) for begin, length in pieces]
    _, intakes = stream(records)
    for record, intake in zip(records, intakes, strict=True):
        counts = (intake.accepted, intake.missing, intake.duplicate, intake.corrected, intake.late)
        assert sum(counts) == len(record)


def test_short_gaps_are_bridged_linearly_and_held_at_the_edge() -> None:
    ramp = np.tile(np.arange(40.0)[:, None], 3)[None]
    gappy_nt, expected = ramp.copy(), ramp.copy()
    gappy_nt[0, 4:6] = gappy_nt[0, :2, 1] = np.nan
    expected[0, :2, 1] = 2.0
    filled_nt, completeness, sufficient = fill_gaps(gappy_nt, max_gap=2)
    np.testing.assert_allclose(filled_nt, expected)
    assert sufficient.tolist() == [True]
    assert completeness.tolist() == [0.9]


def test_many_short_gaps_are_not_taken_for_a_calm_field() -> None:
    sparse_nt = field_nt(40)[None].copy()
    sparse_nt[0, ::6] = np.nan
    _, completeness, sufficient = fill_gaps(sparse_nt, max_gap=2)
    assert completeness[0] < 0.9
    assert not sufficient[0]


def test_long_gaps_make_no_score() -> None:
    values = field_nt(120)
    short, long = values.copy(), values.copy()
    short[50:52] = np.nan
    long[50:53] = np.nan
    bridged, broken = cut(samples(short), SPEC), cut(samples(long), SPEC)
    assert bridged.sufficient.all()
    touched = (broken.completeness < 1 - 2.5 / SPEC.span).nonzero()[0]
    assert len(touched)
    assert not broken.sufficient[touched].any()
    assert np.delete(broken.sufficient, touched).all()


def test_a_silence_within_a_day_is_told_window_by_window() -> None:
    hour = 3600
    groups, _ = stream([samples(field_nt(200)), samples(field_nt(200), hour)])
    ends = [int(end) for group in groups for end in group.end_ms]
    assert np.all(np.diff(ends) == SPEC.hop * 1000)
    assert sum(not ok for group in groups for ok in group.sufficient) > 400


def test_after_days_of_silence_the_station_starts_afresh_and_loses_no_window() -> None:
    values, later = field_nt(200), 3 * DAY_MS // 1000
    groups, _ = stream([samples(values), samples(values, later)])
    old = [g for g in groups if int(g.end_ms[0]) < START_MS + DAY_MS]
    assert {int(e) for g in old for e in g.end_ms[g.sufficient]} == {
        int(e) for e in cut(samples(values), SPEC).end_ms
    }
    assert sum(len(group) for group in groups) < 80


def test_the_level_is_removed_before_precision_is_lost() -> None:
    values = field_nt(120)
    small = values - values.mean(axis=0)
    levelled = cut(samples(values), SPEC).levelled_nt()
    expected = cut(samples(small), SPEC).levelled_nt()
    np.testing.assert_allclose(levelled, expected, atol=1e-7)


def test_another_cadence_is_refused() -> None:
    minute = Samples("WIC", START_MS, 60_000, field_nt(10))
    with pytest.raises(ValueError, match="60000 ms is not the model's 1000 ms"):
        advance(None, minute, SPEC)


@pytest.mark.parametrize(
    "change",
    [{"hop": 0}, {"hop": 33}, {"taps": 8}, {"lateness": -1}, {"max_gap": -1}, {"max_gap": 4}],
)
def test_a_window_that_cannot_be_is_refused(change: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="WindowSpec"):
        replace(SPEC, **change)


@given(st.lists(st.lists(st.booleans(), min_size=40, max_size=40), max_size=5), st.integers(1, 45))
def test_a_run_is_there_when_the_longest_is_long_enough(
    rows: list[list[bool]], length: int
) -> None:
    flags = np.array(rows, dtype=bool).reshape(-1, 40)
    assert (run_begins(flags, length).any(axis=1) == (longest_run(flags) >= length)).all()


def test_a_buffer_that_asks_for_samples_it_has_not_goes_on_with_those_it_has() -> None:
    values_nt = field_nt(4 * SPEC.span)
    buffer, _, _ = advance(None, samples(values_nt), SPEC)
    assert buffer.next_end is not None
    forged = replace(buffer, next_end=buffer.next_end - 50 * SPEC.hop)
    later = samples(values_nt, 4 * SPEC.span)
    expected, due, _ = advance(buffer, later, SPEC)
    found, due_of_forged, _ = advance(resumable(forged, SPEC), later, SPEC)
    assert resumable(buffer, SPEC) is buffer
    assert (found.first, found.next_end) == (expected.first, expected.next_end)
    assert [one.ends.tolist() for one in due_of_forged] == [one.ends.tolist() for one in due]
    assert len(cut_out(side_by_side(due_of_forged, SPEC), SPEC)) == len(due[0])
