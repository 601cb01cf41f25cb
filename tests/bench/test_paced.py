import numpy as np
import pytest

from bench.contest import Published
from bench.feed import CADENCE_MS
from bench.live import Lived, Look, figures
from bench.paced import Plan, delays_s, expected_windows, late_s, plan
from bench.usage import Usage
from geofield.series.windows import WindowSpec, advance
from geofield.utc import utc

SPEC = WindowSpec(cadence_ms=1000, samples=256, hop=64, taps=385)
NOW_S = 1_764_000_000.7


def due(own: Plan, number: int) -> tuple[int, list[tuple[int, int]]]:
    """Windows of a station due in the history, and seconds and ends of those due live."""
    begin = int(own.firsts(0)[number])
    record = own.feed.recording(number, begin, own.history).samples(0.0)
    buffer, groups, _ = advance(None, record, SPEC)
    found = []
    for second in range(own.seconds):
        one = own.feed.recording(number, begin + own.history + second, 1).samples(0.0)
        buffer, now, _ = advance(buffer, one, SPEC)
        found += [(second, end * CADENCE_MS) for group in now for end in group.ends.tolist()]
    return sum(map(len, groups)), found


@pytest.mark.parametrize("delays", [1, SPEC.hop])
def test_every_station_has_a_score_before_life_begins(delays: int) -> None:
    own = plan(5, delays, 130, SPEC, NOW_S)
    found = [due(own, number) for number in range(5)]
    assert all(before > 0 for before, _ in found)
    assert expected_windows(own, SPEC) == sum(len(live) for _, live in found)
    assert own.feed.start_ms + own.history * CADENCE_MS == int(NOW_S) * 1000


def test_windows_come_due_together_unless_stations_are_late() -> None:
    together, spread_out = (plan(3, delays, 64, SPEC, NOW_S) for delays in (1, SPEC.hop))
    assert len({due(together, number)[1][0][0] for number in range(3)}) == 1
    assert len({due(spread_out, number)[1][0][0] for number in range(3)}) == 3


def test_a_delay_is_that_since_the_sample_which_made_the_window_due() -> None:
    own = plan(3, SPEC.hop, 64, SPEC, NOW_S)
    sent_ms = np.arange(64 * 3, dtype=np.int64).reshape(64, 3) * 1000
    scores = [Published(0.0, own.feed.codes[0], utc(own.feed.start_ms), 1.0)]  # of the history
    for number, code in enumerate(own.feed.codes):
        ((second, end_ms),) = due(own, number)[1]
        at_s = sent_ms[second, number] / 1000 + 0.25 + number
        scores.append(Published(at_s, code, utc(end_ms), 1.0))
    assert delays_s(scores, own, sent_ms, SPEC).tolist() == [0.25, 1.25, 2.25]


def test_the_sender_says_how_late_it_was() -> None:
    planned_s = 100 + np.arange(2)[:, None] + np.arange(4) / 4
    sent_ms = np.round(planned_s * 1000).astype(np.int64)
    sent_ms[1, 2] += 300
    assert late_s(sent_ms, 100) == pytest.approx(0.3)


def test_percentiles_are_over_windows() -> None:
    looks = [Look(0.0, Usage(1.0, 150, 150), 7), Look(10.0, Usage(6.0, 200, 200), 3)]
    lived = Lived(looks, np.zeros((2, 1024), dtype=np.int64), 0.01)
    row = figures(lived, np.linspace(0, 1, 101), expected=103, base_mb=100.0)
    assert (row["windows"], row["missing"]) == (101, 2)
    assert (row["p50, s"], row["p99, s"], row["longest, s"]) == (0.5, 0.99, 1.0)
    assert (row["CPU, cores"], row["kB/station"]) == (0.5, 100.0)
    assert (row["lag at most, records"], row["lag at end, records"]) == (7, 3)
