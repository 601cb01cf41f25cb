"""Killed at any moment, ingest leaves in the topic what the source had, once."""

from pathlib import Path

import pytest

from tests.abuse.mute import tansu_behind_a_proxy
from tests.monitor.ingest.kills import KillPlan, differences, in_order, run_kills, storm_as_xyz
from tests.monitor.workers import new_site


def test_a_storm_survives_kills_of_ingest_and_of_mosquitto(tmp_path: Path) -> None:
    workload = storm_as_xyz(hours=2, message_s=2)
    with tansu_behind_a_proxy() as kafka:
        site = new_site(kafka.address, tmp_path, workload.model)
        outcome = run_kills(site, workload, KillPlan(kills=4, restarts=1), kafka)
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


def test_the_judge_sees_each_stations_order() -> None:
    assert in_order([("WIC", 1, ()), ("BOU", 0, ()), ("WIC", 2, ())])
    assert not in_order([("WIC", 1, ()), ("BOU", 0, ()), ("WIC", 0, ())])
