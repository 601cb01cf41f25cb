"""The samples of a station and UTC day that history keeps, and their Parquet file.

A file is a function of the values alone: the same values give the same bytes, whatever the records
they came in. Encodings are chosen by measurement (`bench.history`): a column of doubles that are
decimals of a few digits compresses better plain than with a dictionary or split into its bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from archive.elements import ANGLES
from archive.files import FileRefused
from archive.grid import nearest_multiple
from geofield.types import Float64, Int64
from geofield.utc import DAY_MS, utc_day
from support.extras import needs

if TYPE_CHECKING:
    import pyarrow

LONGEST_CADENCE_MS = DAY_MS // 2  # a file states its cadence by two samples
SCALARS = "FS"  # may stand beside the vector
TIME = "time"
COMPRESSION = {"compression": "zstd", "compression_level": 3, "use_dictionary": False}
_PARQUET_NAMES = {"float64": "double"}
TIMES = {TIME: "DELTA_BINARY_PACKED"}


@dataclass(frozen=True, slots=True)
class DayKey:
    """What the samples of one file have in common.

    Attributes
    ----------
    station
        IAGA code.
    day_ms
        Midnight, milliseconds since 1970 UTC.
    cadence_ms
        Sampling interval, at most `LONGEST_CADENCE_MS`.
    orientation
        Elements of the vector, such as ``XYZ``.
    offset_ms
        How much later than the multiples of the cadence the samples are stamped.
    """

    station: str
    day_ms: int
    cadence_ms: int
    orientation: str
    offset_ms: int = 0

    @property
    def path(self) -> str:
        """Path of the file in a history, in Hive's layout; its name is unique as well."""
        day, offset = utc_day(self.day_ms), f"{self.offset_ms:+}ms" if self.offset_ms else ""
        return (
            f"samples/cadence_ms={self.cadence_ms}/station={self.station}/day={day}/"
            f"{self.station}-{day}-{self.cadence_ms}ms-{self.orientation}{offset}.parquet"
        )

    @property
    def first(self) -> int:
        """Number of the first place of the day on the station's grid, counted from 1970."""
        return -(-self.day_ms // self.cadence_ms)

    def __len__(self) -> int:
        return -(-(self.day_ms + DAY_MS) // self.cadence_ms) - self.first


@dataclass(frozen=True, slots=True, eq=False)
class DaySamples:
    """Values by element, each of shape [places of the day]: nT, angles in degrees, NaN unknown."""

    key: DayKey
    elements: dict[str, Float64] = field(default_factory=dict)

    def take(self, number: int, elements: Iterable[str], values: Float64) -> None:
        """Put in values [k, n] from sample `number` on; a gap replaces nothing."""
        begin = number - self.key.first
        for name, fresh in zip(elements, values, strict=True):
            if name not in self.elements:
                self.elements[name] = np.full(len(self.key), np.nan)
            target = self.elements[name][begin : begin + len(fresh)]
            np.copyto(target, fresh, where=~np.isnan(fresh))

    def table(self) -> pyarrow.Table | None:
        """The rows from the first known sample to the last; None if none is known."""
        with needs("archive"):
            import pyarrow  # noqa: PLC0415 - needed for Parquet only
        names = [
            name
            for name in self.key.orientation + SCALARS
            if name in self.elements
            and (name in self.key.orientation or not np.isnan(self.elements[name]).all())
        ]
        rows = self._rows(names)
        if rows is None:
            return None
        numbers = self.key.first + np.arange(rows.start, rows.stop)
        times = pyarrow.array(numbers * self.key.cadence_ms + self.key.offset_ms)
        return pyarrow.table(
            {TIME: times.cast(pyarrow.timestamp("ms", "UTC"))}
            | {name: pyarrow.array(self.elements[name][rows], from_pandas=True) for name in names}
        ).replace_schema_metadata(self._about(names))

    def to_parquet(self) -> bytes | None:
        """Content of the file; None if no sample is known."""
        table = self.table()
        return None if table is None else parquet_of(table, column_encoding=TIMES)

    def _rows(self, names: Iterable[str]) -> slice | None:
        known = np.zeros(len(self.key), dtype=bool)
        for name in names:
            known |= ~np.isnan(self.elements[name])
        if not known.any():
            return None
        begin = int(known.argmax())
        stop = len(known) - int(known[::-1].argmax())
        if stop - begin < 2:  # a single sample states no cadence
            begin = min(begin, len(known) - 2)
            stop = begin + 2
        return slice(begin, stop)

    def _about(self, names: Iterable[str]) -> Mapping[str, str]:
        units = (f"{name} {'deg' if name in ANGLES else 'nT'}" for name in names)
        return {"station": self.key.station, "components": ", ".join(units)}


def parquet_of(table: pyarrow.Table, **options: Any) -> bytes:
    """A table as the content of a Parquet file, in the compression of all files of history."""
    with needs("archive"):
        import pyarrow.parquet  # noqa: PLC0415 - needed for Parquet only
    sink = io.BytesIO()
    pyarrow.parquet.write_table(table, sink, write_page_checksum=True, **(COMPRESSION | options))
    return sink.getvalue()


def moments_ms(column: pyarrow.ChunkedArray) -> Int64:
    """Times of a column, ms since 1970 UTC. Raises `ValueError` if one is null or none at all."""
    with needs("archive"):
        import pyarrow  # noqa: PLC0415 - needed for Parquet only
    return numbers_of(column.cast(pyarrow.timestamp("ms", "UTC")).cast("int64"), np.int64)


def numbers_of(column: pyarrow.ChunkedArray, kind: type[np.generic]) -> NDArray[Any]:
    """Numbers of a column of one type, NaN where null; `to_numpy` would import pandas.

    Raises
    ------
    ValueError
        If they are of another type, or whole numbers are null.
    """
    parts: list[NDArray[Any]] = []
    for chunk in column.chunks:
        if str(chunk.type) not in (np.dtype(kind).name, _PARQUET_NAMES.get(np.dtype(kind).name)):
            raise ValueError(f"{chunk.type} where {np.dtype(kind).name} is expected")
        validity, data = chunk.buffers()
        size = np.dtype(kind).itemsize
        values = np.frombuffer(data, kind, len(chunk), chunk.offset * size)
        if chunk.null_count:
            if not np.issubdtype(kind, np.floating):
                raise ValueError("a time is missing")
            bits = np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little")
            known = bits[chunk.offset : chunk.offset + len(chunk)].astype(bool)
            values = np.where(known, values, np.nan)
        parts.append(values)
    return np.concatenate(parts) if parts else np.empty(0, kind)


def from_parquet(key: DayKey, content: bytes) -> DaySamples:
    """Samples of a file that `DaySamples.to_parquet` made.

    Raises
    ------
    FileRefused
        If the content is damaged.
    """
    with needs("archive"):
        import pyarrow.parquet  # noqa: PLC0415 - needed for Parquet only
    day = DaySamples(key)
    try:
        # `read_table` goes through a data set, which takes longer
        file = pyarrow.parquet.ParquetFile(io.BytesIO(content), page_checksum_verification=True)
        table = file.read()
        times_ms = moments_ms(table[TIME])
        first = nearest_multiple(int(times_ms[0]) - key.offset_ms, key.cadence_ms)
        names = [name for name in table.column_names if name != TIME]
        day.take(first, names, np.array([numbers_of(table[name], np.float64) for name in names]))
    except (OSError, LookupError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise FileRefused(f"{key.path}: not readable ({reason})") from error
    return day
