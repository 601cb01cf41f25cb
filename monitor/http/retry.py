"""Pauses before requests to other servers are repeated."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_RETRY_AFTER_S = 3600.0
YEARS = range(1970, 2200)  # of plausible dates, whose sums with others stay in range


@dataclass(slots=True)
class Backoff:
    """Pauses that double up to a limit, each shortened by a random part of up to a half.

    Attributes
    ----------
    first_s, most_s
        First and longest pause, before they are shortened.
    chance
        Returns random numbers from 0 to 1, so that many clients do not retry at the same moment.
    """

    first_s: float = 1.0
    most_s: float = 60.0
    chance: Callable[[], float] = random.random
    _pauses: int = 0  # since the last reset

    def pause_s(self, retry_after_s: float | None = None) -> float:
        """The next pause, at least as long as the server asked for."""
        pause_s = min(self.first_s * 2.0**self._pauses, self.most_s)
        self._pauses = min(self._pauses + 1, 64)
        return max(pause_s * (1.0 - self.chance() / 2), retry_after_s or 0.0)

    def reset(self) -> None:
        """Start with the first pause again."""
        self._pauses = 0


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The wait that a `Retry-After` (seconds or date) asks for, at most an hour; None without."""
    text = headers.get("Retry-After", "").strip()
    digits = text.isascii() and text.isdecimal()
    wait_s = float(text) if digits else _until_s(text, headers.get("Date"))
    return None if wait_s is None else min(max(wait_s, 0.0), LONGEST_RETRY_AFTER_S)


def _until_s(moment: str, server_time: str | None) -> float | None:
    """Seconds until an HTTP date, by the server's clock if known, else this machine's."""
    until = http_date(moment)
    now = http_date(server_time or "") or datetime.now(UTC)
    return None if until is None else (until - now).total_seconds()


def http_date(text: str) -> datetime | None:
    """An HTTP date as UTC; None if it is malformed or its year implausible."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):  # only ValueError is documented
        return None
    if moment.year not in YEARS:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
