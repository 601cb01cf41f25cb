"""A long archive made of one real day, for measurements only: no figure of skill may rest on it.

The day is the Conrad Observatory's of 29 August 2018, which geomagpy installs. Every day of the
archive is that one turned about the vertical, each component with a sign of its own, and with noise
below the quietest background added, so that no two are equal. Each begins and ends at the station's
level: there is no step at midnight that no observatory has.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet

from archive.recording import Recording
from geofield.types import Float64
from geofield.utc import DAY_MS, datetime_of

FIRST_DAY = date(2023, 1, 1)
STATION = "SYN"
ELEMENTS = ("H", "E", "Z")
_NOISE_NT = 0.02
_PER_NT = 1000
_ABOUT = {
    "station": f"{STATION} synthetic, from one real day of the Conrad Observatory",
    "components": ", ".join(f"{name} nT" for name in ELEMENTS),
    "scale": f"integer columns are value*{_PER_NT}; null = missing",
    "source": "synthetic: 2018-08-29 of WIC, turned and with noise, once for each day",
}


def synthetic_days(source: Recording, count: int, seed: int = 0) -> Iterator[Recording]:
    """Days of H, E, Z from `FIRST_DAY` on, each of them made of the day that `source` is.

    Parameters
    ----------
    source
        A whole day in H, E, Z.
    count
        How many days.
    seed
        The same seed gives the same days.
    """
    rng = np.random.default_rng(seed)
    level_nt, departure_nt = _level_and_departure(source)
    start_ms = int(datetime.combine(FIRST_DAY, datetime.min.time(), UTC).timestamp() * 1000)
    for number in range(count):
        turned_nt = departure_nt @ _turn(rng)
        field_nt = level_nt + turned_nt + rng.normal(0, _NOISE_NT, departure_nt.shape)
        rounded_nt = np.round(field_nt, 2)
        elements = {name: rounded_nt[:, column] for column, name in enumerate(ELEMENTS)}
        yield Recording(STATION, start_ms + number * DAY_MS, source.cadence_ms, elements)


def write_archive(folder: Path, days: Iterable[Recording]) -> list[Path]:
    """Write one Parquet file for each month, as `archive.observatory` reads them."""
    paths = []
    for month, own in groupby(days, key=lambda day: _date(day).strftime("%Y-%m")):
        paths.append(folder / f"{STATION}_{month}.parquet")
        schema = pyarrow.schema(
            [("time", pyarrow.timestamp("ms")), *((name, pyarrow.int32()) for name in ELEMENTS)],
            metadata=_ABOUT,
        )
        with pyarrow.parquet.ParquetWriter(paths[-1], schema) as writer:
            for day in own:
                writer.write_table(_table(day, schema))
    return paths


def _level_and_departure(source: Recording) -> tuple[Float64, Float64]:
    """Level [3] and departure from it [n, 3], nothing at both ends; gaps are bridged."""
    columns = []
    for name in ELEMENTS:
        values = source.elements[name]
        position = np.arange(len(values))
        known = ~np.isnan(values)
        columns.append(np.interp(position, position[known], values[known]))
    field_nt = np.stack(columns, axis=1)
    level_nt = np.median(field_nt, axis=0)
    return level_nt, field_nt - np.linspace(field_nt[0], field_nt[-1], len(field_nt))


def _turn(rng: np.random.Generator) -> Float64:
    """About the vertical by any angle, and a sign for each component: [3, 3]."""
    angle = rng.uniform(0, 2 * np.pi)
    sine, cosine = np.sin(angle), np.cos(angle)
    turn = np.array([[cosine, sine, 0.0], [-sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    return np.asarray(turn * rng.choice([-1.0, 1.0], 3))


def _date(day: Recording) -> datetime:
    return datetime_of(day.start_ms)


def _table(day: Recording, schema: pyarrow.Schema) -> pyarrow.Table:
    times_ms = day.start_ms + day.cadence_ms * np.arange(len(day))
    columns = [np.rint(day.elements[name] * _PER_NT).astype(np.int32) for name in ELEMENTS]
    return pyarrow.table([times_ms.astype("datetime64[ms]"), *columns], schema=schema)
