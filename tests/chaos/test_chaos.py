"""A short storm on each broker; `make chaos` is the long one."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.brokers import NoKafka
from tests.chaos.brokers import unruly_kafka, unruly_tansu
from tests.chaos.report import as_row
from tests.chaos.storm import Plan, Run, storm
from tests.chaos.workload import demo_days, network_day

SHORT = Plan(
    workers=2, kills=3, pauses=1, restarts=0, leaves=0, stalls=0, seed=1,
    gap_s=(0.2, 2.5), pause_s=(0.5, 2.5), with_calm_run=False,
)  # fmt: skip


def check(run: Run) -> None:
    assert run.faults == []
    row = as_row(run)
    assert run.kills["at a random instant"] == run.plan.kills
    assert run.recruited > run.plan.workers
    assert row["broker pauses"] == run.plan.pauses
    assert row["broker kills and restarts"] == run.plan.restarts


def test_a_storm_over_the_demo_data_changes_no_byte(tmp_path: Path) -> None:
    plan = replace(SHORT, leaves=1)
    with unruly_tansu() as broker:
        check(storm(demo_days(hours=4), broker, plan, tmp_path))


def test_a_storm_over_the_network_day_changes_no_byte(tmp_path: Path) -> None:
    plan = replace(SHORT, kills=2, restarts=1)
    workload = network_day(stations=12)
    try:
        with unruly_kafka(tmp_path) as broker:
            check(storm(workload, broker, plan, tmp_path))
    except NoKafka as reason:
        pytest.skip(str(reason))
