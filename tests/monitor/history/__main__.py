"""The long run of kills: ``python -m tests.monitor.history`` (`make history-kills`)."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from tests.brokers import KafkaProcess, kafka_jars
from tests.monitor.history.kills import KillPlan, run_kills
from tests.monitor.workers import new_site


@click.command()
@click.option("--seed", type=int, default=1, show_default=True, help="Another one, other moments.")
@click.option("--hours", type=int, default=72, show_default=True, help="Of the storm.")
@click.option("--kills", type=int, default=30, show_default=True, help="Of the history.")
@click.option("--losses", type=int, default=4, show_default=True, help="Kills of Apache Kafka.")
def main(seed: int, hours: int, kills: int, losses: int) -> None:
    """Kill history and Kafka while a storm of three stations is sent; compare all files.

    \b
    Example:
      python -m tests.monitor.history --kills 30 --seed 7
    """
    with TemporaryDirectory() as name, KafkaProcess(kafka_jars(), Path(name)) as kafka:

        def lose_broker() -> None:
            kafka.signal(signal.SIGKILL)
            kafka.start()

        site = new_site(kafka.address, Path(name), Path("unused.onnx"))
        outcome = run_kills(site, KillPlan(hours, 10, kills, losses, seed, 2.0), lose_broker)
    click.echo(outcome)
    sys.exit(not outcome.good)


if __name__ == "__main__":
    main()
