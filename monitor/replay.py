"""`magwatch replay`: archive files into the samples topic, at a speed."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import click
from kafka import KafkaProducer
from kafka.errors import KafkaError

from archive.kp import kp_intervals
from archive.recording import Recorded, Recording
from archive.reel import open_stations
from monitor.errors import Refused
from monitor.impf import encode_samples, encode_samples_binary
from monitor.indices import encode_kp
from monitor.payload import BINARY
from monitor.progress import progress_bar
from monitor.security import client_security
from monitor.settings import Settings, load_settings
from monitor.topics import MAX_RECORD_BYTES, admin, unreachable

FLUSH_S = 30.0
ENCODERS: dict[str, tuple[Callable[[Recording], bytes], list[tuple[str, bytes]]]] = {
    "json": (encode_samples, []),
    "binary": (encode_samples_binary, [("content-type", BINARY.encode())]),
}


class Speed(click.ParamType):
    """``max``, or how many times faster than life: ``60x``."""

    name = "speed"

    def convert(
        self, value: str | float | None, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | None:
        """Factor over real time; None is as fast as possible."""
        if value is None or isinstance(value, float):
            return value
        if value == "max":
            return None
        try:
            factor = float(value.removesuffix("x"))
        except ValueError:
            factor = 0.0
        if factor <= 0:
            self.fail(f"{value!r} is neither `max` nor a factor like `60x`", param, ctx)
        return factor


@dataclass(slots=True)
class Sent:
    """What a replay has sent so far."""

    records: int = 0
    samples: int = 0
    failures: list[str] = field(default_factory=list)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--station", help="Send as this IAGA code; else the code in each file.")
@click.option("--speed", type=Speed(), default="60x", show_default=True, help="max, or e.g. 60x.")
@click.option(
    "--record-s",
    type=click.IntRange(1, 86_400),
    default=60,
    show_default=True,
    help="Length of a record in seconds of data.",
)
@click.option(
    "--encoding",
    type=click.Choice(list(ENCODERS)),
    default="json",
    show_default=True,
    help="How samples are written; binary is MessagePack with doubles.",
)
@click.option(
    "--kp/--no-kp", default=True, show_default=True, help="Send the Kp of these days as well."
)
@click.option("--broker", help="Bootstrap servers, host:port[,…]; else MAGWATCH_BROKER.")
def replay(
    files: tuple[Path, ...],
    station: str | None,
    speed: float | None,
    record_s: int,
    encoding: str,
    kp: bool,
    broker: str | None,
) -> None:
    """Send archive files (IAGA-2002, ImagCDF, Parquet) into the samples topic.

    Several stations are interleaved by time. Ctrl-C ends it cleanly: what was sent is sent.

    \b
    Example:
      magwatch replay wic20240509.sec --speed 60x
      magwatch replay *.min --record-s 3600 --speed max
    """
    settings = load_settings(broker=broker)
    recordings = open_stations(files, station)
    records = interleaved(recordings, record_s)
    with closing(open_producer(settings)) as producer:
        if kp:
            send_kp(producer, settings, recordings)
        with progress_bar("samples") as bar:
            task = bar.add_task("replay", total=sum(map(len, recordings)))
            sent = Sent()
            try:
                due = paced(records, speed)
                send(producer, settings, due, sent, lambda n: bar.advance(task, n), encoding)
            except KeyboardInterrupt:
                click.echo("interrupted", err=True)
            flush(producer, settings, sent)
    click.echo(f"{sent.samples:,} samples in {sent.records:,} records to {settings.broker}")


def interleaved(recordings: Iterable[Recorded], record_s: int) -> Iterator[Recording]:
    """Records of all stations in the order in which they would have been sent."""
    streams = (
        recording.records(max(record_s * 1000 // recording.cadence_ms, 1))
        for recording in recordings
    )
    return heapq.merge(*streams, key=lambda record: record.end_ms)


def paced(records: Iterable[Recording], speed: float | None) -> Iterator[Recording]:
    """Hold each record back until its last sample's time has come at the given speed."""
    if speed is None:
        yield from records
        return
    began_s, origin_ms = time.monotonic(), None
    for record in records:
        origin_ms = record.start_ms if origin_ms is None else origin_ms
        due_s = began_s + (record.end_ms - origin_ms) / 1000 / speed
        time.sleep(max(due_s - time.monotonic(), 0.0))
        yield record


def send(
    producer: KafkaProducer,
    settings: Settings,
    records: Iterable[Recording],
    sent: Sent,
    advance: Callable[[int], object],
    encoding: str = "json",
) -> None:
    """Send records, keyed by station; failures are collected in `sent`."""
    topic = settings.topic("samples")
    encode, headers = ENCODERS[encoding]
    for record in records:
        try:
            future = producer.send(topic, encode(record), record.station.encode(), headers=headers)
        except KafkaError as error:
            raise unreachable(settings, error) from None
        future.add_errback(lambda error: sent.failures.append(str(error)))
        sent.records += 1
        sent.samples += len(record)
        advance(len(record))


def send_kp(producer: KafkaProducer, settings: Settings, recordings: Iterable[Recorded]) -> None:
    """Send the observed Kp of the recordings' days, each value known from its interval's end."""
    topic = settings.topic("indices")
    for recording in recordings:
        intervals = kp_intervals(recording.start_ms, recording.end_ms)
        if not intervals:
            click.echo(f"no Kp known for {recording.station}: alerts stay `unknown`", err=True)
            continue
        try:
            producer.send(topic, encode_kp(intervals), b"Kp").get(FLUSH_S)
        except KafkaError as error:
            raise unreachable(settings, error) from None


def open_producer(settings: Settings) -> KafkaProducer:
    """An idempotent producer that waits for all replicas.

    Raises
    ------
    BrokerUnreachable
        If no broker answers.
    Refused
        If it answers and refuses the login or the certificate.
    """
    admin(settings).close()  # a producer would wait, and not say for what
    try:
        return KafkaProducer(
            bootstrap_servers=settings.broker.split(","),
            linger_ms=20,
            max_request_size=MAX_RECORD_BYTES,
            **client_security(settings),
        )
    except (KafkaError, OSError, ValueError) as error:
        raise unreachable(settings, error) from None


def flush(producer: KafkaProducer, settings: Settings, sent: Sent) -> None:
    """Wait until all is on the broker.

    Raises
    ------
    Refused
        If something is not.
    """
    try:
        producer.flush(FLUSH_S)
    except KafkaError as error:
        sent.failures.append(str(error))
    if sent.failures:
        raise Refused(
            f"{len(sent.failures)} records were not taken by {settings.broker}: "
            f"{sent.failures[0]}; are the topics there (`magwatch topics`)?"
        )
