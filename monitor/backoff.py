"""How long to wait before asking another server again."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_RETRY_AFTER_S = 3600.0


@dataclass(slots=True)
class Backoff:
    """Pauses that double up to a limit, each shortened by chance by up to a half.

    Attributes
    ----------
    first_s, most_s
        Before chance: the first pause, and the longest.
    chance
        Gives numbers from 0 to 1; many clients of a server must not come back at one moment.
    """

    first_s: float = 1.0
    most_s: float = 60.0
    chance: Callable[[], float] = random.random
    _pauses: int = 0

    def pause_s(self, retry_after_s: float | None = None) -> float:
        """The next pause; at least what the server asked for."""
        pause_s = min(self.first_s * 2.0**self._pauses, self.most_s)
        self._pauses = min(self._pauses + 1, 64)
        return max(pause_s * (1.0 - self.chance() / 2), retry_after_s or 0.0)

    def reset(self) -> None:
        """Begin with the first pause again."""
        self._pauses = 0


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """What a `Retry-After` asks for, in seconds or as a date, at most an hour; None without one."""
    text = headers.get("Retry-After", "").strip()
    wait_s = float(text) if text.isdecimal() else _until_s(text, headers.get("Date"))
    return None if wait_s is None else min(max(wait_s, 0.0), LONGEST_RETRY_AFTER_S)


def _until_s(moment: str, server_time: str | None) -> float | None:
    """Seconds until a HTTP date by the server's own clock, else by this machine's."""
    until = http_date(moment)
    now = http_date(server_time or "") or datetime.now(UTC)
    return None if until is None else (until - now).total_seconds()


def http_date(text: str) -> datetime | None:
    """A HTTP date as UTC; None if it is none."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
