"""Magnetometer samples of one station on a regular time grid."""

import re
from dataclasses import dataclass

from geofield.types import Float64

COMPONENTS = ("H", "E", "Z")
STATION_CODE = re.compile(r"[A-Z][A-Z0-9]{2,3}")


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Consecutive samples.

    Attributes
    ----------
    station
        IAGA code, upper case.
    start_ms
        Time of the first sample, milliseconds since 1970 UTC, a multiple of `cadence_ms`.
    cadence_ms
        Sampling interval.
    field_nt
        Shape [n, 3]: H, E, Z in nT; NaN where missing.

    Raises
    ------
    ValueError
        If `start_ms` is not on the grid, or `field_nt` has another shape.
    """

    station: str
    start_ms: int
    cadence_ms: int
    field_nt: Float64

    def __post_init__(self) -> None:
        if self.cadence_ms <= 0 or self.start_ms % self.cadence_ms:
            raise ValueError(
                f"start {self.start_ms} ms is not on the {self.cadence_ms} ms grid of the samples"
            )
        if self.field_nt.ndim != 2 or self.field_nt.shape[1] != len(COMPONENTS):
            raise ValueError(f"field must have shape [n, 3], not {list(self.field_nt.shape)}")

    def __len__(self) -> int:
        return len(self.field_nt)

    @property
    def first(self) -> int:
        """Number of the first sample on the station's grid, counted from 1970."""
        return self.start_ms // self.cadence_ms

    @property
    def end_ms(self) -> int:
        """Time just after the last sample (exclusive)."""
        return self.start_ms + len(self) * self.cadence_ms

    def part(self, begin: int, end: int) -> "Samples":
        """Samples from index `begin` to `end` (exclusive), as a view."""
        return Samples(
            self.station,
            self.start_ms + begin * self.cadence_ms,
            self.cadence_ms,
            self.field_nt[begin:end],
        )
