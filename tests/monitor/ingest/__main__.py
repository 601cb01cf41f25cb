"""The long run of kills: ``python -m tests.monitor.ingest`` (`make ingest-kills`)."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from archive.model import default_model_path
from tests.brokers import apache_kafka, tansu
from tests.monitor.ingest.kills import KillPlan, run_kills
from tests.monitor.workers import new_site


@click.command()
@click.option("--seed", type=int, default=1, show_default=True, help="Another one, other moments.")
@click.option("--hours", type=int, default=72, show_default=True, help="Of the storm.")
@click.option("--kills", type=int, default=30, show_default=True, help="Of ingest.")
@click.option("--restarts", type=int, default=6, show_default=True, help="Of mosquitto.")
@click.option("--kafka", is_flag=True, help="On Apache Kafka instead of the embedded broker.")
def main(seed: int, hours: int, kills: int, restarts: int, kafka: bool) -> None:
    """Kill ingest and mosquitto while the storm is published; compare all topics with the source.

    \b
    Example:
      python -m tests.monitor.ingest --kills 30 --seed 7
    """
    plan = KillPlan(hours, 4, kills, restarts, seed, longest_life_s=2.0)
    with TemporaryDirectory() as name:
        folder = Path(name)
        with apache_kafka(folder) if kafka else tansu() as broker:
            outcome = run_kills(new_site(broker, folder, default_model_path()), plan)
    click.echo(outcome)
    sys.exit(not outcome.good)


if __name__ == "__main__":
    main()
