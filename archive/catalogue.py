"""Read earthquake catalogues: CSV and GeoJSON of ComCat, and QuakeML."""

import gzip
import io
import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archive.catalogue_formats import (
    CatalogueRefused,
    Entry,
    csv_entries,
    geojson_entries,
    quakeml_entries,
)
from archive.files import MIB, FileRefused, contents
from geofield.earthquakes.columns import columns, near_pairs
from geofield.earthquakes.types import Earthquake

_READERS: dict[str, Callable[[bytes], Iterator[Entry]]] = {
    ".csv": csv_entries,
    ".json": geojson_entries,
    ".geojson": geojson_entries,
    ".xml": quakeml_entries,
    ".quakeml": quakeml_entries,
}
_MOST_BYTES = 1024 * MIB
_SAME_MS, _SAME_KM, _SAME_MAGNITUDE = 16_000, 100.0, 0.5
_MAGNITUDES = (-3.0, 10.0)
_DEPTHS_KM = (-10.0, 1000.0)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Earthquakes in order of time.

    Attributes
    ----------
    name
        Name of the file.
    earthquakes
        Earthquakes without duplicates; never empty.
    left_out
        Number of entries that are no earthquakes or have no magnitude.
    repeated
        Number of duplicate entries.
    """

    name: str
    earthquakes: tuple[Earthquake, ...]
    left_out: int = 0
    repeated: int = 0


def read_catalogue(path: Path) -> Catalogue:
    """Read a catalogue, whose file name gives the format; ``.gz`` files are unpacked.

    An entry is a duplicate of an earlier one if it has the same id, or is within 16 s, 100 km and
    0.5 magnitude of it (the same event in the solutions of two agencies).

    Raises
    ------
    CatalogueRefused
        If the file is missing, has another format, or contains an impossible entry.
    ExtraMissing
        If the file is QuakeML and the extra `quakeml` is not installed.
    """
    read = _READERS.get(Path(path.name.lower().removesuffix(".gz")).suffix)
    if read is None:
        raise CatalogueRefused(
            f"{path}: the name must end in {', '.join(_READERS)}, with .gz if it is compressed"
        )
    content = _content(path)
    try:
        entries = list(read(content))
        quakes = [_earthquake(entry) for entry in entries if _counts(entry)]
    except CatalogueRefused as error:
        raise CatalogueRefused(f"{path}: {error}") from error
    if not quakes:
        raise CatalogueRefused(f"{path}: there is no earthquake with a magnitude in it")
    unique = _unique(sorted(quakes, key=lambda quake: (quake.time_ms, quake.event_id)))
    return Catalogue(path.name, unique, len(entries) - len(quakes), len(quakes) - len(unique))


def _content(path: Path) -> bytes:
    try:
        content = contents(path, _MOST_BYTES)
    except FileRefused as error:
        raise CatalogueRefused(str(error)) from error
    if path.suffix.lower() != ".gz":
        return content
    try:
        unpacked = gzip.GzipFile(fileobj=io.BytesIO(content)).read(_MOST_BYTES + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise CatalogueRefused(f"{path}: not readable as gzip ({error})") from error
    if len(unpacked) > _MOST_BYTES:
        raise CatalogueRefused(f"{path}: it unpacks to over {_MOST_BYTES // MIB:,} MiB")
    return unpacked


def _counts(entry: Entry) -> bool:
    return entry.kind in {"", "earthquake"} and not math.isnan(entry.magnitude)


def _earthquake(entry: Entry) -> Earthquake:
    _in_range(entry.where, "latitude", entry.latitude_deg, (-90.0, 90.0))
    _in_range(entry.where, "longitude", entry.longitude_deg, (-180.0, 360.0))
    _in_range(entry.where, "magnitude", entry.magnitude, _MAGNITUDES)
    if not math.isnan(entry.depth_km):
        _in_range(entry.where, "depth", entry.depth_km, _DEPTHS_KM)
    longitude_deg = entry.longitude_deg - 360.0 * (entry.longitude_deg > 180.0)
    return Earthquake(
        entry.time_ms,
        entry.latitude_deg,
        longitude_deg,
        entry.depth_km,
        entry.magnitude,
        entry.event_id or _made_up_id(entry),
    )


def _in_range(where: str, name: str, value: float, limits: tuple[float, float]) -> None:
    low, high = limits
    if not low <= value <= high:
        raise CatalogueRefused(f"{where}: {name} {value:g} is not within {low:g} to {high:g}")


def _made_up_id(entry: Entry) -> str:
    """Id of an entry without one: some catalogues lack ids in part."""
    origin = np.datetime64(entry.time_ms, "ms").astype("datetime64[s]")
    return f"{origin}Z {entry.latitude_deg:.2f} {entry.longitude_deg:.2f}"


def _unique(earthquakes: list[Earthquake]) -> tuple[Earthquake, ...]:
    quakes = columns(earthquakes)
    earlier, later = near_pairs(quakes, _SAME_MS, _SAME_KM)
    alike = np.abs(quakes.magnitude[earlier] - quakes.magnitude[later]) <= _SAME_MAGNITUDE
    repeated = set(later[alike].tolist())
    by_id: dict[str, Earthquake] = {}
    for position, quake in enumerate(earthquakes):
        if position not in repeated:
            by_id.setdefault(quake.event_id, quake)
    return tuple(by_id.values())
