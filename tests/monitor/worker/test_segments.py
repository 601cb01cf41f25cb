"""Records taken together come to what they come to one by one."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.recording import Recording
from geofield.alerts.alert import AlertRules
from geofield.indices import IndexHistory
from geofield.series.samples import Samples
from monitor.records.sample_decoder import Accepts, RawRecord, decode
from monitor.records.sample_encoder import encode_samples
from monitor.worker.checkpoint import StationCheckpoint
from monitor.worker.scorer import Scored, Scorer
from tests.geofield.builders import START_MS, field_nt, rules, spread

ACCEPTS = Accepts(1000, 300_000, {"WIC": 0.0}, most_unprofiled=1)
SETUP = rules("WIC", alert=AlertRules(k=2, n=3, clear=2))
OUTCOMES = ("accepted", "missing", "duplicate", "corrected", "late")
FIELD_NT = field_nt(400, 5)
FIELD_NT[200:230, 0] += np.random.default_rng(1).normal(0, 5.0, 30)


def record(offset: int, station: str, begin: int, length: int, fault: str) -> RawRecord:
    values = FIELD_NT[begin : begin + length]
    names = "HDZ" if fault == "other elements" else "HEZ"
    elements = {name: values[:, column].copy() for column, name in enumerate(names)}
    if fault == "gap":
        elements["H"][0] = np.nan
    if fault == "too strong":
        elements["Z"][-1] = 99_000.0
    if fault == "other elements":
        elements["D"][:] = 1.0
    value = encode_samples(Recording(station, START_MS + begin * 1000, 1000, elements))
    return RawRecord("t", 0, offset, -1, station.encode(), b"{" if fault == "cut" else value)


pieces = st.tuples(
    st.sampled_from(["WIC", "NEW", "TOO"]),
    st.integers(-15, 15).map(lambda gap: max(gap, 0) if gap > -10 else gap),
    st.integers(1, 25),
    st.sampled_from(["none"] * 12 + ["gap", "too strong", "other elements", "cut"]),
)


def records(drawn: list[tuple[str, int, int, str]]) -> list[RawRecord]:
    """Records of several stations; most go on where their station's last one ended."""
    after: dict[str, int] = {}
    made = []
    for offset, (station, gap, length, fault) in enumerate(drawn):
        begin = min(max(after.get(station, 0) + gap, 0), len(FIELD_NT) - length)
        made.append(record(offset, station, begin, length, fault))
        after[station] = begin + length
    return made


def summary(batches: list[Scored]) -> object:
    """All that is published, counted or kept."""
    checkpoints: dict[str, StationCheckpoint] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for batch in batches:
        checkpoints |= batch.checkpoints
        for taken in batch.taken:
            for outcome in OUTCOMES:
                counts[taken.station, outcome] += getattr(taken.intake, outcome)
    scores = [score for batch in batches for score in batch.scores]
    kept = {
        name: (one.offset, one.state.buffer and one.state.buffer.field_nt.tobytes(),
               one.state.buffer and one.state.buffer.next_end, one.state.alerts)
        for name, one in checkpoints.items()
    }  # fmt: skip
    return (
        sorted(scores, key=lambda one: (one.station, one.end_ms)),
        {alert.id: alert for batch in batches for alert in batch.alerts},
        sorted((bad.offset, why) for batch in batches for bad, why in batch.refused),
        +counts,
        kept,
    )


@given(st.lists(pieces, min_size=1, max_size=60))
def test_one_by_one_or_all_at_once(drawn: list[tuple[str, int, int, str]]) -> None:
    scorer = Scorer(SETUP, ACCEPTS, spread)
    made = records(drawn)
    at_once = scorer.score(scorer.read(made), {}, IndexHistory())
    checkpoints: dict[str, StationCheckpoint] = {}
    singly = []
    for one in made:
        singly.append(scorer.score(scorer.read([one]), checkpoints, IndexHistory()))
        checkpoints = checkpoints | singly[-1].checkpoints
    assert summary([at_once]) == summary(singly)


@pytest.mark.parametrize("elements", ["XYZ", "HDZ", "DIF"])
def test_stations_taken_together_keep_their_own_declination(elements: str) -> None:
    accepts = Accepts(1000, 300_000, {"AAA": 4.0, "BBB": -12.5, "CCC": 0.0}, most_unprofiled=0)
    values = np.random.default_rng(2).uniform(20.0, 60.0, (3, 3, 40))
    values[:, elements.find("F")] += 20_000.0 * (elements == "DIF")
    made = [
        RawRecord("t", 0, n, -1, code.encode(), encode_samples(Recording(
            code, START_MS, 1000, dict(zip(elements, values[n], strict=True))
        )))
        for n, code in enumerate(accepts.declination_deg)
    ]  # fmt: skip
    together = [samples for _, samples in Scorer(SETUP, accepts, spread).read(made).segments]
    for one, alone in zip(together, (decode(record, accepts) for record in made), strict=True):
        assert isinstance(one, Samples)
        assert isinstance(alone, Samples)
        assert (one.station, one.start_ms) == (alone.station, alone.start_ms)
        np.testing.assert_array_equal(one.field_nt, alone.field_nt)


def taken(
    scorer: Scorer, made: list[RawRecord], checkpoints: dict[str, StationCheckpoint]
) -> tuple[list[int], Scored]:
    """How many records each run had that entered a window, and all that came of them."""
    scored = scorer.score(scorer.read(made), checkpoints, IndexHistory())
    return [len(one.records) for one in scored.taken], scored


def test_records_in_order_are_one_run_and_a_bad_one_is_refused_by_itself() -> None:
    scorer = Scorer(SETUP, ACCEPTS, spread)
    faults = ["none", "none", "too strong", "none"]
    made = [record(n, "WIC", 20 * n, 20, fault) for n, fault in enumerate(faults)]
    assert taken(scorer, made[:2], {})[0] == [2]
    runs, mixed = taken(scorer, made, {})
    assert [bad.offset for bad, _ in mixed.refused] == [2]
    assert sum(runs) == 3


def test_of_a_run_that_is_read_again_only_what_is_new_counts() -> None:
    scorer = Scorer(SETUP, ACCEPTS, spread)
    made = [record(n, "WIC", 20 * n, 20, "none") for n in range(5)]
    whole = taken(scorer, made, {})[1]
    in_flight = taken(scorer, made[:2], {})[1]
    runs, rest = taken(scorer, made, in_flight.checkpoints)
    assert (runs, rest.repeated) == ([3], 2)
    assert in_flight.scores + rest.scores == whole.scores
    runs, nothing = taken(scorer, made, rest.checkpoints)
    assert (runs, nothing.repeated, nothing.checkpoints, nothing.scores) == ([], 5, {}, [])
