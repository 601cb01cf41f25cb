"""The models of the page by their sha256, as alerts name them, with the profiles of stations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archive.model import Model
from geofield.calibration.profile import StationProfile
from geofield.calibration.versions import NOT_TURNED_DEG, Versions, version_at


@dataclass(frozen=True, slots=True)
class PastModel:
    """A model, and the versions of profiles by station."""

    model: Model
    profiles: Mapping[str, Versions]

    def profile(self, station: str, end_ms: int) -> StationProfile | None:
        """Profile of a window that ends at `end_ms`; None without one."""
        return version_at(self.profiles.get(station, ()), end_ms)


PastModels = Mapping[str, PastModel]


def declination_deg(models: PastModels, station: str) -> float:
    """Reference declination of a station, as on the live page."""
    for one in models.values():
        if versions := one.profiles.get(station, ()):
            return versions[0].declination_deg
    return NOT_TURNED_DEG
