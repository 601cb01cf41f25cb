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
    count, seconds, cpu_s = 0, 0.0, 0.0
    while seconds < LEAST_S:
        consumer.assign(start)
        first = passed = _taken(consumer)
        began_s, cpu_began_s = time.perf_counter(), time.process_time()
        while passed < expected:
            passed += _taken(consumer)
        count += passed - first
        seconds += time.perf_counter() - began_s
        cpu_s += time.process_time() - cpu_began_s
    peak_mb = usage(os.getpid()).peak_mb
    consumer.close()
    found = {"records": count, "seconds": seconds, "cpu_s": cpu_s, "peak_mb": peak_mb}
    print(json.dumps(found))


def _taken(consumer: Any) -> int:
    """How many records one call brings; 0 never."""
    count = 0
    while not count:
        count = len(consumer.consume(BATCH, timeout=FULL_WITHIN_S))
    return count


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
