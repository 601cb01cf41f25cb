"""`magwatch broker`."""

from __future__ import annotations

import signal
from threading import Event

import click

from monitor.errors import Refused
from monitor.kafka.embedded_broker import embedded_broker
from monitor.kafka.topics import create_topics
from monitor.settings import load_settings

WATCH_S = 0.5


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=9092, show_default=True)
def broker(port: int) -> None:
    """Run the embedded broker and create the topics; its data are lost when it stops.

    For trials on one machine. In production use Apache Kafka (docker-compose.yml).

    \b
    Example:
      magwatch broker --port 9092
    """
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with embedded_broker(port) as running:
        create_topics(load_settings(broker=running.address))
        click.echo(f"broker at {running.address}, topics created; Ctrl-C stops it")
        while not stop.wait(WATCH_S):
            if running.process.poll() is not None:
                raise Refused(f"the broker ended by itself (status {running.process.returncode})")
