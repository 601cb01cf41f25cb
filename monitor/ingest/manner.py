"""How the samples of a source count, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(slots=True)
class SampleCounts:
    """Counts of the samples of one recording, by what became of them."""

    new: int = 0
    filled: int = 0  # in what had been a gap
    corrected: int = 0
    duplicate: int = 0
    late: int = 0  # older than the memory: left out
    missing: int = 0

    def items(self) -> Iterator[tuple[str, int]]:
        """Names and numbers."""
        return ((name, getattr(self, name)) for name in self.__slots__)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a source's samples count.

    Attributes
    ----------
    nulls_stand
        Whether a null says that there is no value, as in a station's own message. In the answer of
        a service it may say that the value has not come yet.
    corrects
        Whether a value may replace another one; a second source and a backfill only fill gaps.
    """

    nulls_stand: bool = True
    corrects: bool = True


PUSHED, POLLED = Manner(), Manner(nulls_stand=False)
FILLS = Manner(nulls_stand=False, corrects=False)
