"""`magwatch indices`: Kp and Dst into the index topic, from their services or from a table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import click
from kafka.errors import KafkaError

from archive.kp import kp_intervals
from geofield.indices import KpInterval
from monitor.errors import Refused
from monitor.index_feed.services import NAMES, run_poller
from monitor.indices import encode_kp
from monitor.logs import configure_logs
from monitor.records import time_ms
from monitor.settings import Settings, load_settings
from monitor.topics import missing_topics, unreachable

PART = 1000  # values in a record
SEND_S = 30.0


@click.command()
@click.option("--broker", help="Bootstrap servers, host:port[,…]; else MAGWATCH_BROKER.")
@click.option(
    "--source",
    "sources",
    type=click.Choice(NAMES),
    multiple=True,
    default=NAMES,
    show_default=True,
    help="Service to poll, several times for several.",
)
@click.option("--once", is_flag=True, help="Poll once and stop; exit code 1 if a source failed.")
@click.option("--from-table", metavar="START/END", help="Publish archive Kp of these days instead.")
@click.option(
    "--delay",
    "delay_s",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="With --from-table: seconds from an interval's end until its value counts as known.",
)
def indices(
    broker: str | None, sources: tuple[str, ...], once: bool, from_table: str | None, delay_s: float
) -> None:
    """Publish Kp (GFZ, NOAA) and Dst (Kyoto) with the time they became known; Ctrl-C ends it.

    Only new and revised values of intervals that are over are published. Where two services tell
    the same interval, the one known later counts. --from-table needs the extra `archive` and no
    network.

    \b
    Example:
      magwatch indices
      magwatch indices --source gfz --once
      magwatch indices --from-table 2024-05-09/2024-05-13 --delay 900
    """
    settings = load_settings(broker=broker)
    span = _span(from_table) if from_table else None
    if (topic := settings.topic("indices")) in missing_topics(settings):
        raise Refused(f"no topic {topic}: create it (`magwatch topics`)")
    if span:
        click.echo(_publish_table(settings, *span, delay_s))
        return
    configure_logs(settings.log_format, settings.log_level)
    if failures := run_poller(settings, sources, once=once):
        raise Refused("; ".join(failures))


def _publish_table(settings: Settings, start_ms: int, end_ms: int, delay_s: float) -> str:
    from monitor.replay import open_producer  # noqa: PLC0415 - loads the archive readers

    late_ms = round(delay_s * 1000)
    intervals = [replace(kp, known_ms=kp.end_ms + late_ms) for kp in kp_intervals(start_ms, end_ms)]
    if not intervals:
        raise Refused("--from-table: the table has no observed Kp of these days")
    topic = settings.topic("indices")
    with closing(open_producer(settings)) as producer:
        try:
            for part in _parts(intervals):
                producer.send(topic, encode_kp(part), b"Kp").get(SEND_S)
        except KafkaError as error:
            raise unreachable(settings, error) from None
    return f"{len(intervals):,} values of Kp, known {delay_s:g} s after their intervals, to {topic}"


def _parts(intervals: list[KpInterval]) -> Iterator[list[KpInterval]]:
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
