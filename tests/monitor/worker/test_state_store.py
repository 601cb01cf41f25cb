"""What a worker makes of the checkpoints that it reads."""

from dataclasses import replace

import pytest
from aiokafka import ConsumerRecord
from prometheus_client import CollectorRegistry

from geofield.indices import IndexHistory
from geofield.step import step
from monitor.metrics.metrics import Metrics
from monitor.records.sample_decoder import Accepts
from monitor.settings import Settings
from monitor.worker import checkpoint
from monitor.worker.checkpoint import StationCheckpoint
from monitor.worker.recorder import Observer
from monitor.worker.scorer import Scorer
from monitor.worker.state_store import States
from tests.geofield.builders import SPEC, field_nt, rules, samples, spread

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
