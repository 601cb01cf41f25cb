"""`magwatch quakes`: earthquakes into their topic, from the USGS or from a catalogue."""

from __future__ import annotations

from pathlib import Path

import click

from monitor.errors import Refused
from monitor.http.probes import health_server
from monitor.kafka.topics import require_topics
from monitor.logs import configure_logs
from monitor.quake_feed.run import follow_usgs, publish_catalogue
from monitor.settings import load_settings


@click.command()
@click.option("--broker", help="Bootstrap servers, host:port[,…]; else MAGWATCH_BROKER.")
@click.option("--once", is_flag=True, help="Poll once and stop; exit code 1 if a service failed.")
@click.option(
    "--from-catalogue",
    "catalogue",
    type=click.Path(path_type=Path),
    help="Publish a catalogue instead, for a replay: ComCat CSV or GeoJSON, or QuakeML.",
)
@click.option(
    "--delay",
    "delay_s",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="With --from-catalogue: seconds from an origin time until the earthquake is known.",
)
@click.option("--metrics-port", type=int, help="Port of /readyz and /healthz; else none.")
def quakes(
    broker: str | None,
    once: bool,
    catalogue: Path | None,
    delay_s: float,
    metrics_port: int | None,
) -> None:
    """Publish earthquakes with the time they became known; Ctrl-C ends it.

    The summary feed of the USGS tells new earthquakes, its FDSN service revisions and deletions.
    Every revision is kept. After an outage FDSN tells what was missed. Set MAGWATCH_INGEST_CONTACT,
    so that the USGS can write to you.

    QuakeML needs the extra `quakeml`. With --metrics-port /readyz is good while the broker and one
    of the services answer.

    \b
    Example:
      magwatch quakes
      magwatch quakes --once
      magwatch quakes --from-catalogue quakes.csv --delay 1200
    """
    settings = load_settings(broker=broker)
    require_topics(settings, "quakes")
    configure_logs(settings)
    if catalogue is not None:
        topic = settings.topic("quakes")
        news, of = publish_catalogue(settings, catalogue, delay_s)
        click.echo(f"{news:,} of {of:,} earthquakes to {topic}, the others were there")
        return
    with health_server(settings, metrics_port) as health:
        failures = follow_usgs(settings, health, once=once)
    if failures:
        raise Refused("; ".join(failures))
