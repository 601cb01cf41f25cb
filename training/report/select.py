"""Select methods, families and strengths of an evaluation, in their order."""

from collections.abc import Iterable
from typing import Protocol

from msgspec.structs import replace

from training.results import Cell, Injections


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
