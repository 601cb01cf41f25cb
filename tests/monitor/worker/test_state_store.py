"""What a worker makes of the checkpoints that it reads."""

from dataclasses import replace

import numpy as np
import pytest
from aiokafka import ConsumerRecord
from prometheus_client import CollectorRegistry

from geofield.calibration.living.life import Life, begun
from geofield.calibration.living.rules import LivingRules, LivingSetting
from geofield.calibration.online.segments import CandidateSegment
from geofield.indices import IndexHistory
from geofield.step import StationState, step
from geofield.types import Float16
from monitor.metrics.metrics import Metrics
from monitor.records.sample_decoder import Accepts
from monitor.settings import Settings
from monitor.worker import checkpoint
from monitor.worker.checkpoint import StationCheckpoint
from monitor.worker.recorder import Observer
from monitor.worker.scorer import Scorer
from monitor.worker.state_store import States
from tests.geofield.builders import SPEC, START_MS, field_nt, rules, samples, spread

RULES = rules("WIC")
SCORER = Scorer(RULES, Accepts(1000, 300_000, {"WIC": 0.0}, most_unprofiled=0), spread)
VALUES_NT = field_nt(8 * SPEC.span)


@pytest.mark.parametrize("windows_early", [0, 50])
def test_a_checkpoint_that_asks_for_samples_it_has_not_goes_on_with_those_it_has(
    windows_early: int,
) -> None:
    begin, later = samples(VALUES_NT[: 4 * SPEC.span]), samples(VALUES_NT, 4 * SPEC.span)
    states, _ = step({}, [begin], spread, RULES, IndexHistory())
    expected = step(states, [later], spread, RULES, IndexHistory())[1]
    buffer = states["WIC"].buffer
    assert buffer is not None
    assert buffer.next_end is not None
    forged = replace(buffer, next_end=buffer.next_end - windows_early * SPEC.hop)
    read = decoded(StationCheckpoint(replace(states["WIC"], buffer=forged), 0, 7))
    assert step({"WIC": read.state}, [later], spread, RULES, IndexHistory())[1] == expected


@pytest.mark.parametrize("first", [10**17, 10**12, -(10**11)])
def test_a_checkpoint_with_samples_of_no_possible_time_is_refused(first: int) -> None:
    """It would stop every worker that shows the time of the newest sample."""
    states, _ = step({}, [samples(VALUES_NT)], spread, RULES, IndexHistory())
    buffer = states["WIC"].buffer
    assert buffer is not None
    forged = replace(buffer, first=first, next_end=None)
    with pytest.raises(ValueError, match="are not of 1900 to 2200"):
        decoded(StationCheckpoint(replace(states["WIC"], buffer=forged), 0, 7))


@pytest.mark.parametrize("rate", [0.0, -1.0, float("inf"), float("nan")])
def test_a_checkpoint_whose_profile_has_an_impossible_rate_is_refused(rate: float) -> None:
    """It would stop every worker that counts the alerts it promises."""
    life = replace(living(), profile=replace(living().profile, false_alarms_per_month=rate))
    with pytest.raises(ValueError, match=r"beyond|must be positive"):
        decoded(StationCheckpoint(replace(state(), life=life), 0, 7))


@pytest.mark.parametrize("ends_ms", [(10**17,), (START_MS, START_MS), (START_MS, -(10**15))])
def test_a_checkpoint_whose_windows_have_no_order_is_refused(ends_ms: tuple[int, ...]) -> None:
    """All records of its station would be refused as `internal`."""
    life = replace(living(), fresh=tuple((end_ms, 0.1) for end_ms in ends_ms))
    with pytest.raises(ValueError, match="out of order"):
        decoded(StationCheckpoint(replace(state(), life=life), 0, 7))


@pytest.mark.parametrize(
    ("values", "first_end_ms", "says"),
    [
        (np.zeros((1, 3), np.float16), START_MS, "of shape"),
        (np.zeros(1, np.float16), START_MS, "of shape"),
        (np.zeros((1, 1), np.float16), 10**17, "not of 1900 to 2200"),
    ],
)
def test_a_checkpoint_with_impossible_candidates_is_refused(
    values: Float16, first_end_ms: int, says: str
) -> None:
    life = replace(living(), stretch=CandidateSegment(first_end_ms, values))
    with pytest.raises(ValueError, match=says):
        decoded(StationCheckpoint(replace(state(), life=life), 0, 7))


def test_the_numbers_of_an_honest_checkpoint_are_possible() -> None:
    read = decoded(StationCheckpoint(replace(state(), life=living()), 0, 7)).state.life
    assert read is not None
    assert read.profile == living().profile


def state() -> StationState:
    """WIC's, with samples."""
    return step({}, [samples(VALUES_NT)], spread, RULES, IndexHistory())[0]["WIC"]


def living() -> Life:
    """WIC's profile with the life that it begins."""
    setting = LivingSetting(LivingRules(10**9), SPEC, RULES.alert)
    return begun(RULES.profiles["WIC"][0], "WIC", START_MS + SPEC.hop_ms, setting)


def decoded(stored: StationCheckpoint) -> StationCheckpoint:
    """The checkpoint after it has been on the topic of states."""
    observer = Observer(Metrics.create(CollectorRegistry(), 10), RULES)
    states = States(Settings(), SCORER, observer)
    value = checkpoint.encode("WIC", stored, states._fingerprints("WIC")[0])
    record = ConsumerRecord("state", 0, 0, 0, 0, b"WIC", value, None, 3, len(value), ())
    station, read = states._decoded(record)
    assert station == "WIC"
    assert read is not None
    return read
