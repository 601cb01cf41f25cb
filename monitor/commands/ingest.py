"""`magwatch ingest`: live data of stations from their own services."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click
from prometheus_client import CollectorRegistry, disable_created_metrics

from monitor.errors import Refused
from monitor.http.probes import health_server
from monitor.ingest.run import IngestRun, check_sources, run_ingest
from monitor.ingest.stations import read_plans
from monitor.ingest.watch import IngestMetrics
from monitor.kafka.producer import Outgoing
from monitor.kafka.topics import require_topics
from monitor.logs import configure_logs
from monitor.settings import load_settings


@click.command()
@click.argument("file", metavar="STATIONS.TOML", type=click.Path(path_type=Path))
@click.option("--broker", help="Bootstrap servers, host:port[,…]; else MAGWATCH_BROKER.")
@click.option("--once", is_flag=True, help="Catch up and stop; exit code 1 if a source failed.")
@click.option("--check", is_flag=True, help="Try every source, print a line for each, and stop.")
@click.option("--dry-run", is_flag=True, help="Print records instead of publishing them.")
@click.option("--metrics-port", type=int, help="Port of /metrics, /readyz, /healthz; else none.")
def ingest(
    file: Path,
    broker: str | None,
    once: bool,
    check: bool,
    dry_run: bool,
    metrics_port: int | None,
) -> None:
    """Bring live data of the stations in STATIONS.TOML into the samples topic; Ctrl-C ends it.

    The file names each station and where its data come from: MQTT, SeedLink, a web service, or a
    folder that files are dropped into. docs/sources.md shows what to write for which source.
    Passwords come from MAGWATCH_INGEST_PASSWORDS: user@host=password, one a line.

    The topic itself is the state: after a start only what it lacks is published. MQTT messages are
    acknowledged when Kafka has them; a SeedLink server is asked for what the topic lacks.

    --check and --dry-run acknowledge nothing, but interrupt a running ingest of the same account
    for a moment. With --dry-run an MQTT broker hands over its first messages only, as it waits for
    the acknowledgement; no Kafka is needed.

    \b
    Example:
      magwatch ingest stations.toml --check
      magwatch ingest stations.toml --dry-run --once
      magwatch ingest stations.toml --metrics-port 9466
    """
    settings = load_settings(broker=broker)
    plans = read_plans(file)
    if check:
        if not asyncio.run(check_sources(settings, plans, _say)):
            raise SystemExit(1)
        return
    if not dry_run:
        require_topics(settings, "samples", "deadletter", "sources")
    configure_logs(settings)
    disable_created_metrics()  # type: ignore[no-untyped-call]  # doubles the counters
    registry = CollectorRegistry()
    metrics = IngestMetrics.create(registry, settings.metrics_stations)
    run = IngestRun(settings, plans, metrics, once, _print if dry_run else None)
    with health_server(settings, metrics_port, registry) as health:
        failures = run_ingest(run, health)
    if failures:
        raise Refused("; ".join(failures))


def _say(source: str, text: str, good: bool) -> None:
    mark = click.style("ok    ", fg="green") if good else click.style("failed", fg="red", bold=True)
    click.echo(f"{mark}  {source}: {text}")


async def _print(records: Sequence[Outgoing]) -> None:
    for record in records:
        click.echo(record.value or b"")
