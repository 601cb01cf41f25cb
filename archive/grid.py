"""Place samples on the regular grid of their cadence."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from geofield.series.stamps import offset_of
from geofield.types import Float64, Int64

# Largest ratio of grid places to samples: an archive may have only a few days of a year, but a
# sample in a wrong century is an error.
MAX_SPARSENESS = 100
MOST_UNEQUAL = 0.01  # share of the steps
_Times = TypeVar("_Times", int, Int64)


@dataclass(frozen=True, slots=True, eq=False)
class SampleGrid:
    """Places of samples on a regular grid.

    Attributes
    ----------
    start_ms
        Time of the first place, a multiple of the cadence.
    cadence_ms
        Distance between places.
    length
        Number of places.
    position
        Shape [n]: place of each sample; None if the samples fill the places in order.
    offset_ms
        How much later than their places the samples are stamped, at most half a cadence.
    repeated
        Number of samples at a place that an earlier one has.
    off_grid
        Number of samples more than a quarter of the cadence away from their places.
    """

    start_ms: int
    cadence_ms: int
    length: int
    position: Int64 | None = None
    offset_ms: int = 0
    repeated: int = 0
    off_grid: int = 0

    @property
    def end_ms(self) -> int:
        """Time just after the last place (exclusive)."""
        return self.start_ms + self.length * self.cadence_ms

    def placed(self, values: Float64) -> Float64:
        """Values [n] on the grid [length]; NaN where there is no sample.

        Of several at one place the last that is known counts.
        """
        if self.position is None:
            return values
        gridded = np.full(self.length, np.nan)
        known = ~np.isnan(values)
        gridded[self.position[known]] = values[known]  # the last assignment stands
        return gridded


def grid_of(times_ms: Int64) -> SampleGrid:
    """Find the grid of samples at these times [n], in the order of the file.

    Samples one cadence apart are complete, wherever in the second or minute they are stamped.

    Raises
    ------
    ValueError
        If there are fewer than two samples, a time is missing, several samples share most times,
        the steps between samples are unequal, or the times are too far apart.
    """
    if not len(times_ms):
        raise ValueError("it has no samples")
    if len(times_ms) < 2:
        raise ValueError("a single sample has no cadence")
    steps_ms = np.diff(times_ms)
    first_ms = int(steps_ms[0])
    if first_ms > 0 and (steps_ms == first_ms).all():
        offset_ms = offset_of(int(times_ms[0]), first_ms)
        start_ms = int(times_ms[0]) - offset_ms
        return SampleGrid(start_ms, first_ms, len(times_ms), offset_ms=offset_ms)
    return _irregular(times_ms, steps_ms)


def _irregular(times_ms: Int64, steps_ms: Int64) -> SampleGrid:
    if np.isnat(times_ms.view("datetime64[ms]")).any():
        raise ValueError("a sample has no time")
    cadence_ms = _cadence_ms(times_ms, steps_ms)
    beside_ms = _beside(times_ms - times_ms[0], cadence_ms)
    offset_ms = offset_of(int(times_ms[0]) + int(np.median(beside_ms)), cadence_ms)
    places = nearest_multiple(times_ms - offset_ms, cadence_ms)
    first = int(places.min())
    position = places - first
    length = int(position.max()) + 1
    if length - 1 > MAX_SPARSENESS * len(position):
        raise ValueError("its times are too far apart to be one recording")
    return SampleGrid(
        first * cadence_ms,
        cadence_ms,
        length,
        position,
        offset_ms,
        len(position) - _distinct(position, length),
        int((4 * np.abs(times_ms - offset_ms - places * cadence_ms) > cadence_ms).sum()),
    )


def _distinct(position: Int64, length: int) -> int:
    """Number of places that have a sample; `np.unique` takes twenty times as long."""
    taken = np.zeros(length, dtype=bool)
    taken[position] = True
    return int(taken.sum())


def _cadence_ms(times_ms: Int64, steps_ms: Int64) -> int:
    """The usual step between samples: one that does occur.

    Raises
    ------
    ValueError
        If there is no usual step; the message says what the times are like.
    """
    cadence_ms = int(np.quantile(steps_ms, 0.5, method="lower"))
    if cadence_ms == 0:
        each = len(times_ms) / len(np.unique(times_ms))
        raise ValueError(
            f"{each:.3g} samples share each time: faster data need fractions of a second in their "
            "times"
        )
    if cadence_ms < 0:
        raise ValueError("the times do not increase")
    # jitter of a hundredth, as often found, would make a step over a long gap look unequal
    mean_ms = round(float(steps_ms[nearest_multiple(steps_ms, cadence_ms) == 1].mean()))
    unequal = 4 * np.abs(_beside(steps_ms, mean_ms)) > mean_ms
    if unequal.mean() > MOST_UNEQUAL:
        first = int(unequal.argmax())
        raise ValueError(
            f"the steps between samples are unequal: mostly {cadence_ms / 1000:g} s, but "
            f"{steps_ms[first] / 1000:g} s before sample {first + 2:,}, and {unequal.sum():,} more "
            "are no multiple of that either"
        )
    return _refined_ms(steps_ms, mean_ms)


def _refined_ms(steps_ms: Int64, cadence_ms: int) -> int:
    """Mean step in whole milliseconds: jitter makes the usual step a little too long or short.

    Steps back, to times that stand twice, count as those forward.
    """
    sizes_ms = np.abs(steps_ms)
    intervals = int(nearest_multiple(sizes_ms, cadence_ms).sum())
    return round(int(sizes_ms.sum()) / intervals) if intervals > 0 else cadence_ms


def nearest_multiple(times_ms: _Times, cadence_ms: int) -> _Times:
    """Numbers of the nearest multiples of a cadence; halfway counts as the next, not the even."""
    return (2 * times_ms + cadence_ms) // (2 * cadence_ms)


def _beside(times_ms: Int64, cadence_ms: int) -> Int64:
    """Distance of times from the nearest multiples of a cadence."""
    return times_ms - nearest_multiple(times_ms, cadence_ms) * cadence_ms
