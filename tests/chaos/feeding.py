"""Records into the samples topic, spread over time, while something else happens."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from threading import Event, Thread

from kafka import KafkaProducer

from tests.monitor.workers import Site

PATIENCE_S = 120.0  # for the feeder, once the storm is over
PRODUCER_PATIENCE_MS = 300_000  # for the broker, while it goes on


@contextmanager
def feeding(site: Site, records: Sequence[tuple[bytes, bytes]], seconds: float) -> Iterator[Event]:
    """Send the records, spread over so long, from a thread; the event is set when all are in.

    At the end of the block what is left is sent at once.
    """
    done, gone_on = Event(), Event()
    failure: list[BaseException] = []
    # Connected while the broker is well. One request at a time: without idempotence, a repetition
    # must not overtake.
    producer = KafkaProducer(
        bootstrap_servers=site.settings.broker,
        max_in_flight_requests_per_connection=1,
        max_block_ms=PRODUCER_PATIENCE_MS,
        delivery_timeout_ms=PRODUCER_PATIENCE_MS,
    )

    def feed() -> None:
        try:
            _feed(producer, site.settings.topic("samples"), records, seconds, gone_on)
            done.set()
        except BaseException as error:
            failure.append(error)

    thread = Thread(target=feed, daemon=True)
    thread.start()
    try:
        yield done
    finally:
        gone_on.set()  # a feeder that is still at it does not wait any longer
        thread.join(PATIENCE_S)
    if failure:
        raise failure[0]


def _feed(
    producer: KafkaProducer,
    topic: str,
    records: Sequence[tuple[bytes, bytes]],
    seconds: float,
    hurry: Event,
) -> None:
    began_s = time.monotonic()
    with closing(producer):
        futures = []
        for number, (key, value) in enumerate(records):
            due_s = began_s + number / len(records) * seconds
            hurry.wait(max(due_s - time.monotonic(), 0))
            futures.append(producer.send(topic, value, key))
        for future in futures:
            future.get(PATIENCE_S)
