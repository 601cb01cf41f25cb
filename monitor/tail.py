"""Reads a topic outside any group, with kafka-python: for people and programs that look on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from monitor.errors import Refused
from monitor.security import client_security
from monitor.settings import Settings
from monitor.topics import missing_topics, unreachable

POLL_MS = 500


def tail(
    settings: Settings, name: str, *, from_beginning: bool, follow: bool, since_ms: int = 0
) -> Iterator[list[bytes]]:
    """Values of a topic, poll by poll; a poll may bring none.

    Parameters
    ----------
    settings
        Where the broker is.
    name
        Name of the topic without its prefix.
    from_beginning
        Begin with what the topic holds; else with what comes.
    follow
        Go on for ever; else stop at the end that the topic had at the beginning.
    since_ms
        Leave out what the broker took before this, where it can tell; from the beginning only.

    Raises
    ------
    Refused
        If the topic or the broker is not there.
    """
    topic = settings.topic(name)
    if topic in missing_topics(settings):
        raise Refused(f"no topic {topic}: create it (`magwatch topics`)")
    try:
        with closing(_consumer(settings)) as consumer:
            yield from _polls(consumer, topic, since_ms if from_beginning else None, follow=follow)
    except KafkaError as error:
        raise unreachable(settings, error) from None


def _polls(
    consumer: KafkaConsumer, topic: str, since_ms: int | None, *, follow: bool
) -> Iterator[list[bytes]]:
    numbers = sorted(consumer.partitions_for_topic(topic) or ())
    partitions = [TopicPartition(topic, number) for number in numbers]
    consumer.assign(partitions)
    (consumer.seek_to_end if since_ms is None else consumer.seek_to_beginning)(*partitions)
    if since_ms:
        for partition, place in consumer.offsets_for_times(
            dict.fromkeys(partitions, since_ms)
        ).items():
            if place is not None and place.timestamp >= 0:
                consumer.seek(partition, place.offset)
    ends = consumer.end_offsets(partitions)
    more = True
    while follow or more:
        # Tansu's end may lie inside the last batch: what still comes at once belongs to it.
        more = any(consumer.position(p) < ends[p] for p in partitions)
        batches = consumer.poll(timeout_ms=POLL_MS)
        values = (record.value for records in batches.values() for record in records)
        yield [value for value in values if value is not None]
        more = more or bool(batches)


def _consumer(settings: Settings) -> KafkaConsumer:
    return KafkaConsumer(
        bootstrap_servers=settings.broker.split(","),
        group_id=None,
        enable_auto_commit=False,
        **client_security(settings),
    )
