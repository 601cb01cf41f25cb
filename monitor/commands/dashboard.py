"""`magwatch dashboard`."""

from __future__ import annotations

import click

from monitor.dashboard.serve import run_dashboard
from monitor.logs import configure_logs
from monitor.settings import load_settings


@click.command()
@click.option("--broker", help="Bootstrap servers, host:port[,…]; else MAGWATCH_BROKER.")
@click.option("--profiles", help="Folder of station profiles; else MAGWATCH_PROFILES.")
@click.option("--stations", help="CSV file code,lat,lon,name; else MAGWATCH_STATIONS.")
@click.option("--host", help="Address to serve at; else MAGWATCH_DASHBOARD_HOST (127.0.0.1).")
@click.option("--port", type=int, help="Its port; else MAGWATCH_DASHBOARD_PORT (9465).")
@click.option("--history", help="Folder of `magwatch history`; else MAGWATCH_HISTORY.")
@click.option("--hours", type=float, help="How much to keep; else MAGWATCH_DASHBOARD_HOURS (24).")
def dashboard(
    broker: str | None,
    profiles: str | None,
    stations: str | None,
    host: str | None,
    port: int | None,
    history: str | None,
    hours: float | None,
) -> None:
    """Serve a live page: stations on a map, their field, scores and alerts.

    It reads the topics outside any group and writes to none. Open http://127.0.0.1:9465. With
    --history it has a page for every day of a station and for every alert that is kept.

    \b
    Example:
      MAGWATCH_BROKER=kafka.example.org:9092 magwatch dashboard --profiles profiles/
      magwatch dashboard --stations stations.csv --hours 96 --port 8000
      magwatch dashboard --profiles profiles/ --history history/
    """
    settings = load_settings(
        broker=broker,
        profiles=profiles,
        stations=stations,
        dashboard_host=host,
        dashboard_port=port,
        history=history,
        dashboard_hours=hours,
    )
    configure_logs(settings)
    run_dashboard(settings)
