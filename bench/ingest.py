"""One message a second from each of 500 stations through mosquitto and `magwatch ingest`.

Run it with ``python -m bench.ingest``; it prints a table: processor and memory of ingest, and the
time from the publication of a message until Kafka has its record.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

import click
import msgspec
import numpy as np
from aiokafka import TopicPartition

from archive.recording import Recording
from bench.feed import codes
from bench.usage import usage
from geofield.utc import time_ms
from monitor.errors import Refused
from monitor.kafka.embedded_broker import free_port
from monitor.kafka.topic_reader import open_consumer, partitions_of, read_to_end
from monitor.kafka.topics import create_topics
from monitor.settings import Settings, load_settings
from support.table import plain_table, print_table
from tests.brokers import apache_kafka
from tests.monitor.ingest.mosquitto import Mosquitto, impf, publisher

WARM_S, READY_S = 5, 60.0
MAIN_NT = {"X": 21_000.0, "Y": 500.0, "Z": 44_000.0}


@dataclass(frozen=True)
class IngestCost:
    """What the stations cost, and how late their records are."""

    messages: int
    lost: int
    cpu_share: float
    peak_mb: float
    delays_s: tuple[float, float, float]  # median, p99, longest
    restart_s: float  # until it is ready again, knowing what the topic has


def measured(folder: Path, broker: str, stations: int, seconds: int) -> IngestCost:
    """Publish for some seconds and look at the process and at the topic."""
    settings = load_settings(broker=broker, topic_prefix="bench.")
    create_topics(settings)
    names = codes(stations)
    with Mosquitto(folder / "mosquitto") as mosquitto:
        with running(folder, settings, mosquitto.port, names) as process:
            messages = published_messages(mosquitto.port, names, WARM_S + seconds)
            published = dict(islice(messages, WARM_S * len(names)))
            before, began_s = usage(process.pid), time.monotonic()
            counted = dict(messages)
            after, took_s = usage(process.pid), time.monotonic() - began_s
            time.sleep(2.0)
        began_s = time.monotonic()
        with running(folder, settings, mosquitto.port, names):
            restart_s = time.monotonic() - began_s
        arrived = asyncio.run(arrivals(settings))
    delays_s = np.array([arrived[key] - counted[key] for key in arrived.keys() & counted.keys()])
    low, high, longest = np.quantile(delays_s, [0.5, 0.99, 1.0]).tolist()
    return IngestCost(
        len(counted),
        len((published | counted).keys() - arrived.keys()),
        (after.cpu_s - before.cpu_s) / took_s,
        after.peak_mb,
        (low, high, longest),
        restart_s,
    )


@contextmanager
def running(
    folder: Path, settings: Settings, port: int, names: list[str]
) -> Iterator[subprocess.Popen[bytes]]:
    """An ingest of these stations that is ready."""
    file, probes = folder / "stations.toml", free_port()
    tables = (
        f'[{name}]\nfrom = "mqtt://127.0.0.1:{port}/impf/{name.lower()}/pt1s/1/+"\n'
        for name in names
    )
    file.write_text("".join(tables))
    environment = {"MAGWATCH_BROKER": settings.broker, "MAGWATCH_TOPIC_PREFIX": "bench."}
    with (folder / "ingest.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "monitor", "ingest", str(file), "--metrics-port", str(probes)],
            env=os.environ | environment,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_until_ready(f"http://127.0.0.1:{probes}/readyz")
        yield process
    finally:
        process.terminate()
        process.wait(15)


def _wait_until_ready(url: str) -> None:
    deadline_s = time.monotonic() + READY_S
    while time.monotonic() < deadline_s:
        with suppress(OSError), urlopen(url, timeout=1):  # noqa: S310 - 503 is an OSError too
            return
        time.sleep(0.1)
    raise Refused(f"{url} was never ready")


def published_messages(
    port: int, names: list[str], seconds: int
) -> Iterator[tuple[tuple[str, int], float]]:
    """Publish evenly over each second; yield station and time of each message, and when it was."""
    generator, first_ms = np.random.default_rng(1), round(time.time()) * 1000
    with publisher(port, "bench") as client:
        began_s = time.monotonic()
        for number in range(seconds * len(names)):
            second, station = divmod(number, len(names))
            at_ms = first_ms + second * 1000
            values = {n: np.round(v + generator.normal(0, 0.1, 1), 2) for n, v in MAIN_NT.items()}
            topic, body = impf(Recording(names[station], at_ms, 1000, values))
            time.sleep(max(began_s + number / len(names) - time.monotonic(), 0.0))
            published_s = time.time()
            client.publish(topic, body, 1)
            yield (names[station], at_ms), published_s
        time.sleep(1.0)


async def arrivals(settings: Settings) -> dict[tuple[str, int], float]:
    """When Kafka took the record of each station and time, seconds since 1970."""
    topic = settings.topic("samples")
    found: dict[tuple[str, int], float] = {}
    async with open_consumer(settings) as consumer:
        partitions = [TopicPartition(topic, n) for n in await partitions_of(consumer, topic)]
        async for records in read_to_end(consumer, partitions):
            for record in records:
                value = msgspec.json.decode(record.value)
                start_ms = time_ms(value["startDate"])
                for number in range(len(value["geomagneticFieldX"])):
                    key = (value["iagaCode"], start_ms + 1000 * number)
                    found.setdefault(key, record.timestamp / 1000)
    return found


@click.command()
@click.option("--stations", default=500, show_default=True)
@click.option("--seconds", default=60, show_default=True)
def main(stations: int, seconds: int) -> None:
    """Measure ingest on Apache Kafka."""
    with TemporaryDirectory() as name, apache_kafka(Path(name)) as broker:
        cost = measured(Path(name), broker, stations, seconds)
    table = plain_table(["what"], ["measured"])
    low, high, longest = cost.delays_s
    table.add_row("messages, lost", f"{cost.messages:,}, {cost.lost:,}")
    table.add_row("share of a core", f"{cost.cpu_share:.2f}")
    table.add_row("highest memory, MB", f"{cost.peak_mb:.0f}")
    table.add_row("MQTT to Kafka, s: median, p99, longest", f"{low:.3f}, {high:.3f}, {longest:.3f}")
    table.add_row("started again, s", f"{cost.restart_s:.1f}")
    print_table(table)


if __name__ == "__main__":
    main()
