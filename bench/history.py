"""Size and time of a day file of history, for real days and every encoding that was considered.

With ``--year`` a year of three stations: written, read back, and shown by the page.

``python -m bench.history --help`` says what it takes.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np

from archive.day_samples import TIMES, DayKey, DaySamples, from_parquet, parquet_of
from archive.observatory import read_file
from archive.recording import Recording
from bench.history_year import DAYS, STATIONS, measure
from bench.report import publish
from geofield.series.orientation import orientation_of
from geofield.utc import DAY_MS

ENCODINGS: Mapping[str, tuple[str | None, int]] = {
    "plain, zstd 3": ("PLAIN", 3),
    "plain, zstd 9": ("PLAIN", 9),
    "dictionary, zstd 3": (None, 3),
    "dictionary, zstd 9": (None, 9),
    "byte stream split, zstd 3": ("BYTE_STREAM_SPLIT", 3),
}


def days(paths: Iterable[Path]) -> Iterator[DaySamples]:
    """Every whole day of the files."""
    for path in paths:
        recording = read_file(path)
        for part in recording.records(DAY_MS // recording.cadence_ms):
            if len(part) == DAY_MS // recording.cadence_ms:
                yield _day(part)


def _day(part: Recording) -> DaySamples:
    orientation = orientation_of(frozenset(part.elements))
    day = DaySamples(DayKey(part.station, part.start_ms, part.cadence_ms, orientation))
    day.take(day.key.first, part.elements, np.array(list(part.elements.values())))
    return day


def content_of(day: DaySamples, encoding: str | None, level: int) -> bytes:
    """The file of a day in an encoding of its elements; None is a dictionary."""
    names = list(day.elements)
    chosen = {"use_dictionary": names} if encoding is None else {}
    columns = TIMES if encoding is None else TIMES | dict.fromkeys(names, encoding)
    return parquet_of(day.table(), column_encoding=columns, compression_level=level, **chosen)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--year", is_flag=True, help="Write and show a year of three stations (1 GB).")
def main(files: Iterable[Path], year: bool) -> None:
    """Print a line for each encoding: size, and times to write and to read, over all days.

    \b
    Example:
      python -m bench.history shared/data/1s/*.parquet
      python -m bench.history --year shared/data/1s/HON*.parquet
    """
    found = list(days(files))
    if year:
        _print_year(found)
    else:
        _print_encodings(found)


def _print_year(found: Sequence[DaySamples]) -> None:
    with TemporaryDirectory(prefix="magwatch-year-") as folder:
        rows = measure(found, Path(folder) / "history")
    asked = {"stations": len(STATIONS), "days": DAYS, "real days": len(found)}
    publish("history_year", [row.cells for row in rows], asked, "Days are real ones, shifted.")


def _print_encodings(found: Sequence[DaySamples]) -> None:
    for name, encoding in ENCODINGS.items():
        began_s = time.perf_counter()
        contents = [content_of(day, *encoding) for day in found]
        written_s = time.perf_counter()
        for day, content in zip(found, contents, strict=True):
            from_parquet(day.key, content)
        read_s = time.perf_counter()
        sizes_mb = [len(content) / 1e6 for content in contents]
        click.echo(
            f"{name:26} {len(found)} days: {np.mean(sizes_mb):.2f} MB, at most "
            f"{max(sizes_mb):.2f}; written in {(written_s - began_s) / len(found) * 1e3:.0f} ms, "
            f"read in {(read_s - written_s) / len(found) * 1e3:.0f} ms"
        )


if __name__ == "__main__":
    main()
