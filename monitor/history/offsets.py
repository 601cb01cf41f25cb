"""How far each topic is in the files. It is kept beside them, so that a folder is whole by itself.

A consumer group would know it of one folder only, and forget it after a week without a process.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import structlog
from aiokafka import TopicPartition

from archive.files import FileRefused
from monitor.history.store import Store

PATH = "_offsets.json"  # readers of Hive's layout leave out names that begin with _
log = structlog.get_logger("magwatch.history")


class TopicOffsets(msgspec.Struct, frozen=True):
    """Offset after the last record in the files by partition, of the topic with an id."""

    id: str
    partitions: dict[str, int]


Noted = dict[str, TopicOffsets]  # by full name of the topic
_decode = msgspec.json.Decoder(Noted).decode


def noted(store: Store) -> Noted:
    """The offsets of a store; empty for a new one.

    Raises
    ------
    FileRefused
        If they cannot be read.
    """
    content = store.read(PATH)
    try:
        return _decode(content) if content else {}
    except msgspec.DecodeError as error:
        raise FileRefused(
            f"{PATH}: {error}: delete it, and the topics are read from their begin"
        ) from error


def note(store: Store, ids: Mapping[str, str], offsets: Mapping[TopicPartition, int]) -> None:
    """Write the offsets of all partitions, after the files. Raises `CannotWrite`."""
    by_topic: dict[str, dict[str, int]] = {}
    for partition, offset in sorted(offsets.items()):
        by_topic.setdefault(partition.topic, {})[str(partition.partition)] = offset
    content = {name: TopicOffsets(ids[name], numbers) for name, numbers in by_topic.items()}
    store.write(PATH, msgspec.json.encode(content))


def first_offsets(
    before: Noted, ids: Mapping[str, str], ends: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    """Offset to begin with by partition: that after the files, or 0 if the topic is another one."""
    first: dict[TopicPartition, int] = {}
    for partition, end in ends.items():
        known = before.get(partition.topic)
        offset = known.partitions.get(str(partition.partition), 0) if known else 0
        if known and (known.id != ids[partition.topic] or offset > end):
            log.warning("the topic was created anew, beginning with it", topic=partition.topic)
            offset = 0
        first[partition] = offset
    return first
