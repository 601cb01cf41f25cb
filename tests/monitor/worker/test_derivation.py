"""Minutes derived from seconds in a model's scorer: whose samples count, what a state keeps."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from archive.recording import Recording
from geofield.indices import IndexHistory
from geofield.scoring.score import Errors
from geofield.types import Float32
from geofield.utc import DAY_MS, MINUTE_MS
from monitor.records.sample_decoder import Accepts, RawRecord, Reason
from monitor.records.sample_encoder import encode_samples
from monitor.worker import checkpoint
from monitor.worker.checkpoint import StationCheckpoint
from monitor.worker.scorer import Scored, Scorer
from monitor.worker.segments import read_batch
from tests.geofield.builders import SPEC, START_MS, field_nt, rules, spread

SETUP = replace(rules("WIC"), window=replace(SPEC, cadence_ms=MINUTE_MS, lateness=1))
ALONE = Accepts(MINUTE_MS, 300_000, {"WIC": 0.0}, 100, (1000,), 60_000, shares=False)
SCORER = Scorer(SETUP, ALONE, spread)
HOUR_S = 3600


def record(cadence_ms: int, begin_ms: int, count: int, offset: int, **of_it: float) -> RawRecord:
    """Samples from some time after the start, as a record of the topic at an offset."""
    values_nt = field_nt(count, seed=offset) + of_it.get("level_nt", 0.0)
    start_ms = START_MS + begin_ms + round(of_it.get("stamped_ms", 0))
    elements = dict(zip("HEZ", values_nt.T, strict=True))
    value = encode_samples(Recording("WIC", start_ms, cadence_ms, elements))
    return RawRecord("t", 0, offset, -1, b"WIC", value)


def seconds(number: int, hour: int, begin_ms: int = 0, **of_it: float) -> RawRecord:
    return record(1000, begin_ms + hour * HOUR_S * 1000, HOUR_S, number, **of_it)


def minutes(number: int, hour: int, begin_ms: int = 0, **of_it: float) -> RawRecord:
    return record(MINUTE_MS, begin_ms + hour * HOUR_S * 1000, 60, number, **of_it)


def taken(
    records: Sequence[RawRecord], scorer: Scorer = SCORER
) -> tuple[StationCheckpoint, list[Scored]]:
    """The state after records that come one by one, and the results of each."""
    checkpoints: dict[str, StationCheckpoint] = {}
    results = []
    for one in records:
        scored = scorer.score(read_batch([one], scorer.accepts), checkpoints, IndexHistory())
        checkpoints |= scored.checkpoints
        results.append(scored)
    return checkpoints["WIC"], results


def newest_minute_ms(state: StationCheckpoint) -> int:
    """End of the newest minute, from the start on."""
    assert state.state.buffer is not None
    return state.state.buffer.after * MINUTE_MS - START_MS


def test_minutes_of_a_station_of_seconds_are_derived() -> None:
    state, results = taken([seconds(0, 0), seconds(1, 1), seconds(2, 2)])
    assert state.faster is not None
    assert newest_minute_ms(state) == 3 * HOUR_S * 1000 - 2 * MINUTE_MS + MINUTE_MS
    assert sum(len(scored.scores) for scored in results) > 10


def test_a_stations_own_minutes_count_from_the_first_on() -> None:
    own = [minutes(2, 2), minutes(3, 3)]  # the first waits for the second
    state, _ = taken([seconds(0, 0), seconds(1, 1), *own, seconds(4, 2), seconds(5, 3)])
    assert state.faster is None
    assert newest_minute_ms(state) == 4 * HOUR_S * 1000
    assert state.state.buffer is not None
    sent = np.concatenate([field_nt(60, seed=2), field_nt(60, seed=3)])
    np.testing.assert_allclose(state.state.buffer.field_nt[-30:], sent[-30:])


def test_after_a_day_without_minutes_they_are_derived_again() -> None:
    own = [minutes(0, 0), minutes(1, 1)]
    soon, _ = taken([*own, seconds(2, 24), seconds(3, 25)])
    assert soon.faster is None
    late, _ = taken([*own, seconds(2, 27), seconds(3, 28)])
    assert late.faster is not None
    assert newest_minute_ms(late) > DAY_MS


def test_its_own_minutes_may_be_stamped_otherwise_than_derived_ones() -> None:
    own = [minutes(1, 1, stamped_ms=20_000), minutes(2, 2, stamped_ms=20_000)]
    state, results = taken([seconds(0, 0), *own])
    assert [scored.refused for scored in results] == [[], [], []]
    assert state.offset_ms == 20_000


@pytest.mark.parametrize(("shares", "refusals"), [(True, 0), (False, 1)])
def test_what_is_wrong_with_seconds_is_refused_once(*, shares: bool, refusals: int) -> None:
    scorer = Scorer(SETUP, replace(ALONE, shares=shares), spread)
    elements = dict(zip("HZ", field_nt(HOUR_S).T[:2], strict=True))
    value = encode_samples(Recording("WIC", START_MS, 1000, elements))
    no_vector = RawRecord("t", 0, 1, -1, b"WIC", value)
    _, results = taken([seconds(0, 0), no_vector, seconds(2, 1)], scorer)
    refused = [why.reason for scored in results for _, why in scored.refused]
    assert refused == [Reason.ORIENTATION] * refusals
    counted = [len(one.records) for scored in results for one in scored.taken if not one.shared]
    assert counted == ([] if shares else [1, 1])


def test_a_record_that_the_model_fails_at_is_refused_alone() -> None:
    def fragile(field: Float32, scale_nt: Float32) -> Errors:
        if np.abs(field).max() > 20:
            raise RuntimeError("too loud for me")
        return spread(field, scale_nt)

    records = [seconds(0, 0), seconds(1, 1, level_nt=100.0), seconds(2, 2, level_nt=100.0)]
    patient = replace(ALONE, future_tolerance_ms=2 * HOUR_S * 1000)
    scorer = Scorer(SETUP, patient, fragile)
    one_batch = scorer.score(read_batch(records, patient), {}, IndexHistory())
    _, one_by_one = taken(records, scorer)
    refused = [record.offset for record, _ in one_batch.refused]
    assert refused == [record.offset for scored in one_by_one for record, _ in scored.refused]
    assert refused == [1]
    assert one_batch.scores == [score for scored in one_by_one for score in scored.scores]


def test_a_state_keeps_the_seconds_that_are_needed_and_no_more() -> None:
    state, _ = taken([seconds(0, 0), seconds(1, 1)])
    assert state.faster is not None
    assert state.faster.buffer is not None
    assert len(state.faster.buffer.field_nt) <= 91 + 60 + 60
    value = checkpoint.encode("WIC", state, "x")
    decoded = checkpoint.decode(value, ["x"])
    assert decoded is not None
    assert checkpoint.encode("WIC", decoded[1], "x") == value


def test_a_state_without_derived_minutes_is_as_it_ever_was() -> None:
    state, _ = taken([minutes(0, 0), minutes(1, 1)])
    assert b"faster" not in zlib.decompress(checkpoint.encode("WIC", state, "x"))


def test_a_stray_record_of_seconds_leaves_a_station_of_minutes_alone() -> None:
    own = [minutes(number, number) for number in range(3)]
    state, _ = taken([*own, seconds(3, 500), seconds(4, 3), seconds(5, 4), minutes(6, 3)])
    assert newest_minute_ms(state) == 4 * HOUR_S * 1000
    assert state.faster is None
