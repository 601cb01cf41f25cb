"""UTC days and spans of days in recipes."""

from datetime import UTC, datetime

from geofield.utc import DAY_MS
from training.recipe.section import RecipeRefused


def span_ms(days: str) -> tuple[int, int]:
    """Begin and end (exclusive) of ``2024-03-08`` or ``2002-01-01/2005-12-31``, ms since 1970 UTC.

    Raises
    ------
    RecipeRefused
        If the text is no date or span of dates.
    """
    first, _, last = days.partition("/")
    start_ms, end_ms = _midnight_ms(first), _midnight_ms(last or first) + DAY_MS
    if end_ms <= start_ms:
        raise RecipeRefused(f"{days!r} ends before it begins")
    return start_ms, end_ms


def _midnight_ms(day: str) -> int:
    try:
        midnight = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise RecipeRefused(f"{day!r} is not a date like 2024-03-13") from error
    return int(midnight.timestamp() * 1000)
