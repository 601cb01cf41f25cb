"""Sends one sample a second from every station, each at a moment of its own, at the pace of life.

Run by `python -m bench.live` as ``python -m bench.sender ORDER``, an `Order` in JSON. Kafka's time
of each record is the moment of its sending, and the file that is written holds the same, in
milliseconds since 1970: shape [seconds, stations].
"""

import sys
import time
from contextlib import closing

import msgspec
import numpy as np
from kafka import KafkaProducer

from bench.feed import Feed
from geofield.types import Int64

LINGER_MS = 5
EARLY_S = 0.001  # a shorter sleep would not be kept


class Order(msgspec.Struct, frozen=True):
    """What to send.

    Attributes
    ----------
    start_ms
        Time of a feed's sample 0.
    first
        Number of the sample that station 0 sends first; station n is ``n % delays`` behind it.
    begin_s
        When to begin, seconds since 1970.
    out
        The file to write.
    """

    broker: str
    topic: str
    stations: int
    seconds: int
    start_ms: int
    first: int
    delays: int
    begin_s: float
    out: str


def send(
    producer: KafkaProducer, topic: str, feed: Feed, firsts: Int64, seconds: int, begin_s: float
) -> Int64:
    """Send `seconds` of samples, the first of each station being that of its number in `firsts`."""
    stations = len(feed.codes)
    sent_ms = np.zeros((seconds, stations), dtype=np.int64)
    for second in range(seconds):
        for number in range(stations):
            key, value = feed.record(number, int(firsts[number]) + second, 1)
            early_s = begin_s + second + number / stations - time.time()
            if early_s > EARLY_S:
                time.sleep(early_s)
            now_ms = round(time.time() * 1000)
            producer.send(topic, value, key, timestamp_ms=now_ms)
            sent_ms[second, number] = now_ms
    producer.flush()
    return sent_ms


def main(order: Order) -> None:
    """Send, then write down when."""
    feed = Feed.of(order.stations, order.start_ms)
    firsts = order.first - np.arange(order.stations) % order.delays
    with closing(KafkaProducer(bootstrap_servers=order.broker, linger_ms=LINGER_MS)) as producer:
        sent_ms = send(producer, order.topic, feed, firsts, order.seconds, order.begin_s)
    np.save(order.out, sent_ms)


if __name__ == "__main__":
    main(msgspec.json.decode(sys.argv[1], type=Order))
