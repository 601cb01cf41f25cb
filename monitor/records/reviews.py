"""The review topic: what observers said of alerts. A review changes no alert.

Key: the alert's id, so the later word on an alert replaces the earlier one for readers of the
newest. The topic keeps the earlier ones too, as it keeps the versions of alerts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, TypeAlias, get_args

import msgspec

from geofield.utc import time_ms, utc
from monitor.records.kinds import AlertId, StationCode, UtcTime

REVIEW_SCHEMA = 1
MOST_NOTE, MOST_NAME = 500, 80  # characters
MOST_BYTES = 16 * 1024  # of a record
REVIEW_HEADERS = (("content-type", b"application/json"),)
Verdict: TypeAlias = Literal["natural", "man-made", "instrument", "unclear"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
NOT_OF_THE_FIELD = frozenset({"man-made", "instrument"})


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an observer says of an alert, as it was typed."""

    verdict: Verdict
    by: str
    note: str = ""


class ReviewRecord(msgspec.Struct, frozen=True):
    """What an observer said of an alert, who it was and when.

    `station`, `start` and `end` are those of the alert as it was then. `note` and `by` are
    text as it was typed, on one line; it is no markup, and readers escape it.
    """

    schema_version: int
    alert_id: AlertId
    verdict: Verdict
    note: Annotated[str, msgspec.Meta(max_length=MOST_NOTE)]
    by: Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_NAME)]
    reviewed: UtcTime
    station: StationCode
    start: UtcTime
    end: UtcTime


_decoder = msgspec.json.Decoder(ReviewRecord)


def review_of(
    alert_id: str, station: str, span_ms: tuple[int, int], said: Said, at_ms: int
) -> ReviewRecord:
    """The review of an alert, whose span is in ms since 1970, at the time `at_ms`.

    Raises
    ------
    ValueError
        If a text is too long, has a character that cannot be printed, or nobody says it.
    """
    return ReviewRecord(
        REVIEW_SCHEMA,
        alert_id,
        said.verdict,
        one_line("the note", said.note, MOST_NOTE),
        one_line("the name", said.by, MOST_NAME, least=1),
        utc(at_ms),
        station,
        utc(span_ms[0]),
        utc(span_ms[1]),
    )


def one_line(what: str, text: str, most: int, least: int = 0) -> str:
    """Text without space around it.

    Raises
    ------
    ValueError
        If it has more than `most` characters, fewer than `least`, or one that cannot be printed.
    """
    text = text.strip()
    if len(text) > most:
        raise ValueError(f"{what} has {len(text):,} characters, at most {most} are taken")
    if len(text) < least:
        raise ValueError(f"{what} is empty")
    if not text.isprintable():
        raise ValueError(f"{what} has a line break or another control character")
    return text


def encode_review(record: ReviewRecord) -> tuple[bytes, bytes]:
    """Key and value of a record of the review topic."""
    return record.alert_id.encode(), msgspec.json.encode(record)


def decode_review(value: bytes) -> ReviewRecord:
    """A record of the review topic.

    Raises
    ------
    ValueError
        If the bytes are none, or a time or text of it is none.
    RecursionError
        If they are nested too deep.
    """
    if len(value) > MOST_BYTES:
        raise ValueError(f"{len(value):,} bytes are more than the {MOST_BYTES:,} of a review")
    record = _decoder.decode(str(value, "utf-8"))  # msgspec skips the text of unknown fields
    if record.schema_version != REVIEW_SCHEMA:
        raise ValueError(f"schema_version is {record.schema_version}, known is {REVIEW_SCHEMA}")
    for text in (record.reviewed, record.start, record.end):
        time_ms(text)
    one_line("the note", record.note, MOST_NOTE)
    one_line("the name", record.by, MOST_NAME, least=1)
    return record


def newest_reviews(records: Iterable[ReviewRecord]) -> Mapping[str, ReviewRecord]:
    """The last review of each alert, by its id, given reviews in the order of their topic."""
    return {record.alert_id: record for record in records}
