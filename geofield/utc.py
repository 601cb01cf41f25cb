"""Times: milliseconds since 1970 UTC, moments and ISO 8601 text. Nothing here reads a clock."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
DAY_S = 86_400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def datetime_of(time_ms: int) -> datetime:
    """The moment `time_ms` milliseconds after 1970, in UTC.

    Raises
    ------
    OverflowError
        If it lies outside the years 1 to 9999.
    """
    return EPOCH + timedelta(milliseconds=time_ms)


def moment_ms(at: datetime) -> int:
    """Milliseconds since 1970; a time without a zone is UTC.

    Raises
    ------
    ValueError
        If it lies outside the years 1 to 9999 in UTC.
    """
    try:
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{at.isoformat()} is no time in UTC") from None
    return (at - EPOCH) // MILLISECOND


def time_ms(text: str) -> int:
    """Milliseconds since 1970 of an ISO 8601 time; without a zone it is UTC.

    Raises
    ------
    ValueError
        If it is no time.
    """
    return moment_ms(datetime.fromisoformat(text))


@lru_cache(maxsize=4096)  # the windows of all stations end at the same times
def utc(time_ms: int) -> str:
    """ISO 8601 with Z; milliseconds only where there are any."""
    day, in_day_ms = divmod(time_ms, DAY_MS)
    second, rest_ms = divmod(in_day_ms, 1000)
    fraction = f".{rest_ms:03}" if rest_ms else ""
    return f"{_date(day)}T{_time(second)}{fraction}Z"


def utc_day(time_ms: int) -> str:
    """UTC date of a time in milliseconds since 1970, as ``2024-03-08``."""
    return _date(time_ms // DAY_MS)


# Three times stand in every score; nearly all are of few days, and of the same seconds of each.
@lru_cache(maxsize=64)
def _date(day: int) -> str:
    return (EPOCH + timedelta(days=day)).date().isoformat()


@lru_cache(maxsize=8192)
def _time(second: int) -> str:
    return (EPOCH + timedelta(seconds=second)).time().isoformat()
