"""The long chaos run: ``python -m tests.chaos`` (`make chaos`)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import pytest

from tests.brokers import NoKafka
from tests.chaos.brokers import Unruly, unruly_kafka, unruly_tansu
from tests.chaos.report import as_json, table
from tests.chaos.storm import Plan, Run, storm
from tests.chaos.workload import Workload, demo_days, mixture, network_day

Start = Callable[[Path], AbstractContextManager[Unruly]]
BROKERS: dict[str, Start] = {"tansu": lambda _: unruly_tansu(), "kafka": unruly_kafka}
WORKLOADS: dict[str, Callable[[], Workload]] = {
    "network": network_day,
    "demo": demo_days,
    "mixture": mixture,
}


@click.command()
@click.option("--seed", type=int, default=1, show_default=True, help="Another one, another storm.")
@click.option("--broker", type=click.Choice([*BROKERS]), help="Only this one.")
@click.option("--workload", type=click.Choice([*WORKLOADS]), help="Only this one.")
@click.option("--kills", type=int, default=30, show_default=True, help="At random instants, a run.")
@click.option("--stalls", type=int, default=3, show_default=True, help="Workers stopped a while.")
@click.option("--workers", type=int, default=3, show_default=True, help="At any time.")
def chaos(
    seed: int, broker: str | None, workload: str | None, kills: int, stalls: int, workers: int
) -> None:
    """Replay real days while workers and brokers are killed; compare every byte with a calm run.

    \b
    Example:
      python -m tests.chaos --broker kafka --workload network --kills 30 --seed 7
    """
    runs = []
    for name, make in WORKLOADS.items():
        if workload in (name, None):
            plan = Plan(workers, kills, pauses=3, restarts=2, leaves=2, stalls=stalls, seed=seed)
            try:
                runs += list(_runs(make(), broker, plan))
            except pytest.skip.Exception as reason:
                click.echo(f"{name} left out: {reason}", err=True)
    if not runs:
        raise click.ClickException("nothing was run")
    click.echo(table(runs))
    click.echo(as_json(runs))
    sys.exit(any(run.faults for run in runs))


def _runs(workload: Workload, only: str | None, plan: Plan) -> Iterator[Run]:
    for name, start in BROKERS.items():
        if only not in (name, None):
            continue
        click.echo(f"{workload.name} on {name} ...", err=True)
        with TemporaryDirectory() as folder:
            try:
                with start(Path(folder)) as broker:
                    restarts = plan.restarts if broker.start else 0
                    yield storm(workload, broker, replace(plan, restarts=restarts), Path(folder))
            except NoKafka as reason:
                click.echo(f"left out: {reason}", err=True)


if __name__ == "__main__":
    chaos()
