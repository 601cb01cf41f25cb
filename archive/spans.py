"""Stretches of time in an archive, and those that are not to be believed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

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


class _Timed(Protocol):
    @property
    def start_ms(self) -> int: ...
    @property
    def end_ms(self) -> int: ...


def span_of(text: str) -> Span:
    """An interval of ISO 8601, ``FROM/TO``; moments without an offset are UTC.

    Raises
    ------
    ValueError
        If it is none, or ends before it begins.
    """
    first, _, last = text.partition("/")
    try:
        span = Span(_ms(first), _ms(last))
    except ValueError as error:
        raise ValueError(f"{text!r} is not {_LIKE}") from error
    if span.end_ms <= span.start_ms:
        raise ValueError(f"{text!r} ends before it begins")
    return span


def beside(spans: Iterable[Span], parts: Sequence[_Timed]) -> list[Span]:
    """Those in which no recording has a moment: a mistake, if they were to be left out."""
    return [
        span for span in spans if not any(span.overlaps(one.start_ms, one.end_ms) for one in parts)
    ]


def _ms(text: str) -> int:
    if "T" not in text:  # whether the last day counts would be anyone's guess
        raise ValueError("no time of day")
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _utc(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
