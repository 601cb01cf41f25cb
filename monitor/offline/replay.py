"""Replay of recordings into the samples topic, at a chosen speed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import click
from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from archive.kp import kp_intervals
from archive.kp_file import KpFile
from archive.recording import Recorded, Recording
from geofield.indices import KP
from monitor.errors import Refused
from monitor.kafka.topics import unreachable
from monitor.records.indices import encode_index
from monitor.records.sample_encoder import encode_samples, encode_samples_binary
from monitor.records.sample_payloads import BINARY
from monitor.settings import Settings

FLUSH_S, INTERRUPTED_S = 30.0, 3.0


ENCODERS: dict[str, tuple[Callable[[Recording], bytes], list[tuple[str, bytes]]]] = {
    "json": (encode_samples, []),
    "binary": (encode_samples_binary, [("content-type", BINARY.encode())]),
}


@dataclass(slots=True)
class Sent:
    """Counts of what a replay has sent."""

    records: int = 0
    samples: int = 0
    failures: list[str] = field(default_factory=list)  # messages


def send(
    producer: KafkaProducer,
    settings: Settings,
    records: Iterable[Recording],
    sent: Sent,
    advance: Callable[[int], object],
    encoding: str = "json",
) -> None:
    """Send records with their stations as keys; count them and collect failures in `sent`."""
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


def send_kp(
    producer: KafkaProducer,
    settings: Settings,
    recordings: Iterable[Recorded],
    kp_file: KpFile | None = None,
) -> None:
    """Send the observed Kp of the recordings, as known from the end of each interval."""
    topic = settings.topic("indices")
    for recording in recordings:
        intervals = kp_intervals(recording.start_ms, recording.end_ms, kp_file)
        if not intervals:
            click.echo(f"no Kp known for {recording.station}: alerts stay `unknown`", err=True)
            continue
        try:
            producer.send(topic, encode_index(KP, intervals), b"Kp").get(FLUSH_S)
        except KafkaError as error:
            raise unreachable(settings, error) from None


def flush(
    producer: KafkaProducer, settings: Settings, sent: Sent, seconds: float = FLUSH_S
) -> None:
    """Wait until the broker has all records.

    Raises
    ------
    Refused
        If it lacks some.
    """
    try:
        producer.flush(seconds)
    except KafkaTimeoutError:
        raise Refused(
            f"{settings.broker} has not confirmed all records in {seconds:g} s: it may lack some"
        ) from None
    except KafkaError as error:
        sent.failures.append(str(error))
    if sent.failures:
        raise Refused(
            f"{len(sent.failures)} records were not taken by {settings.broker}: "
            f"{sent.failures[0]}; are the topics there (`magwatch topics`)?"
        )
