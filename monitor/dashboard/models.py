"""The models of the page: a station has an entry for each model that it is scored by.

With one model the code of an entry is the station's, ``WIC``. With several it has the model as
well, ``WIC.ulf-1min``, so that the entries of a station stand under each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from archive.model import Model
from archive.model_names import station_of
from geofield.calibration.profile import StationProfile
from geofield.calibration.versions import version_at
from geofield.series.samples import Samples
from geofield.series.windows import WindowSpec
from monitor.assembly import Assembly
from monitor.dashboard.showable import Unshowable
from monitor.records.sample_decoder import Accepts


@dataclass(frozen=True, slots=True)
class ShownModels:
    """The models of a page that has several, by name; empty for a page with one."""

    by_name: Mapping[str, Assembly] = field(default_factory=dict)

    @property
    def windows(self) -> dict[str, WindowSpec]:
        """Windows of the models."""
        return {name: assembly.rules.window for name, assembly in self.by_name.items()}

    def accepts(self, only: Accepts) -> Sequence[Accepts]:
        """The rules by which records are read; `only` are those of a single model."""
        return [assembly.accepts for assembly in self.by_name.values()] or [only]

    def code_of(self, station: str, model: str) -> str:
        """Code of a station's entry for a model; raises `Unshowable` for an unknown model."""
        if not self.by_name:
            return station
        if model not in self.by_name:
            raise Unshowable(f"model {model[:40]!r} is none of this page's")
        return self.by_name[model].names.of(station)

    def coded(self, samples: Samples) -> Samples:
        """Samples under the code of the entry for the model of their cadence."""
        for assembly in self.by_name.values():
            if assembly.accepts.cadence_ms == samples.cadence_ms:
                return replace(samples, station=assembly.names.of(samples.station))
        return samples

    def codes(self) -> set[str]:
        """Codes of the entries of all stations with a profile."""
        return {
            assembly.names.of(station)
            for assembly in self.by_name.values()
            for station in assembly.rules.profiles
        }

    def behind(self, code: str, end_ms: int) -> tuple[Model, StationProfile | None] | None:
        """Model of an entry, and its profile of the window that ends at `end_ms`."""
        for assembly in self.by_name.values():
            station = station_of(code)
            if assembly.names.of(station) == code:
                versions = assembly.rules.profiles.get(station, ())
                return assembly.model, version_at(versions, end_ms)
        return None


ONE_MODEL = ShownModels()


def shown_models(assemblies: Sequence[Assembly]) -> ShownModels:
    """The models of a page, given the assemblies of its settings."""
    if len(assemblies) == 1:
        return ONE_MODEL
    return ShownModels({assembly.rules.model.name: assembly for assembly in assemblies})
