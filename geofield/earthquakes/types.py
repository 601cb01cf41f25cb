"""An earthquake and a station."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Earthquake:
    """An earthquake of a catalogue.

    Attributes
    ----------
    time_ms
        Origin time, milliseconds since 1970 UTC.
    latitude_deg, longitude_deg
        Epicentre, north and east positive.
    depth_km, magnitude
        Values of the catalogue; all kinds of magnitude count alike.
    event_id
        Id in the catalogue.
    """

    time_ms: int
    latitude_deg: float
    longitude_deg: float
    depth_km: float
    magnitude: float
    event_id: str


@dataclass(frozen=True, slots=True)
class Site:
    """Position of a station: IAGA code, degrees north and east."""

    station: str
    latitude_deg: float
    longitude_deg: float
