"""Times of samples to places on the grid of their cadence."""

from dataclasses import dataclass

import numpy as np

from geofield.types import Float64, Int64

# A year of days of which a few are there is an archive; one wrong century is not.
MAX_STRETCH = 100


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Where samples lie on a regular grid.

    Attributes
    ----------
    start_ms
        Time of the first place, a multiple of the cadence.
    cadence_ms
        Distance of the places.
    length
        Their number.
    position
        Shape [n]: place of each sample; None where the samples are the places, one after another.
    """

    start_ms: int
    cadence_ms: int
    length: int
    position: Int64 | None = None

    @property
    def end_ms(self) -> int:
        """Time just after the last place (exclusive)."""
        return self.start_ms + self.length * self.cadence_ms

    def placed(self, values: Float64) -> Float64:
        """Values [n] in their places; NaN where there is no sample."""
        if self.position is None:
            return values
        gridded = np.full(self.length, np.nan)
        gridded[self.position] = values
        return gridded


def grid_of(times_ms: Int64) -> Grid:
    """The grid of samples at these times [n], in any order.

    Raises
    ------
    ValueError
        If they have no cadence, no order, or no end.
    """
    if len(times_ms) < 2:
        raise ValueError("a single sample has no cadence")
    steps_ms = np.diff(times_ms)
    first_ms = int(steps_ms[0])
    if first_ms > 0 and times_ms[0] % first_ms == 0 and (steps_ms == first_ms).all():
        return Grid(int(times_ms[0]), first_ms, len(times_ms))
    return _irregular(times_ms, steps_ms)


def _irregular(times_ms: Int64, steps_ms: Int64) -> Grid:
    if np.isnat(times_ms.view("datetime64[ms]")).any():
        raise ValueError("a sample has no time")
    cadence_ms = int(np.quantile(steps_ms, 0.5, method="lower"))  # a step that occurs
    if cadence_ms <= 0:
        raise ValueError("the times do not increase")
    start_ms = round(int(times_ms.min()) / cadence_ms) * cadence_ms
    position = np.rint((times_ms - start_ms) / cadence_ms).astype(np.int64)
    length = int(position.max()) + 1
    if length - 1 > MAX_STRETCH * len(position):
        raise ValueError("its times are too far apart to be one recording")
    return Grid(start_ms, cadence_ms, length, position)
