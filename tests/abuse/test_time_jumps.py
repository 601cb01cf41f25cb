"""A record of another time changes nothing for the others, however they come in batches."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from archive.recording import Recording
from geofield.indices import IndexHistory
from monitor.records.sample_decoder import RawRecord, Reason
from monitor.records.sample_encoder import encode_samples
from monitor.worker import checkpoint
from monitor.worker.checkpoint import StationCheckpoint
from monitor.worker.scorer import Scored, Scorer
from monitor.worker.state_store import consider
from monitor.worker.time_jumps import MOST_BYTES, MOST_OTHERS
from tests.geofield.builders import START_MS, field_nt, spread
from tests.monitor.worker.test_segments import ACCEPTS, SETUP, summary

FIELD_NT = field_nt(2000, 5)
TOLERANCE_S = ACCEPTS.future_tolerance_ms // 1000
SCORER = Scorer(SETUP, ACCEPTS, spread)


def record(begin_s: int, length: int = 20, station: str = "WIC", offset_ms: int = 0) -> RawRecord:
    """Samples of a record that begins then; the sender gives it no time."""
    values = FIELD_NT[begin_s % 1000 :][:length]
    elements = {name: values[:, column].copy() for column, name in enumerate("HEZ")}
    at_ms = START_MS + begin_s * 1000 + offset_ms
    value = encode_samples(Recording(station, at_ms, 1000, elements))
    return RawRecord("t", 0, 0, -1, station.encode(), value)


def numbered(records: list[RawRecord]) -> list[RawRecord]:
    return [structs.replace(one, offset=offset) for offset, one in enumerate(records)]


def scored(records: list[RawRecord], cuts: list[int]) -> list[Scored]:
    """The batches between some cuts, each from the checkpoints after the one before."""
    checkpoints: dict[str, StationCheckpoint] = {}
    batches = []
    for begin, end in zip([0, *cuts], [*cuts, len(records)], strict=True):
        batch = SCORER.score(SCORER.read(records[begin:end]), checkpoints, IndexHistory())
        batches.append(batch)
        for name, after in batch.checkpoints.items():
            decoded = checkpoint.decode(checkpoint.encode(name, after, "same"), {"same"})
            assert decoded is not None
            checkpoints[name] = decoded[1]
    return batches


def published(batches: list[Scored]) -> list[object]:
    return [replace(score, decided_ms=0) for batch in batches for score in batch.scores]


def future(batches: list[Scored]) -> list[RawRecord]:
    refused = [one for batch in batches for one in batch.refused]
    assert all(why.reason is Reason.FUTURE for _, why in refused)
    return [one for one, _ in refused]


GOOD = [record(20 * number) for number in range(30)]
cuts = st.lists(st.integers(1, 40), max_size=6).map(lambda some: sorted(set(some)))
strays = st.lists(
    st.tuples(st.integers(0, len(GOOD)), st.integers(1, 10**6)),
    max_size=5,
    unique_by=lambda one: one[1],
)


@given(strays, cuts)
def test_strays_are_refused_and_the_rest_is_as_without_them(
    drawn: list[tuple[int, int]], cut_at: list[int]
) -> None:
    """Each is far from the station's samples and from every other."""
    mixed, bad = list(GOOD), []
    for place, far in sorted(drawn, reverse=True):
        stray = record(1000 + far * 2 * TOLERANCE_S)
        mixed.insert(place, stray)
        bad.append(stray.value)
    after = [record(20 * number) for number in range(30, 30 + MOST_OTHERS)]
    made = numbered([*mixed, *after])
    batches = scored(made, [cut for cut in cut_at if cut < len(made)])
    assert published(batches) == published(scored(numbered([*GOOD, *after]), []))
    assert sorted(one.value or b"" for one in future(batches)) == sorted(bad)


jumps = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 0, 0, -400, -30, 30, 61, 290, 310, 1000, 100_000]),
        st.integers(5, 40),
        st.sampled_from([0, 0, 3, -40, 480, 500, 520, 750]),
    ),
    min_size=1,
    max_size=40,
)


@given(jumps, cuts)
def test_batches_do_not_matter(drawn: list[tuple[int, int, int]], cut_at: list[int]) -> None:
    made, after_s = [], 0
    for jump_s, length, offset_ms in drawn:
        begin_s = max(after_s + jump_s, 0)
        made.append(record(begin_s, length, offset_ms=offset_ms))
        after_s = begin_s + length
    made = numbered(made)
    at_once = SCORER.score(SCORER.read(made), {}, IndexHistory())
    parted = scored(made, [cut for cut in cut_at if cut < len(made)])
    assert summary([at_once]) == summary(parted)
    assert at_once.waiting == sum(batch.waiting for batch in parted)
    taken = sum(len(one.records) for one in at_once.taken)
    assert taken + len(at_once.refused) + at_once.repeated + at_once.waiting == len(made)


def test_a_station_that_was_away_goes_on_with_its_second_record() -> None:
    away_s = 86_000
    made = numbered([*GOOD[:10], record(away_s), record(away_s + 20)])
    one, two = scored(made, [11])
    assert one.waiting == 1
    assert (two.waiting, sum(len(run.records) for run in two.taken)) == (-1, 2)
    assert two.checkpoints["WIC"].state.buffer is not None
    assert two.checkpoints["WIC"].offset == 11
    assert future([one, two]) == []


def test_a_backlog_sent_beside_live_records_keeps_both() -> None:
    """The first live record waits, the second bears it out; the backlog is late from then on."""
    live_s = 5000
    made = numbered([*GOOD[:5], record(live_s), GOOD[5], GOOD[6], record(live_s + 20), GOOD[7]])
    batches = scored(made, [])
    assert future(batches) == []
    assert sum(one.intake.late for one in batches[0].taken) == 20


def test_what_the_backlog_reaches_is_taken_in() -> None:
    made = numbered([*GOOD[:5], record(100 + TOLERANCE_S + 1), *GOOD[5:10]])
    (batch,) = scored(made, [])
    assert (future([batch]), batch.waiting) == ([], 0)


def test_one_sent_twice_does_not_bear_itself_out() -> None:
    stray = record(10_000)
    made = numbered([*GOOD[:5], stray, stray, *GOOD[5:]])
    batches = scored(made, [])
    assert [one.offset for one in future(batches)] == [5]
    assert batches[0].repeated == 1
    assert published(batches) == published(scored(numbered(GOOD), []))


def test_one_on_another_partition_neither_waits_nor_moves_the_station() -> None:
    """A station's checkpoint is kept where its records are read."""
    made = numbered([*GOOD[:5], record(10_000), *GOOD[5:]])
    made[5] = structs.replace(made[5], partition=1, offset=700)
    for cut_at, places in (([6], [(0, 4), (0, 30)]), ([5, 6], [(0, 4), (0, 4), (0, 30)])):
        batches = scored(made, cut_at)
        assert future(batches) == [made[5]]
        assert [one.waiting for one in batches] == [0] * len(batches)
        after = [one.checkpoints["WIC"] for one in batches]
        assert [(one.partition, one.offset) for one in after] == places
        assert published(batches) == published(scored(numbered(GOOD), []))


def test_a_station_that_was_away_may_come_back_on_another_partition() -> None:
    """Its first record there is refused; the second shows that it is no stray."""
    away = [record(86_000 + 20 * number) for number in range(3)]
    moved = [structs.replace(one, partition=1, offset=700 + n) for n, one in enumerate(away)]
    singly = [*numbered(GOOD[:5]), *moved]
    batches = scored(singly, [6, 7])
    assert future(batches) == [moved[0]]
    assert sum(len(one.records) for batch in batches for one in batch.taken) == 5 + 2
    after = batches[-1].checkpoints["WIC"]
    assert (after.partition, after.offset, after.waiting) == (1, 702, ())


def test_what_is_too_large_to_wait_bears_the_next_one_out() -> None:
    """Thousands of stations with a record of megabytes each would fill the memory."""
    large = [
        structs.replace(one, content_type="application/json;" + " " * MOST_BYTES) for one in GOOD
    ]
    (batch,) = scored(numbered([*large[:1], record(50_000), *large[1:2]]), [])
    assert [one.offset for one in future([batch])] == [0]
    assert (batch.waiting, sum(len(one.records) for one in batch.taken)) == (1, 1)
    (waiting,) = batch.checkpoints["WIC"].waiting
    assert waiting.record.offset == 1


def test_a_state_with_samples_counts_more_than_one_that_waits_elsewhere() -> None:
    """The first record of a station may have come on a partition that is not its own."""
    (waits,) = scored([structs.replace(record(10_000), partition=1, offset=700)], [])
    (goes_on,) = scored(numbered(GOOD), [])
    found = [one.checkpoints["WIC"] for one in (waits, goes_on)]
    for order in (found, found[::-1]):
        taken: dict[str, StationCheckpoint] = {}
        for one in order:
            consider("WIC", one, {0: 1000, 1: 1000}, taken)
        assert taken == {"WIC": found[1]}


def test_a_record_that_the_broker_dated_need_not_wait() -> None:
    dated = [structs.replace(record(s), by_broker=True) for s in (0, 20, 50_000)]
    (batch,) = scored(numbered(dated), [])
    assert sum(len(one.records) for one in batch.taken) == 3
