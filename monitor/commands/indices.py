"""`magwatch indices`: Kp, Dst and Hp30 into their topic, from their services or from a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import click
from kafka.errors import KafkaError

from archive.kp import kp_intervals
from geofield.indices import KP, IndexInterval
from geofield.utc import time_ms
from monitor.errors import Refused
from monitor.http.probes import health_server
from monitor.index_feed.services import BY_DEFAULT, NAMES, run_poller
from monitor.kafka.sending import producing
from monitor.kafka.topics import require_topics, unreachable
from monitor.logs import configure_logs
from monitor.records.indices import encode_index
from monitor.settings import Settings, load_settings

PART = 1000  # values in a record
SEND_S = 30.0


@click.command()
@click.option("--broker", help="Bootstrap servers, host:port[,…]; else MAGWATCH_BROKER.")
@click.option(
    "--source",
    "sources",
    type=click.Choice(NAMES),
    multiple=True,
    default=BY_DEFAULT,
    show_default=True,
    help="Service to poll, several times for several.",
)
@click.option("--once", is_flag=True, help="Poll once and stop; exit code 1 if any failed.")
@click.option("--from-table", metavar="START/END", help="Publish archive Kp of these days instead.")
@click.option(
    "--delay",
    "delay_s",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="With --from-table: seconds from an interval's end until its value counts as known.",
)
@click.option("--metrics-port", type=int, help="Port of /readyz and /healthz; else none.")
def indices(
    broker: str | None,
    sources: tuple[str, ...],
    once: bool,
    from_table: str | None,
    delay_s: float,
    metrics_port: int | None,
) -> None:
    """Publish Kp (GFZ, NOAA) and Dst (Kyoto) with the time they became known; Ctrl-C ends it.

    With --source gfz-hp30 GFZ's Hp30, which has a value for each half hour. It goes into scores and
    alerts and decides no class.

    Only new and revised values of intervals that are over are published. Where two services tell
    the same interval, the one known later counts. --from-table needs the extra `archive` and no
    network.

    A service that fails is asked again, and the others are polled as if it were not there. With
    --once it is tried three times in all, once if it asks for a pause of over a minute; what the
    others tell is published, the failures are named in one line, and the exit code is 1.

    With --metrics-port /readyz is good while the broker and at least one of the services answer.

    \b
    Example:
      magwatch indices
      magwatch indices --source gfz --once
      magwatch indices --source gfz --source kyoto --source gfz-hp30
      magwatch indices --from-table 2024-05-09/2024-05-13 --delay 900
    """
    settings = load_settings(broker=broker)
    span = _span(from_table) if from_table else None
    require_topics(settings, "indices")
    if span:
        click.echo(_publish_table(settings, *span, delay_s))
        return
    configure_logs(settings)
    with health_server(settings, metrics_port) as health:
        failures = run_poller(settings, sources, health, once=once)
    if failures:
        raise Refused("; ".join(failures))


def _publish_table(settings: Settings, start_ms: int, end_ms: int, delay_s: float) -> str:
    late_ms = round(delay_s * 1000)
    intervals = [replace(kp, known_ms=kp.end_ms + late_ms) for kp in kp_intervals(start_ms, end_ms)]
    if not intervals:
        raise Refused("--from-table: the table has no observed Kp of these days")
    topic = settings.topic("indices")
    with producing(settings) as producer:
        try:
            for part in _parts(intervals):
                producer.send(topic, encode_index(KP, part), b"Kp").get(SEND_S)
        except KafkaError as error:
            raise unreachable(settings, error) from None
    return f"{len(intervals):,} values of Kp, known {delay_s:g} s after their intervals, to {topic}"


def _parts(intervals: list[IndexInterval]) -> Iterator[list[IndexInterval]]:
    return (intervals[begin : begin + PART] for begin in range(0, len(intervals), PART))


def _span(text: str) -> tuple[int, int]:
    try:
        begin, end = text.split("/")
        span = time_ms(begin), time_ms(end)
    except ValueError:
        raise click.UsageError(
            f"--from-table: {text!r} is not like 2024-05-09/2024-05-13"
        ) from None
    if span[0] >= span[1]:
        raise click.UsageError("--from-table: the end must be after the start")
    return span
