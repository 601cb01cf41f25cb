"""`magwatch worker`."""

from __future__ import annotations

import click

from monitor.logs import configure_logs
from monitor.settings import load_settings
from monitor.worker.main import run_worker


@click.command()
@click.option("--broker", help="Bootstrap servers, host:port[,…]; else MAGWATCH_BROKER.")
@click.option("--profiles", help="Folder of station profiles; else MAGWATCH_PROFILES.")
@click.option("--metrics-port", type=int, help="Port of /metrics; else MAGWATCH_METRICS_PORT.")
def worker(broker: str | None, profiles: str | None, metrics_port: int | None) -> None:
    """Score stations' samples and publish scores and alerts, until SIGTERM or Ctrl-C.

    Start several with the same MAGWATCH_GROUP to share the partitions. Waits for an absent broker.

    \b
    Example:
      MAGWATCH_BROKER=kafka.example.org:9092 magwatch worker --profiles profiles/
    """
    settings = load_settings(broker=broker, profiles=profiles, metrics_port=metrics_port)
    configure_logs(settings)
    run_worker(settings)
