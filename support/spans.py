"""Spans of time in an archive."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from geofield.utc import datetime_of, moment_ms, time_ms

_DAY = timedelta(days=1)
_LIKE = (
    "a span of time like 2024-03-09T11:15/2024-03-09T11:18, a day like 2024-03-09 or days like "
    "2024-03-09/2024-03-11 (UTC)"
)


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time in milliseconds since 1970 UTC, the end exclusive."""

    start_ms: int = -(2**62)
    end_ms: int = 2**62

    def __str__(self) -> str:
        return f"{_utc(self.start_ms)}/{_utc(self.end_ms)}"

    def overlaps(self, start_ms: int, end_ms: int) -> bool:
        """Whether the span overlaps the time from `start_ms` to `end_ms` (exclusive)."""
        return self.start_ms < end_ms and start_ms < self.end_ms


def span_of(text: str) -> Span:
    """Parse a span: moments ``FROM/TO``, a day, or days ``FIRST/LAST`` with the last included.

    The format is ISO 8601. Days, and moments without an offset, are UTC.

    Raises
    ------
    ValueError
        If the text is no span, or does not end after it begins.
    """
    first, slash, last = text.partition("/")
    try:
        if "T" in text:
            span = Span(_moment_ms(first), _moment_ms(last))
        else:
            after = _midnight(last if slash else first) + _DAY
            span = Span(moment_ms(_midnight(first)), moment_ms(after))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is not {_LIKE}") from error
    if span.end_ms <= span.start_ms:
        raise ValueError(f"{text!r} does not end after it begins")
    return span


def _moment_ms(text: str) -> int:
    if "T" not in text:  # a day beside a moment is ambiguous: it may belong to the span or not
        raise ValueError("no time of day")
    return time_ms(text)


def _midnight(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), time(), UTC)


def _utc(at_ms: int) -> str:
    return datetime_of(at_ms).replace(tzinfo=None).isoformat()
