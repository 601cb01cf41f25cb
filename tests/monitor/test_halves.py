"""A batch that is taken in while the one before is being scored comes to the same."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from geofield.indices import IndexHistory
from geofield.scoring.score import Errors
from geofield.types import Float32
from geofield.window_scores import PendingInference, Start, at_once
from monitor.records.sample_decoder import RawRecord, Reason
from monitor.worker.checkpoint import StationCheckpoint
from monitor.worker.scorer import Scored, Scorer
from monitor.worker.segments import Batch
from tests.geofield.builders import spread
from tests.monitor.worker.test_segments import ACCEPTS, SETUP, record, records, summary

SCORER = Scorer(SETUP, ACCEPTS, spread)


def fragile(field_nt: Float32, scale_nt: Float32) -> Errors:
    """A model that the burst in the test's field is too much for."""
    if abs(field_nt).max() > 8.0:
        raise RuntimeError("too loud for me")
    return spread(field_nt, scale_nt)


def when_awaited(work: PendingInference) -> PendingInference:
    """Looks at windows in the second half; `at_once` does in the first."""
    return work


FRAGILE = replace(SCORER, reconstruct=fragile, start=when_awaited)


def in_turn(scorer: Scorer, batches: Sequence[Batch]) -> Iterator[Scored]:
    checkpoints: dict[str, StationCheckpoint] = {}
    for batch in batches:
        scored = scorer.score(batch, checkpoints, IndexHistory())
        checkpoints |= scored.checkpoints
        yield scored


def overlapping(scorer: Scorer, batches: Sequence[Batch]) -> Iterator[Scored]:
    """Each begins before the one before it is finished."""
    checkpoints: dict[str, StationCheckpoint] = {}
    before = None
    for batch in batches:
        begun = scorer.take_in(
            batch, {**checkpoints, **before.checkpoints} if before else checkpoints
        )
        if before:
            scored = scorer.finish(before, checkpoints, IndexHistory())
            checkpoints = {**checkpoints, **scored.checkpoints}
            yield scored
        before = begun
    if before:
        yield scorer.finish(before, checkpoints, IndexHistory())


def parted(scorer: Scorer, made: list[RawRecord], size: int) -> list[Batch]:
    return [scorer.read(made[begin : begin + size]) for begin in range(0, len(made), size)]


# Long enough for windows, most of them in order, through the burst
stretches = st.lists(
    st.tuples(
        st.sampled_from(["WIC"] * 8 + ["NEW"]),
        st.sampled_from([0] * 8 + [-12, 3]),
        st.integers(10, 25),
        st.sampled_from(["none"] * 12 + ["gap", "too strong"]),
    ),
    min_size=20,
    max_size=40,
)


@given(stretches, st.integers(1, 12))
def test_it_comes_to_the_same(drawn: list[tuple[str, int, int, str]], size: int) -> None:
    batches = parted(SCORER, records(drawn), size)
    assert summary(list(overlapping(SCORER, batches))) == summary(list(in_turn(SCORER, batches)))


@given(stretches, st.integers(1, 12))
@settings(max_examples=50, deadline=None)
def test_also_where_the_model_fails(drawn: list[tuple[str, int, int, str]], size: int) -> None:
    """What was begun with the samples of a refused record begins again without them."""
    batches = parted(FRAGILE, records(drawn), size)
    with capture_logs():
        found = list(overlapping(FRAGILE, batches))
        assert summary(found) == summary(list(in_turn(FRAGILE, batches)))


@pytest.mark.parametrize(
    ("start", "event"), [(at_once, "a batch was not taken in"), (when_awaited, "a batch failed")]
)
def test_only_the_records_at_fault_are_refused_where_the_model_fails(
    start: Start, event: str
) -> None:
    scorer = replace(FRAGILE, start=start)
    made = [record(n, "WIC", 10 * n, 10, "none") for n in range(40)]
    with capture_logs() as logs:
        found = list(overlapping(scorer, parted(scorer, made, 6)))
    refused = [(bad.offset, why.reason) for one in found for bad, why in one.refused]
    assert {reason for _, reason in refused} == {Reason.INTERNAL}
    assert 0 < len(refused) < 20
    assert sum(len(one.records) for batch in found for one in batch.taken) == 40 - len(refused)
    assert sum(len(batch.scores) for batch in found) > 20
    assert {event, "a record failed"} == {one["event"] for one in logs}
