"""Partition that a key hashes to."""

from __future__ import annotations

from functools import lru_cache

from aiokafka.partitioner import murmur2

MOST_KEYS = 65_536  # cached; a sender may invent any number


@lru_cache(MOST_KEYS)
def home_of(key: bytes, partitions: int) -> int:
    """Partition of a key, as the Java and Python clients choose it (murmur2)."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)
