"""A sender that invents station codes must not fill the worker's memory."""

from collections.abc import Sequence

from geofield.indices import IndexHistory
from geofield.step import Rules
from monitor.records.sample_decoder import Accepts, RawRecord, Reason
from monitor.records.sample_encoder import encode_samples
from monitor.worker.checkpoint import StationCheckpoint
from monitor.worker.scorer import Scored, Scorer
from tests.geofield.builders import rules, spread
from tests.monitor.feeds import station

CODES = ("WIC", "AAA", "BBB", "CCC", "AAA", "DDD", "WIC", "BBB", "CCC")
SETUP: Rules = rules("WIC")
SCORER = Scorer(SETUP, Accepts(1000, 300_000, {"WIC": 0.0}, most_unprofiled=2), spread)


def record(code: str, offset: int, partition: int = 0) -> RawRecord:
    value = encode_samples(station(code, 1, seed=offset))
    return RawRecord("geomag.samples", partition, offset, -1, code.encode(), value)


def take(
    batches: Sequence[Sequence[RawRecord]], checkpoints: dict[str, StationCheckpoint]
) -> list[Scored]:
    outcomes = []
    for batch in batches:
        outcomes.append(SCORER.score(SCORER.read(batch), checkpoints, IndexHistory()))
        checkpoints.update(outcomes[-1].checkpoints)
    return outcomes


def refused(outcomes: Sequence[Scored]) -> list[int]:
    return [one.offset for outcome in outcomes for one, _ in outcome.refused]


def test_a_partition_takes_so_many_stations_without_a_profile_and_no_more() -> None:
    outcomes = take([[record(code, n) for n, code in enumerate(CODES)]], checkpoints := {})
    assert refused(outcomes) == [3, 5, 8]
    assert {why.reason for _, why in outcomes[0].refused} == {Reason.TOO_MANY_STATIONS}
    assert "raise MAGWATCH_STRANGERS" in outcomes[0].refused[0][1].detail
    assert sorted(checkpoints) == ["AAA", "BBB", "WIC"]


def test_each_partition_has_room_of_its_own() -> None:
    records = [record(code, n, partition=n % 2) for n, code in enumerate(("A01", "B01") * 2)]
    records += [record("A02", 4, 0), record("B02", 5, 1), record("A03", 6, 0)]
    assert refused(take([records], {})) == [6]


def test_who_is_refused_depends_neither_on_batches_nor_on_restarts() -> None:
    """Read again from offset 0, with the checkpoints of any moment, the same ones are refused."""
    records = [record(code, n) for n, code in enumerate(CODES)]
    whole = refused(take([records], {}))
    assert refused(take([[one] for one in records], {})) == whole
    for checkpointed in range(len(records)):
        take([records[:checkpointed]], checkpoints := {})
        for lost in (set(), {"AAA"}, {"BBB"}):  # a checkpoint cut off before all were written
            survived = {name: one for name, one in checkpoints.items() if name not in lost}
            assert refused(take([records], survived)) == whole
