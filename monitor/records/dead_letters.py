"""Dead letters: refused records as they came, with the reason in their headers.

A refused record may have any size. A dead letter omits a key or value that no broker would take,
and says so in a header.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from geofield.utc import utc
from monitor.kafka.producer import Outgoing
from monitor.kafka.topics import MAX_RECORD_BYTES
from monitor.records.sample_decoder import RawRecord, Rejected
from monitor.records.scores_and_alerts import DeadLetterHeaders

MAX_KEY_BYTES = 64 * 1024
LARGE_BYTES = 512 * 1024  # half of what a broker takes by default
MAX_DETAIL_CHARACTERS = 1000


def dead_letter(record: RawRecord, why: Rejected, topic: str) -> Outgoing:
    """The dead letter of a refused record; `topic` is the full name of the dead-letter topic."""
    about = DeadLetterHeaders(
        reason=why.reason,
        detail=why.detail[:MAX_DETAIL_CHARACTERS],
        topic=record.topic,
        partition=str(record.partition),
        offset=str(record.offset),
        time=_moment(record.timestamp_ms),
        content_type=record.content_type or None,
    )
    fields: dict[str, str] = msgspec.to_builtins(about)
    headers = tuple((name, text.encode(errors="replace")) for name, text in fields.items())
    letter = Outgoing(topic, record.key, record.value, headers)
    if len(letter.key or b"") > MAX_KEY_BYTES:
        letter = _without_key(letter)
    if len(letter.value or b"") > MAX_RECORD_BYTES:
        letter = _without_value(letter)
    return letter


def smaller(item: Outgoing, topic: str) -> Outgoing:
    """A record to `topic` without its large value; any other record unchanged."""
    large = len(item.value or b"") >= LARGE_BYTES
    return _without_value(item) if large and item.topic == topic else item


def _without_value(letter: Outgoing) -> Outgoing:
    note = ("value-left-out", str(len(letter.value or b"")).encode())
    return replace(letter, value=None, headers=(*letter.headers, note))


def _without_key(letter: Outgoing) -> Outgoing:
    note = ("key-left-out", str(len(letter.key or b"")).encode())
    return replace(letter, key=None, headers=(*letter.headers, note))


def _moment(timestamp_ms: int) -> str:
    """ISO 8601 in UTC of a sender's timestamp, or its number if it is out of range."""
    try:
        return utc(timestamp_ms) if timestamp_ms >= 0 else ""
    except OverflowError:
        return str(timestamp_ms)
