"""The time that a report is about."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from geofield.utc import DAY_MS, moment_ms
from monitor.dashboard.past.folder import days_between

YESTERDAY = "yesterday"


@dataclass(frozen=True, slots=True)
class Period:
    """A UTC day or month: its name, such as 2026-01-04 or 2026-01, begin and end."""

    name: str
    span_ms: tuple[int, int]

    @property
    def days(self) -> tuple[str, ...]:
        """Its dates."""
        return tuple(days_between(*self.span_ms))

    @property
    def is_day(self) -> bool:
        """Whether it is a single day."""
        return self.span_ms[1] - self.span_ms[0] == DAY_MS

    @property
    def kind(self) -> str:
        """What it is called."""
        return "day" if self.is_day else "month"


def day_of(text: str, now: datetime) -> Period:
    """A date such as ``2026-01-04``, or ``yesterday``; raises `ValueError` if it is none."""
    if text == YESTERDAY:
        at = now.astimezone(UTC) - timedelta(days=1)
    else:
        at = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    start_ms = moment_ms(at.replace(hour=0, minute=0, second=0, microsecond=0))
    return Period(f"{at:%Y-%m-%d}", (start_ms, start_ms + DAY_MS))


def month_of(text: str) -> Period:
    """A month such as ``2026-01``; raises `ValueError` if it is none."""
    begin = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    days = calendar.monthrange(begin.year, begin.month)[1]
    start_ms = moment_ms(begin)
    return Period(f"{begin:%Y-%m}", (start_ms, start_ms + days * DAY_MS))
