import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geofield.alerts.alert import AlertRules
from geofield.indices import IndexHistory
from geofield.scoring.score import Errors, Quality
from geofield.series.samples import Samples
from geofield.step import Outcome, Rules, StationState, step
from geofield.types import Float32
from tests.geofield.builders import SPEC, field_nt, rules, samples, spread

QUIET = IndexHistory()


def run(batches: list[list[Samples]], setup: Rules) -> tuple[dict[str, StationState], Outcome]:
    states: dict[str, StationState] = {}
    total = Outcome([], [], [])
    for batch in batches:
        states, outcome = step(states, batch, spread, setup, QUIET)
        total.intake.extend(outcome.intake)
        total.scores.extend(outcome.scores)
        total.alerts.extend(outcome.alerts)
    return states, total


def disturbed(length: int, seed: int) -> np.ndarray:
    values = field_nt(length, seed)
    values[length // 2 : length // 2 + 60, 0] += np.random.default_rng(seed).normal(0, 2.0, 60)
    return values


@given(st.lists(st.integers(1, 59), max_size=8, unique=True), st.integers(1, 5))
@settings(max_examples=100)
def test_batching_changes_nothing(cuts: list[int], records_per_batch: int) -> None:
    setup = rules("AAA", "BBB", alert=AlertRules(k=2, n=3, clear=2))
    cuts = sorted(cuts)
    records = []
    for begin, end in zip([0, *cuts], [*cuts, 60], strict=True):
        for station, seed in (("AAA", 1), ("BBB", 2)):
            values = disturbed(300, seed)[begin * 5 : end * 5]
            records.append(samples(values, begin * 5, station))
    one_by_one = run([[record] for record in records], setup)[1]
    batches = [
        records[i : i + records_per_batch] for i in range(0, len(records), records_per_batch)
    ]
    batched = run(batches, setup)[1]

    def key(score):  # type: ignore[no-untyped-def]
        return score.station, score.end_ms

    assert sorted(one_by_one.scores, key=key) == sorted(batched.scores, key=key)
    assert len(batched.alerts) >= 2
    assert {(a.id, a.version): a for a in one_by_one.alerts} == {
        (a.id, a.version): a for a in batched.alerts
    }


def test_a_step_changes_nothing_in_place_and_a_failure_leaves_all_as_it_was() -> None:
    setup = rules("WIC")
    states, _ = run([[samples(field_nt(60))]], setup)
    held = states["WIC"].buffer
    assert held is not None
    before = held.field_nt.copy()

    def broken(field: Float32, scale_nt: Float32) -> Errors:
        raise RuntimeError("no inference today")

    with pytest.raises(RuntimeError, match="no inference"):
        step(states, [samples(field_nt(60) + 1, 55)], broken, setup, QUIET)
    assert states["WIC"].buffer is held
    np.testing.assert_array_equal(held.field_nt, before)


def test_a_station_without_a_profile_is_calibrating_and_cannot_alert() -> None:
    _, outcome = run([[samples(disturbed(400, 1), station="NEW")]], rules("WIC"))
    assert {score.quality for score in outcome.scores} == {Quality.CALIBRATING}
    assert all(score.score is None for score in outcome.scores)
    assert outcome.alerts == []


def test_a_constant_run_of_fill_values_is_insufficient_and_never_scored() -> None:
    values = field_nt(300)
    values[100:200] = np.nan
    seen: list[float] = []

    def watching(field: Float32, scale_nt: Float32) -> Errors:
        seen.append(float(np.abs(field).max()))
        return spread(field, scale_nt)

    _, outcome = step({}, [samples(values)], watching, rules("WIC"), QUIET)
    poor = [score for score in outcome.scores if score.quality is Quality.INSUFFICIENT]
    assert len(poor) > 10
    assert all(score.score is None and score.completeness < 1 for score in poor)
    assert max(seen) < 1.0


def test_every_window_is_told_with_its_times() -> None:
    _, outcome = run([[samples(field_nt(300))]], rules("WIC"))
    for score in outcome.scores:
        assert score.end_ms - score.start_ms == SPEC.samples * 1000
        assert score.decided_ms - score.end_ms == SPEC.decision_delay_ms
        assert score.quality is Quality.OK
