"""Which methods, families and strengths an evaluation holds, in the order of judgement."""

from collections.abc import Iterable
from typing import Protocol

from msgspec.structs import replace

from training.evaluation import Cell, Injections


class _Judged(Protocol):
    @property
    def method(self) -> str: ...


def methods_of(parts: Iterable[_Judged]) -> list[str]:
    """Each method once."""
    return list(dict.fromkeys(part.method for part in parts))


def families_of(cells: Iterable[Cell]) -> list[str]:
    """Each family once."""
    return list(dict.fromkeys(cell.family for cell in cells))


def strengths_of(cells: Iterable[Cell]) -> list[float]:
    """Each signal/noise once, ascending."""
    return sorted({cell.snr for cell in cells})


def in_any_direction(known: Injections) -> Injections:
    """With the transients whose direction is random in space, which the main tables show."""
    return replace(known, cells=[cell for cell in known.cells if cell.polarization == "random"])


def in_every_direction(known: Injections) -> list[Cell]:
    """Cells of the families and strengths that were judged in one direction and another."""
    directed = {(c.family, c.snr) for c in known.cells if c.polarization != "random"}
    return [cell for cell in known.cells if (cell.family, cell.snr) in directed]
