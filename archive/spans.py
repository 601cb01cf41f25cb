"""Stretches of time in an archive."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LIKE = "a span of time like 2024-03-09T11:15/2024-03-09T11:18 (UTC)"


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when: milliseconds since 1970 UTC, the end exclusive."""

    start_ms: int = 0
    end_ms: int = 2**62

    def __str__(self) -> str:
        return f"{_utc(self.start_ms)}/{_utc(self.end_ms)}"

    def overlaps(self, start_ms: int, end_ms: int) -> bool:
        """Whether it shares a moment with `start_ms` to `end_ms` (exclusive)."""
        return self.start_ms < end_ms and start_ms < self.end_ms


def span_of(text: str) -> Span:
    """An interval of ISO 8601, ``FROM/TO``; moments without an offset are UTC.

    Raises
    ------
    ValueError
        If it is none, or does not end after it begins.
    """
    first, _, last = text.partition("/")
    try:
        span = Span(_ms(first), _ms(last))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is not {_LIKE}") from error
    if span.end_ms <= span.start_ms:
        raise ValueError(f"{text!r} does not end after it begins")
    return span


def _ms(text: str) -> int:
    if "T" not in text:  # whether the last day counts would be anyone's guess
        raise ValueError("no time of day")
    moment = datetime.fromisoformat(text)
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _utc(at_ms: int) -> str:
    return (_EPOCH + timedelta(milliseconds=at_ms)).replace(tzinfo=None).isoformat()
