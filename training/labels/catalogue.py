"""Reads earthquake catalogues: ComCat's CSV and GeoJSON, and QuakeML."""

import gzip
import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.labels.columns import columns, near_pairs
from training.labels.formats import (
    CatalogueRefused,
    Entry,
    csv_entries,
    geojson_entries,
    quakeml_entries,
)
from training.labels.types import Earthquake

_READERS: dict[str, Callable[[bytes], Iterator[Entry]]] = {
    ".csv": csv_entries,
    ".json": geojson_entries,
    ".geojson": geojson_entries,
    ".xml": quakeml_entries,
    ".quakeml": quakeml_entries,
}
_SAME_MS, _SAME_KM, _SAME_MAGNITUDE = 16_000, 100.0, 0.5
_MAGNITUDES = (-3.0, 10.0)
_DEPTHS_KM = (-10.0, 1000.0)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Earthquakes in order of time.

    Attributes
    ----------
    name
        Of the file.
    earthquakes
        Each once; never empty.
    left_out
        How many entries are no earthquakes or have no magnitude.
    repeated
        How many entries were of an earthquake that was there already.
    """

    name: str
    earthquakes: tuple[Earthquake, ...]
    left_out: int = 0
    repeated: int = 0


def read_catalogue(path: Path) -> Catalogue:
    """Read a catalogue; the format is recognised by the name, ``.gz`` after it is undone.

    An entry counts as the same earthquake as an earlier one if it has its id, or is within 16 s,
    100 km and 0.5 magnitude of it (the same event in two agencies' solutions).

    Raises
    ------
    CatalogueRefused
        If the file is missing, is none of these formats, or an entry in it is impossible.
    ExtraMissing
        For QuakeML without the extra `quakeml`.
    """
    read = _READERS.get(Path(path.name.lower().removesuffix(".gz")).suffix)
    if read is None:
        raise CatalogueRefused(
            f"{path}: the name must end in {', '.join(_READERS)}, with .gz if it is compressed"
        )
    try:
        entries = list(read(_content(path)))
        found = [_earthquake(entry) for entry in entries if _counts(entry)]
    except CatalogueRefused as error:
        raise CatalogueRefused(f"{path}: {error}") from error
    if not found:
        raise CatalogueRefused(f"{path}: there is no earthquake with a magnitude in it")
    once = _once(sorted(found, key=lambda one: (one.time_ms, one.event_id)))
    return Catalogue(path.name, once, len(entries) - len(found), len(found) - len(once))


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix.lower() == ".gz" else content
    except (EOFError, zlib.error) as error:
        raise CatalogueRefused(f"not readable as gzip ({error})") from error
    except OSError as error:
        raise CatalogueRefused(str(error.strerror or error)) from error


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
    """A name for an entry without one: parts of some catalogues have no ids."""
    origin = np.datetime64(entry.time_ms, "ms").astype("datetime64[s]")
    return f"{origin}Z {entry.latitude_deg:.2f} {entry.longitude_deg:.2f}"


def _once(earthquakes: list[Earthquake]) -> tuple[Earthquake, ...]:
    quakes = columns(earthquakes)
    earlier, later = near_pairs(quakes, _SAME_MS, _SAME_KM)
    alike = np.abs(quakes.magnitude[earlier] - quakes.magnitude[later]) <= _SAME_MAGNITUDE
    repeated = set(later[alike].tolist())
    by_id: dict[str, Earthquake] = {}
    for position, one in enumerate(earthquakes):
        if position not in repeated:
            by_id.setdefault(one.event_id, one)
    return tuple(by_id.values())
