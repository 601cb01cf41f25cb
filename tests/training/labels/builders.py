from datetime import UTC, datetime

import msgspec
import numpy as np

from archive.catalogue import Catalogue
from geofield.earthquakes.types import Earthquake, Site
from geofield.types import Int64
from training.labels.types import Labels
from training.recipe.labels import LabelRules

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WINDOW_MS = 2 * HOUR_MS
HERE = Site("HER", 20.0, -99.0)
RULES = LabelRules(
    radius="fixed",
    radius_km=300.0,
    magnitude_min=5.0,
    lead_begin_days=7.0,
    guard_days=14.0,
    covered_from_utc="1990-01-01",
    covered_until_utc="2030-01-01",
)


def rules(**changes: object) -> LabelRules:
    return msgspec.structs.replace(RULES, **changes)


def utc_ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def quake(
    time: str | int,
    magnitude: float = 5.5,
    km_north: float = 0.0,
    name: str = "",
    depth: float = 20,
) -> Earthquake:
    """An earthquake so far north of the station HER."""
    time_ms = utc_ms(time) if isinstance(time, str) else time
    latitude = HERE.latitude_deg + np.degrees(km_north / 6371.0)
    return Earthquake(
        time_ms, latitude, HERE.longitude_deg, depth, magnitude, name or f"eq{time_ms}"
    )


def catalogue(*earthquakes: Earthquake) -> Catalogue:
    return Catalogue("made.csv", tuple(sorted(earthquakes)))


def ends(begin: str, until: str, hop_ms: int = HOUR_MS) -> Int64:
    """Ends of the windows that lie between two times."""
    return np.arange(utc_ms(begin) + WINDOW_MS, utc_ms(until) + 1, hop_ms)


def window_ends(labels: Labels, which: np.ndarray) -> list[str]:
    """First and last end of the windows of a class."""
    taken = labels.end_ms[which].astype("datetime64[ms]").astype("datetime64[h]")
    return [str(taken[0]), str(taken[-1])]
