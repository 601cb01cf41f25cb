"""Killed at any moment, ingest leaves in the topic what the source had, once."""

import pytest

from tests.monitor.ingest.kills import KillPlan, differences, run_kills
from tests.monitor.workers import Site


def test_a_storm_survives_kills_of_ingest_and_of_mosquitto(tansu_site: Site) -> None:
    outcome = run_kills(tansu_site, KillPlan(hours=2, message_s=2, kills=4, restarts=1))
    assert outcome.good, outcome
    assert outcome.samples == 2 * 3600


@pytest.mark.parametrize(
    ("rows", "counts"),
    [([1, 2], (1, 0, 0)), ([1, 2, 3, 3], (0, 1, 0)), ([1, 2, 3, 4], (0, 0, 1))],
)
def test_the_judge_sees_what_is_wrong(rows: list[int], counts: tuple[int, int, int]) -> None:
    def samples(numbers: list[int]) -> list[tuple[str, int, tuple[float | None, ...]]]:
        return [("WIC", number, (1.0,)) for number in numbers]

    assert differences(samples(rows), samples([1, 2, 3])) == counts
