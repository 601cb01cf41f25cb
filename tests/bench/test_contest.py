import pytest

from bench.contest import Published, check_same, expected_scores, steady
from bench.feed import Feed
from bench.pipeline import samples_for
from bench.usage import Usage
from geofield.series.samples import Samples
from geofield.series.windows import WindowSpec, advance
from monitor.errors import Refused

SPEC = WindowSpec(cadence_ms=1000, samples=256, hop=64, taps=385)


def score(at_s: float, station: str, end: str = "", rmse: float = 1.0) -> Published:
    return Published(at_s, station, end, rmse)


def test_a_run_counts_from_the_moment_when_every_station_has_a_score() -> None:
    #     Q000  Q000  Q001 | Q000  Q001
    # ----10----11----12---+-13----14--> s
    scores = [score(10, "Q000"), score(11, "Q000"), score(12, "Q001"),
              score(13, "Q000"), score(14, "Q001")]  # fmt: skip
    looks = [(10.0, Usage(0.0, 1, 90)), (12.0, Usage(2.0, 1, 95)), (14.0, Usage(3.0, 1, 99))]
    run = steady(scores, looks)
    assert (run.windows, run.seconds, run.cpu_s, run.peak_mb) == (2, 2.0, 1.0, 99)


def test_the_wait_for_records_that_do_not_come_is_left_out() -> None:
    scores = [score(at_s, "Q000") for at_s in [*range(100), 1000]]
    run = steady(scores, [(0.0, Usage(0.0, 1, 1)), (1000.0, Usage(100.0, 1, 1))])
    assert run.windows == run.seconds == 98


def test_a_run_that_is_too_short_is_no_measurement() -> None:
    with pytest.raises(Refused, match="too few samples"):
        steady([score(10, "Q000")], [(10.0, Usage(0.0, 1, 1))])


def test_two_systems_must_have_scored_the_same_windows() -> None:
    ours = [score(1, "Q000", "a", 1.0), score(2, "Q000", "b", 2.0)]
    assert check_same(ours, [score(5, "Q000", "b", 2.5), score(6, "Q000", "a", 1.0)]) == 0.5
    with pytest.raises(Refused, match="not the same windows: 2 and 1"):
        check_same(ours, ours[:1])
    with pytest.raises(Refused, match="not the same windows: 2 and 3"):
        check_same(ours, [*ours, ours[0]])


@pytest.mark.parametrize("length", [1, 10, 60, 600])
def test_scores_are_expected_as_many_as_come_due(length: int) -> None:
    feed = Feed.of(1)
    samples = samples_for(length, 1, 0.01, SPEC)
    assert samples % length == 0
    buffer, found = None, 0
    for begin in range(0, samples, length):
        record: Samples = feed.recording(0, begin, length).samples(0.0)
        buffer, groups, _ = advance(buffer, record, SPEC)
        found += sum(map(len, groups))
    assert found == expected_scores(feed, samples, SPEC) > 3
