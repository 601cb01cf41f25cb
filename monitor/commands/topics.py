"""`magwatch topics`."""

from __future__ import annotations

import click

from monitor.kafka.topics import create_topics
from monitor.settings import load_settings


@click.command()
@click.option("--broker", help="Bootstrap servers, host:port[,…]; else MAGWATCH_BROKER.")
@click.option("--partitions", type=int, help="Else MAGWATCH_PARTITIONS.")
@click.option("--replication", type=int, help="Else MAGWATCH_REPLICATION.")
def topics(broker: str | None, partitions: int | None, replication: int | None) -> None:
    """Create the missing topics; existing topics are not changed.

    \b
    Example:
      magwatch topics --partitions 12 --replication 3
    """
    settings = load_settings(broker=broker, partitions=partitions, replication=replication)
    for creation in create_topics(settings):
        click.echo(f"{'created' if creation.created else 'exists ':7}  {creation.name}")
