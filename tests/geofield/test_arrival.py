"""However samples arrive inside the lateness, the same scores and alerts come of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geofield.alerts.alert import Alert, AlertRules
from geofield.indices import IndexHistory
from geofield.scoring.score import WindowScore
from geofield.series.samples import Samples
from geofield.series.windows import WindowSpec
from geofield.step import StationState, step
from geofield.types import Float64
from tests.geofield.builders import field_nt, rules, samples, spread

# Short windows, so that hundreds of examples take seconds.
SPEC = WindowSpec(cadence_ms=1000, samples=10, hop=5, taps=5, lateness=6, max_gap=1)
STATIONS = ("AAA", "BBB")
SETUP = replace(rules(*STATIONS, alert=AlertRules(k=2, n=3, clear=2)), window=SPEC)
LENGTH = 50


@dataclass(frozen=True)
class Arrival:
    """A sample on its way: it must be there no later than `lateness` samples after its time."""

    moment: int
    index: int
    value_nt: Float64


def outcome(
    batches: Iterable[Sequence[Samples]],
) -> tuple[dict[tuple[str, int], WindowScore], dict[tuple[str, int], Alert]]:
    """Scores by station and window, alerts by id and version."""
    states: dict[str, StationState] = {}
    scores: dict[tuple[str, int], WindowScore] = {}
    alerts: dict[tuple[str, int], Alert] = {}
    for batch in batches:
        states, result = step(states, batch, spread, SETUP, IndexHistory())
        for score in result.scores:
            assert (score.station, score.end_ms) not in scores
            scores[score.station, score.end_ms] = score
        for alert in result.alerts:
            assert (alert.id, alert.version) not in alerts
            alerts[alert.id, alert.version] = alert
    return scores, alerts


@st.composite
def disturbed(draw: st.DrawFn) -> Float64:
    """A noisy field with a disturbance that may open an alert, and gaps of every length."""
    values = field_nt(LENGTH, draw(st.integers(0, 99)))
    begin = draw(st.integers(0, LENGTH))
    values[begin : begin + 20, 0] += 3.0 * (-1.0) ** np.arange(len(values[begin : begin + 20]))
    for gap in draw(st.lists(st.integers(0, LENGTH - 1), max_size=4)):
        values[gap : gap + draw(st.integers(1, 4)), draw(st.integers(0, 2))] = np.nan
    return values


@given(
    disturbed(),
    st.integers(0, 2**32 - 1),
    st.lists(st.tuples(st.integers(0, LENGTH - 1), st.sampled_from([0.0, 1.5, np.nan]))),
    st.integers(1, 40),
)
def test_any_order_repetition_and_correction_inside_the_lateness_gives_equal_output(
    values: Float64, seed: int, again: list[tuple[int, float]], batch: int
) -> None:
    """Each sample may come up to the lateness late, again, corrected, or as a null."""
    generator = np.random.default_rng(seed)
    delays = generator.integers(0, SPEC.lateness + 1, LENGTH + len(again)).tolist()
    arrivals = [Arrival(i + delays[i], i, values[i]) for i in range(LENGTH)]
    for (index, change_nt), delay in zip(again, delays[LENGTH:], strict=True):
        # 0 repeats the value, NaN is a null, anything else corrects it
        arrivals.append(Arrival(index + delay, index, values[index] + change_nt))
    # of those that come together the newest is first, so that some are late to the last sample
    arrivals.sort(key=lambda one: (one.moment, -one.index))
    records = [samples(one.value_nt[None], one.index, "AAA") for one in arrivals]
    batches = [records[n : n + batch] for n in range(0, len(records), batch)]
    assert outcome(batches) == outcome([[samples(_settled(arrivals), 0, "AAA")]])


def _settled(arrivals: Iterable[Arrival]) -> Float64:
    """What holds in the end: of each component the last value that was no null."""
    final = np.full((LENGTH, 3), np.nan)
    for one in arrivals:
        final[one.index] = np.where(np.isnan(one.value_nt), final[one.index], one.value_nt)
    return final


@given(
    st.tuples(disturbed(), disturbed()),
    st.sets(st.integers(1, LENGTH - 1), max_size=6),
    st.lists(st.tuples(st.integers(0, 6), st.sampled_from([0.0, 2.0, np.nan])), max_size=2),
    st.integers(2, 8),
)
def test_step_by_step_equals_batch(
    fields_nt: tuple[Float64, Float64],
    cuts: set[int],
    again: list[tuple[int, float]],
    batch: int,
) -> None:
    """Whole records, some sent again, late or corrected: the batch they come in changes nothing."""
    bounds = [0, *sorted(cuts), LENGTH]
    records = []
    for begin, end in pairwise(bounds):
        for station, values in zip(STATIONS, fields_nt, strict=True):
            records.append(samples(values[begin:end], begin, station))
            records += [
                samples(values[begin:end] + change_nt, begin, station)
                for number, change_nt in again
                if bounds[number % len(bounds)] == begin
            ]
    batches = [records[n : n + batch] for n in range(0, len(records), batch)]
    one_by_one = outcome([one] for one in records)
    assert outcome(batches) == one_by_one
    assert outcome([records]) == one_by_one
