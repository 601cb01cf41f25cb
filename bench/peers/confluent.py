"""Reads a topic with confluent-kafka and does nothing with it; prints JSON.

Run by `python -m bench.pipeline` as ``python -m bench.peers.confluent BROKER TOPIC RECORDS``.
"""

import json
import os
import sys
import time
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from bench.usage import usage

BATCH = 1000
LEAST_S = 2.0
FULL_WITHIN_S = 0.05


def main(broker: str, topic: str, expected: int) -> None:
    """Read it all, timed from the first batch, and again until it has taken long enough."""
    settings = {"bootstrap.servers": broker, "group.id": "unused", "enable.auto.commit": False}
    consumer = Consumer(settings)
    numbers = consumer.list_topics(topic).topics[topic].partitions
    start = [TopicPartition(topic, number, 0) for number in numbers]
    count, seconds, before = 0, 0.0, usage(os.getpid())
    while seconds < LEAST_S:
        consumer.assign(start)
        first = passed = _taken(consumer)
        began_s = time.perf_counter()
        while passed < expected:
            passed += _taken(consumer)
        count += passed - first
        seconds += time.perf_counter() - began_s
    after = usage(os.getpid())
    consumer.close()
    cpu_s = after.cpu_s - before.cpu_s
    found = {"records": count, "seconds": seconds, "cpu_s": cpu_s, "peak_mb": after.peak_mb}
    print(json.dumps(found))


def _taken(consumer: Any) -> int:
    """How many records one call brings; 0 never."""
    count = 0
    while not count:
        count = len(consumer.consume(BATCH, timeout=FULL_WITHIN_S))
    return count


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
