"""Reads a topic with aiokafka, the client beneath Faust, and does nothing with it; prints JSON.

Run by `python -m bench.pipeline` as ``python -m bench.consume BROKER TOPIC RECORDS``.
"""

import asyncio
import json
import os
import sys
import time

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.usage import usage
from monitor.kafka.topic_reader import partitions_of
from monitor.worker.faust_app import FETCH_BYTES

BATCH = 1000
LEAST_S = 2.0


async def consume(broker: str, topic: str, expected: int) -> dict[str, float]:
    """Read it all, timed from the first batch, and again until it has taken long enough."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker, max_partition_fetch_bytes=FETCH_BYTES)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, one) for one in await partitions_of(consumer, topic)]
        consumer.assign(partitions)
        count, seconds, cpu_s = 0, 0.0, 0.0
        while seconds < LEAST_S:
            await consumer.seek_to_beginning(*partitions)
            first = passed = await _taken(consumer)
            began_s, cpu_began_s = time.perf_counter(), time.process_time()
            while passed < expected:
                passed += await _taken(consumer)
            count += passed - first
            seconds += time.perf_counter() - began_s
            cpu_s += time.process_time() - cpu_began_s
        peak_mb = usage(os.getpid()).peak_mb
    finally:
        await consumer.stop()
    return {"records": count, "seconds": seconds, "cpu_s": cpu_s, "peak_mb": peak_mb}


async def _taken(consumer: AIOKafkaConsumer) -> int:
    """How many records one call brings; 0 never."""
    count = 0
    while not count:
        batches = await consumer.getmany(timeout_ms=1000, max_records=BATCH)
        count = sum(map(len, batches.values()))
    return count


if __name__ == "__main__":
    print(json.dumps(asyncio.run(consume(sys.argv[1], sys.argv[2], int(sys.argv[3])))))
