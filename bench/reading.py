"""How fast a day of one sample a second is read, beside geomagpy, the field's own library.

Run it with ``python -m bench.reading`` (part of `make bench`). Both read the same files in turn, in
one process; reading ends with samples on their grid, in nT and degrees.
"""

import gzip
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from archive.observatory import read_file
from bench.report import Row, publish, spread
from tests.data import conrad
from tests.geomagpy_reader import read_with_geomagpy

DAY = "example5.sec"
STORM = "example4.cdf"
SAMPLES = {DAY: 86_400, STORM: 345_600}
READERS: dict[str, Callable[[Path], object]] = {
    "magwatch": read_file,
    "geomagpy": read_with_geomagpy,
}


def seconds(read: Callable[[Path], object], path: Path) -> float:
    """How long one reading takes."""
    began_s = time.perf_counter()
    read(path)
    return time.perf_counter() - began_s


def rows(files: Iterable[tuple[str, Path, int]], repeats: int) -> list[Row]:
    """A row for each file (what it is, where, how many samples) and reader."""
    found: list[Row] = []
    for what, path, samples in files:
        taken_s = {
            name: [seconds(read, path) for _ in range(repeats)] for name, read in READERS.items()
        }
        geomagpy_s = min(taken_s["geomagpy"])
        found += [
            {
                "file": what,
                "reader": name,
                "seconds": spread(times_s),
                "samples/s": samples / min(times_s),
                "of geomagpy's time": min(times_s) / geomagpy_s,
            }
            for name, times_s in taken_s.items()
        ]
    return found


@click.command()
@click.option("--repeats", type=click.IntRange(1), default=5, show_default=True)
@click.option("--quick", is_flag=True, help="A try: once each.")
def main(repeats: int, quick: bool) -> None:
    """Read a day of IAGA-2002, the same packed, and four days of ImagCDF, with both readers.

    \b
    Example:
      python -m bench.reading --repeats 3
    """
    repeats = 1 if quick else repeats
    day = conrad(DAY)
    with TemporaryDirectory() as folder:
        packed = Path(folder) / f"{DAY}.gz"
        packed.write_bytes(gzip.compress(day.read_bytes()))
        files = [
            ("IAGA-2002, a day at 1 Hz", day, SAMPLES[DAY]),
            ("the same, gz", packed, SAMPLES[DAY]),
            ("ImagCDF, four days at 1 Hz", conrad(STORM), SAMPLES[STORM]),
        ]
        publish(
            "reading",
            rows(files, repeats),
            {"repeats": repeats},
            "seconds: median (fastest-slowest); the rates are those of the fastest.",
        )


if __name__ == "__main__":
    main()
