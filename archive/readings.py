"""From what a file says to a recording: units, fills, limits and grid are the same for all."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from archive.elements import unit_scale
from archive.grid import SampleGrid, grid_of
from archive.recording import Recording
from geofield.series.consistency import check_moves, check_scalars
from geofield.series.limits import MIN_TOTAL_NT, MOST_BEYOND, beyond_limits, without_fills
from geofield.series.orientation import orientation_of
from geofield.types import Float64, Int64
from geofield.utc import utc

_TOLD_SHARE = 0.01  # of the interval, from which an offset is worth a word


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Samples as a file states them.

    Attributes
    ----------
    station
        IAGA code; empty if the file states none.
    times_ms
        Shape [n]: milliseconds since 1970 UTC, in the order of the file.
    elements
        Arrays of shape [n] by element, in the units of the file, with its fills.
    units
        Unit by element; nT for those that are not named.
    position_deg
        Latitude and longitude; None if the file states none.
    notes
        What the user should know of the file.
    lines
        Shape [n]: number of each sample's line; None if the file is no text.
    """

    station: str
    times_ms: Int64
    elements: Mapping[str, Float64]
    units: Mapping[str, str]
    position_deg: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
    lines: Int64 | None = None


def recording_of(readings: Readings) -> Recording:
    """Recording of the samples on their grid, in nT and degrees.

    Raises
    ------
    ValueError
        If the elements make no vector or contradict each other, the times make no grid, or more
        than a hundredth of the samples are beyond what a magnetometer can report; the message says
        why.
    """
    orientation = orientation_of(frozenset(readings.elements))
    grid = grid_of(readings.times_ms)
    standard = {
        name: _in_standard_unit(name, values, readings.units.get(name, "nT"))
        for name, values in readings.elements.items()
    }
    clean, beyond = _within_limits(readings, orientation, standard)
    placed = {name: grid.placed(values) for name, values in clean.items()}
    check_plausible(placed, orientation, grid.cadence_ms)
    return Recording(
        readings.station,
        grid.start_ms,
        grid.cadence_ms,
        placed,
        readings.position_deg,
        grid.offset_ms,
        (*readings.notes, *beyond, *grid_notes(grid)),
    )


def _in_standard_unit(name: str, values: Float64, unit: str) -> Float64:
    """Values in nT or degrees; fills are known by their numbers in the unit of the file."""
    return without_fills(np.asarray(values, dtype=np.float64)) / unit_scale(name, unit)


def _within_limits(
    readings: Readings, orientation: str, clean: Mapping[str, Float64]
) -> tuple[Mapping[str, Float64], list[str]]:
    beyond, reason = beyond_limits({name: clean[name] for name in orientation})
    count = int(beyond.sum())
    if not count:
        return clean, []
    first = int(beyond.argmax())
    where = f"{reason} ({_place(readings, first)})"
    if count > MOST_BEYOND * len(beyond):
        raise ValueError(f"{where}, and so are {count:,} of {len(beyond):,} samples")
    without = {name: np.where(beyond, np.nan, values) for name, values in clean.items()}
    return without, [f"{where}: {counted(count, 'such sample')} taken as missing"]


def _place(readings: Readings, sample: int) -> str:
    if readings.lines is not None:
        return f"line {readings.lines[sample]}"
    return f"at {utc(int(readings.times_ms[sample]))}"


def counted(count: int, thing: str) -> str:
    """A number of things: ``1 sample``, ``1,200 samples``."""
    return f"{count:,} {thing}{'s' if count != 1 else ''}"


def check_plausible(elements: Mapping[str, Float64], orientation: str, cadence_ms: int) -> None:
    """Check elements that depend on each other, in nT and degrees on a grid.

    Raises
    ------
    ValueError
        If the total field of DIF is weaker than any on the Earth, F or S contradict the vector, or
        an angle moves as no field does; the message names the likely mistake.
    """
    total_nt = elements.get("F")
    if orientation == "DIF" and total_nt is not None and not np.isnan(total_nt).all():
        typical_nt = float(np.nanmedian(np.abs(total_nt)))
        if typical_nt < MIN_TOTAL_NT:
            raise ValueError(
                f"F of {typical_nt:g} nT is no total field on the Earth: is it G, the "
                "difference of two measured F?"
            )
    check_scalars(elements, orientation, least=1)
    check_moves(elements, orientation, cadence_ms)


def grid_notes(grid: SampleGrid) -> list[str]:
    """What the user should know of how samples were placed."""
    notes = []
    if abs(grid.offset_ms) >= _TOLD_SHARE * grid.cadence_ms:
        notes.append(
            f"its samples are stamped {abs(grid.offset_ms):,} ms "
            f"{'after' if grid.offset_ms > 0 else 'before'} the multiples of "
            f"{grid.cadence_ms / 1000:g} s, and count as at these"
        )
    if grid.repeated:
        notes.append(
            f"{counted(grid.repeated, 'sample')} at times that the file has already: the later "
            "counts"
        )
    if grid.off_grid:
        notes.append(
            f"{counted(grid.off_grid, 'sample')} more than a quarter of the interval beside the "
            "others: placed at the nearest"
        )
    return notes
