"""IAGA-2002 documents, made in tests."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

START = datetime(2018, 8, 29, 3, tzinfo=UTC)
HEZF = (21_027.30, 16.70, 43_859.30, 48_639.34)


def row(
    number: int = 0,
    values: Sequence[float] = HEZF,
    step_s: float = 1.0,
    start: datetime = START,
    decimals: int = 2,
) -> str:
    """A line of samples as the format has it."""
    at = start + timedelta(seconds=number * step_s)
    clock = at.strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03d}"
    fields = "".join(f" {value:9.{decimals}f}" for value in values)
    return f"{clock} {at.timetuple().tm_yday:03d}   {fields}"


def document(
    rows: Iterable[str],
    elements: Sequence[str] = "HEZF",
    code: str = "TST",
    comments: Iterable[str] = (),
    **header: str,
) -> bytes:
    """A document with these lines; `header` replaces what records say."""
    records = {
        "Format": "IAGA-2002",
        "Source of Data": "Some Institute",
        "Station Name": "Testville",
        "IAGA CODE": code,
        "Geodetic Latitude": "47.928",
        "Geodetic Longitude": "15.862",
        "Elevation": "1000",
        "Reported": "".join(elements),
        "Sensor Orientation": "HEZ",
        "Digital Sampling": "1 second",
        "Data Interval Type": "1-second",
        "Data Type": "variation",
        **{name.replace("_", " "): text for name, text in header.items()},
    }
    lines = [f" {label:<23}{text:<45}|" for label, text in records.items()]
    lines += [f" # {comment:<66}|" for comment in comments]
    columns = "".join(f"{code + element:<10}" for element in elements)
    lines.append(f"{'DATE       TIME         DOY     ' + columns:<69}|")
    return "\n".join([*lines, *rows, ""]).encode("latin-1")
