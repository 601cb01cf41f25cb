"""`magwatch history`: keep what the topics have as files."""

from __future__ import annotations

import click
import structlog
from prometheus_client import CollectorRegistry, disable_created_metrics

from monitor.history.run import History
from monitor.history.store import open_store
from monitor.history.watch import TOPICS, HistoryMetrics
from monitor.http.probes import health_server
from monitor.kafka.topics import require_topics
from monitor.logs import configure_logs
from monitor.settings import load_settings
from support.extras import needs


@click.command()
@click.argument("store", metavar="FOLDER|s3://…")
@click.option("--broker", help="Bootstrap servers, host:port[,…]; else MAGWATCH_BROKER.")
@click.option("--once", is_flag=True, help="Write what the topics have now, and stop.")
@click.option("--metrics-port", type=int, help="Port of /metrics, /readyz, /healthz; else none.")
def history(store: str, broker: str | None, once: bool, metrics_port: int | None) -> None:
    """Keep samples, scores and alerts as Parquet, a file per station and UTC day; Ctrl-C ends it.

    Folders are in Hive's layout, which pandas, polars, DuckDB and Spark read as it is:
    samples/cadence_ms=1000/station=WIC/day=2026-01-04/. The other commands read the folder like
    any archive. A bucket's address takes pyarrow's parameters, such as ?region=eu-north-1.

    Files are written anew every MAGWATCH_HISTORY_WRITE_S, whole, and tell how far each topic is in
    them: a kill at any moment changes no byte. Late corrections are taken in. Run one process for
    a folder.

    \b
    Example:
      magwatch history history/ --metrics-port 9467
      magwatch history 's3://field/history?region=eu-north-1'
      magwatch history history/ --once
    """
    with needs("archive"):
        import pyarrow.parquet  # noqa: PLC0415, F401 - missing, it is told before the work
    settings = load_settings(broker=broker)
    require_topics(settings, *TOPICS)
    files = open_store(store)
    configure_logs(settings)
    disable_created_metrics()  # type: ignore[no-untyped-call]  # doubles the counters
    structlog.get_logger("magwatch.history").info("keeping what the topics hold", store=store)
    registry = CollectorRegistry()
    keeping = History(settings, files, HistoryMetrics.create(registry), once)
    with health_server(settings, metrics_port, registry) as health:
        keeping.run(health)
