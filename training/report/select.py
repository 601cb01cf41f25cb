"""Select methods, families and strengths of an evaluation, in their order."""

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec.structs import replace

from geofield.scoring.manifest import Manifest
from training.recipe.stations import share_a_day
from training.results import Cell, Evaluation, Injections

_DECIDED = re.compile(r"^(?:train|validation) (\w+): (.+)$", re.MULTILINE)


class _Judged(Protocol):
    @property
    def method(self) -> str: ...


def methods_of(parts: Iterable[_Judged]) -> list[str]:
    """Methods without duplicates."""
    return list(dict.fromkeys(part.method for part in parts))


def families_of(cells: Iterable[Cell]) -> list[str]:
    """Families without duplicates."""
    return list(dict.fromkeys(cell.family for cell in cells))


def strengths_of(cells: Iterable[Cell]) -> list[float]:
    """Values of signal/noise without duplicates, ascending."""
    return sorted({cell.snr for cell in cells})


def in_any_direction(known: Injections) -> Injections:
    """The injections with only the transients of random direction, which the main tables show."""
    return replace(known, cells=[cell for cell in known.cells if cell.polarization == "random"])


def in_every_direction(known: Injections) -> list[Cell]:
    """Cells of the families and strengths that were judged in several directions."""
    directed = {(c.family, c.snr) for c in known.cells if c.polarization != "random"}
    return [cell for cell in known.cells if (cell.family, cell.snr) in directed]


def on_own_days(known: Injections, manifest: Manifest) -> bool:
    """Whether the station and days are those that the recipe of the model keeps for its test."""
    source = manifest.provenance
    return known.station == source.station and known.days == list(source.test_days)


def was_seen(station: str, days: Sequence[str], manifest: Manifest) -> bool:
    """Whether some of these days of a station trained the model or chose among its seeds."""
    source = manifest.provenance
    seen = [*source.train_days, *source.validation_days] if station == source.station else []
    for code, its_days in _DECIDED.findall(manifest.recipe.get("stations", "")):
        seen += its_days.split(", ") if code == station else []
    return share_a_day(seen, days)


def unseen(evaluation: Evaluation, manifest: Manifest) -> list[Injections]:
    """Judgements at stations and days that decided nothing; the own test days only for want."""
    judged = [
        known
        for known in evaluation.injections
        if not was_seen(known.station, known.days, manifest)
    ]
    return [known for known in judged if not on_own_days(known, manifest)] or judged


def detailed(evaluation: Evaluation, manifest: Manifest) -> list[Injections]:
    """Judgements that are shown with all tables: the own test days, or the only one."""
    judged = evaluation.injections
    own = [known for known in judged if on_own_days(known, manifest)]
    return own or (judged if len(judged) == 1 else [])
