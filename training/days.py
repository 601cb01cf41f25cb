"""UTC days as recipes name them."""

from datetime import UTC, datetime

from geofield.windows import DAY_MS
from training.section import RecipeRefused


def span_ms(days: str) -> tuple[int, int]:
    """``2024-03-08`` or ``2002-01-01/2005-12-31`` as milliseconds since 1970, end exclusive.

    Raises
    ------
    RecipeRefused
        If that is no date or no span of dates.
    """
    first, _, last = days.partition("/")
    start_ms, end_ms = _midnight_ms(first), _midnight_ms(last or first) + DAY_MS
    if end_ms <= start_ms:
        raise RecipeRefused(f"{days!r} ends before it begins")
    return start_ms, end_ms


def utc_day(at_ms: int) -> str:
    """The UTC date of a moment, ``2024-03-08``."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()


def _midnight_ms(day: str) -> int:
    try:
        midnight = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise RecipeRefused(f"{day!r} is not a date like 2024-03-13") from error
    return int(midnight.timestamp() * 1000)
