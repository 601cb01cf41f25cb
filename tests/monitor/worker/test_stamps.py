"""Records stamped beside the multiples of their cadence are complete, at one offset a station."""

import zlib
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from msgspec import structs

from archive.recording import Recording
from geofield.indices import IndexHistory
from geofield.series.stamps import are_alike, nearest_ms, offset_of
from monitor.records.sample_decoder import Accepts, RawRecord, Reason, Rejected, decode, read
from monitor.records.sample_encoder import encode_samples
from monitor.worker import checkpoint
from monitor.worker.time_jumps import RESTAMPED
from tests.abuse.test_time_jumps import SCORER, numbered, published, record, scored
from tests.geofield.builders import START_MS
from tests.monitor.broken import changed

COUNT = 40


def stream(offsets_ms: list[int]) -> list[RawRecord]:
    """Records of 20 s that follow each other, stamped at these offsets."""
    return [record(20 * n, offset_ms=offset) for n, offset in enumerate(offsets_ms)]


ON_GRID = stream([0] * COUNT)


@pytest.mark.parametrize(
    "offsets_ms",
    [
        [500] * COUNT,
        [-499] * COUNT,
        [250] * COUNT,
        [500 - 37 * (-1) ** n for n in range(COUNT)],  # to both sides of the half
        [3 * (-1) ** n for n in range(COUNT)],
        [500, 500, *[430 + 4 * n for n in range(COUNT - 2)]],  # drifts within the tenth
    ],
)
def test_what_is_stamped_anywhere_in_the_second_is_scored_as_on_the_grid(
    offsets_ms: list[int],
) -> None:
    (batch,) = scored(numbered(stream(offsets_ms)), [])
    assert batch.refused == []
    assert published([batch]) == published(scored(numbered(ON_GRID), []))
    assert len(batch.scores) > 5
    assert sum(one.intake.accepted for one in batch.taken) == 20 * COUNT
    assert batch.checkpoints["WIC"].offset_ms == offsets_ms[0]


def test_minutes_stamped_at_their_half_are_whole_minutes() -> None:
    accepts = Accepts(60_000, 0, {}, 0)
    value = changed(cadence="PT1M", startDate="2024-05-09T00:00:30Z")
    report = read(RawRecord("t", 0, 0, -1, b"WIC", value), accepts)
    assert not isinstance(report, Rejected)
    assert (report.start_ms, report.offset_ms) == (START_MS, 30_000)


def test_the_future_is_judged_by_the_stamps() -> None:
    """A record stamped at .700 s counts a moment later than it was measured."""
    accepts = Accepts(1000, 0, {}, 0)
    value = changed(startDate="2024-05-09T00:00:00.700Z")  # two samples
    newest_ms = START_MS + 1700
    sent_then, too_early = (RawRecord("t", 0, 0, newest_ms - n, b"WIC", value) for n in (0, 1))
    assert not isinstance(decode(sent_then, accepts), Rejected)
    refused = decode(too_early, accepts)
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.FUTURE


@pytest.mark.parametrize("cut_at", [[], [11], [5, 11, 12, 20], list(range(1, 41))])
def test_a_second_sender_at_another_offset_is_refused(cut_at: list[int]) -> None:
    mixed = list(ON_GRID)
    for place in (30, 10):
        mixed.insert(place, record(20 * place, offset_ms=500))
    batches = scored(numbered(mixed), cut_at)
    refused = [one for batch in batches for one in batch.refused]
    assert [(bad.offset, why.reason) for bad, why in refused] == [
        (10, Reason.OFF_GRID), (31, Reason.OFF_GRID),
    ]  # fmt: skip
    assert "500 ms after the multiples of the cadence, the station's before 0 ms" in (
        refused[0][1].detail
    )
    assert published(batches) == published(scored(numbered(ON_GRID), []))


@pytest.mark.parametrize("cut_at", [[], [6, 8, 9]])
def test_another_offset_counts_after_a_minute_without_samples(cut_at: list[int]) -> None:
    """Without a break the first minute is refused, so there is one."""
    changes = [0] * 5 + [500] * 20
    batches = scored(numbered(stream(changes)), cut_at)
    refused = [bad.offset for batch in batches for bad, _ in batch.refused]
    assert refused == [5, 6, 7]  # 60 s from 100 s on
    assert RESTAMPED == 60
    assert batches[-1].checkpoints["WIC"].offset_ms == 500
    after_break = [*stream([0] * 5), *(record(160 + 20 * n, offset_ms=500) for n in range(5))]
    (batch,) = scored(numbered(after_break), [])
    assert batch.refused == []
    assert batch.checkpoints["WIC"].offset_ms == 500


def test_a_far_record_at_another_offset_confirms_none() -> None:
    made = numbered([*ON_GRID[:5], record(5000), record(5020, offset_ms=500)])
    (batch,) = scored(made, [])
    assert (batch.waiting, batch.refused) == (2, [])
    made = numbered([*ON_GRID[:5], record(5000, offset_ms=500), record(5020, offset_ms=490)])
    (batch,) = scored(made, [])
    assert (batch.waiting, batch.refused) == (0, [])
    assert batch.checkpoints["WIC"].offset_ms == 500


def test_the_offset_is_kept_and_older_checkpoints_are_read() -> None:
    (batch,) = scored(numbered(stream([500] * 3)), [])
    value = checkpoint.encode("WIC", batch.checkpoints["WIC"], "print")
    found = checkpoint.decode(value, {"print"})
    assert found is not None
    assert found[1].offset_ms == 500
    plain = msgspec.msgpack.decode(zlib.decompress(value))
    del plain["offset_ms"]
    older = checkpoint.decode(zlib.compress(msgspec.msgpack.encode(plain)), {"print"})
    assert older is not None
    assert older[1] == replace(found[1], offset_ms=0, state=older[1].state)


def test_waiting_records_of_older_checkpoints_are_read() -> None:
    (batch,) = scored(numbered([*ON_GRID[:5], record(5000)]), [])
    plain = msgspec.msgpack.decode(
        zlib.decompress(checkpoint.encode("WIC", batch.checkpoints["WIC"], "print"))
    )
    (waits,) = plain["waiting"]
    del waits["offset_ms"], plain["offset_ms"]
    older = checkpoint.decode(zlib.compress(msgspec.msgpack.encode(plain)), {"print"})
    assert older is not None
    following = structs.replace(record(5020), offset=6)
    after = SCORER.score(SCORER.read([following]), {"WIC": older[1]}, IndexHistory())
    assert (after.waiting, sum(len(one.records) for one in after.taken)) == (-1, 2)


def test_a_recording_is_sent_with_the_stamps_of_its_file() -> None:
    elements = {name: np.ones(3) for name in "HEZ"}
    sent = encode_samples(Recording("WIC", START_MS, 1000, elements, offset_ms=500))
    assert msgspec.json.decode(sent)["startDate"] == "2024-05-09T00:00:00.500Z"
    report = read(RawRecord("t", 0, 0, -1, b"WIC", sent), Accepts(1000, 0, {}, 0))
    assert not isinstance(report, Rejected)
    assert (report.start_ms, report.offset_ms) == (START_MS, 500)


@pytest.mark.parametrize(
    ("at_ms", "offset_ms"), [(0, 0), (499, 499), (500, 500), (501, -499), (-500, 500), (-1, -1)]
)
def test_half_an_interval_counts_as_the_one_before(at_ms: int, offset_ms: int) -> None:
    assert offset_of(at_ms, 1000) == offset_ms
    assert nearest_ms(at_ms, 1000) == at_ms - offset_ms


@pytest.mark.parametrize(
    ("one_ms", "other_ms", "alike"),
    [(0, 100, True), (0, 101, False), (-460, 460, True), (500, -401, True), (500, -399, False)],
)
def test_offsets_within_a_tenth_are_one(one_ms: int, other_ms: int, alike: bool) -> None:
    assert are_alike(one_ms, other_ms, 1000) is alike
