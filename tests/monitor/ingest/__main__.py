"""The long run of kills: ``python -m tests.monitor.ingest`` (`make ingest-kills`)."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from tests.abuse.mute import tansu_behind_a_proxy
from tests.brokers import apache_kafka
from tests.monitor.ingest.kills import KillPlan, repeated_network_day, run_kills, storm_as_xyz
from tests.monitor.workers import new_site


@click.command()
@click.option("--seed", type=int, default=1, show_default=True, help="Another one, other moments.")
@click.option("--days", type=int, default=3, show_default=True, help="Of data.")
@click.option("--kills", type=int, default=30, show_default=True, help="Of ingest.")
@click.option("--restarts", type=int, default=6, show_default=True, help="Of mosquitto.")
@click.option("--network", is_flag=True, help="A day of 120 observatories, repeated; no storm.")
@click.option("--kafka", is_flag=True, help="On Apache Kafka instead of the embedded broker.")
def main(seed: int, days: int, kills: int, restarts: int, network: bool, kafka: bool) -> None:
    """Kill ingest and mosquitto while days are published; compare all topics with the source.

    \b
    Example:
      python -m tests.monitor.ingest --kills 30 --seed 7
      python -m tests.monitor.ingest --network
    """
    workload = repeated_network_day(days) if network else storm_as_xyz(24 * days, 4)
    plan = KillPlan(kills, restarts, seed, longest_life_s=2.0)
    with TemporaryDirectory() as name:
        folder = Path(name)
        if kafka:
            with apache_kafka(folder) as broker:
                outcome = run_kills(new_site(broker, folder, workload.model), workload, plan, None)
        else:
            with tansu_behind_a_proxy() as proxy:
                site = new_site(proxy.address, folder, workload.model)
                outcome = run_kills(site, workload, plan, proxy)
    click.echo(outcome)
    sys.exit(not outcome.good)


if __name__ == "__main__":
    main()
