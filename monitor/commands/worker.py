"""`magwatch worker`."""

from __future__ import annotations

import click

from monitor.logs import configure_logs
from monitor.serve import run_worker
from monitor.settings import load_settings


@click.command()
@click.option("--broker", help="Bootstrap servers, host:port[,…]; else MAGWATCH_BROKER.")
@click.option("--profiles", help="Folder of station profiles; else MAGWATCH_PROFILES.")
@click.option("--metrics-port", type=int, help="Port of /metrics; else MAGWATCH_METRICS_PORT.")
def worker(broker: str | None, profiles: str | None, metrics_port: int | None) -> None:
    """Score what stations send and publish scores and alerts, until SIGTERM or Ctrl-C.

    Start several with the same MAGWATCH_GROUP to share the partitions. Without a broker it waits.

    \b
    Example:
      MAGWATCH_BROKER=kafka.example.org:9092 magwatch worker --profiles profiles/
    """
    settings = load_settings(broker=broker, profiles=profiles, metrics_port=metrics_port)
    configure_logs(settings.log_format, settings.log_level)
    run_worker(settings)
