"""What the parsers of all sources share: units, orientation, and what no magnetometer reports."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from archive.elements import ANGLES
from archive.grid import nearest_multiple
from archive.recording import Recording
from geofield.series.angle_units import check_declination
from geofield.series.orientation import to_hez
from geofield.types import Float64
from geofield.utc import utc
from monitor.ingest.stations import StationPlan

SCALARS = frozenset("FS")
DEGREES, MINUTES = 1.0, 60.0
UNITS = {"degrees": DEGREES, "minutes": MINUTES}
WEB_PAGE = b"<"
OFF_GRID = 4  # parts of the cadence that a sample may be away from its time


def recording_of(
    plan: StationPlan,
    start_ms: int,
    elements: Mapping[str, Float64],
    angles_in: float | None = None,
    scale_nt: float = 1.0,
) -> Recording | None:
    """A recording in nT and degrees; None if the elements are scalars alone.

    Parameters
    ----------
    plan
        The station: its cadence and reference declination.
    start_ms
        Time of the first sample.
    elements
        Arrays of shape [n] by letter, in the units of the source, NaN where missing.
    angles_in
        Parts of a degree that the source's angles are in, 60 for minutes of arc; None if only the
        station's `angles` says so.
    scale_nt
        Value of one count of the source.

    Raises
    ------
    ValueError
        If they make no vector, or no magnetometer on the Earth can report them.
    """
    if elements.keys() <= SCALARS:
        return None
    if start_ms % plan.cadence_ms:
        raise ValueError(f"its first sample is not at a multiple of {plan.cadence_ms / 1000:g} s")
    vector = [name for name in elements if name not in SCALARS or (name == "F" and "I" in elements)]
    scaled = {
        name: elements[name] / _angle_parts(plan, name, angles_in)
        if name in ANGLES
        else elements[name] * scale_nt
        for name in vector
    }
    if "D" in scaled and plan.table.declination_deg is not None:
        check_declination(scaled["D"], plan.table.declination_deg)
    to_hez(scaled, 0.0)  # refuses here what the worker would refuse
    return Recording(plan.station, start_ms, plan.cadence_ms, scaled)


def _angle_parts(plan: StationPlan, element: str, angles_in: float | None) -> float:
    parts = UNITS.get(plan.table.angles or "") if angles_in is None else angles_in
    if parts is None:
        raise ValueError(
            f'{element} is in degrees or in minutes of arc: state angles = "degrees" or '
            f'"minutes" for [{plan.station}]'
        )
    return parts


def on_grid_ms(stated_ms: int, cadence_ms: int) -> int:
    """The multiple of the cadence that a stated time is nearest to.

    Raises
    ------
    ValueError
        If it is not near one.
    """
    nearest_ms = nearest_multiple(stated_ms, cadence_ms) * cadence_ms
    if abs(stated_ms - nearest_ms) * OFF_GRID > cadence_ms:
        raise ValueError(f"a sample at {utc(stated_ms)} is not at a multiple of the cadence")
    return nearest_ms


def check_no_web_page(body: bytes) -> None:
    """Raise ValueError if an answer is a web page, as of a proxy or a login, not data."""
    if body.lstrip()[:1] == WEB_PAGE:
        raise ValueError("a web page instead of data")


def numbers(values: list[float | None]) -> Float64:
    """Values as an array, NaN for None."""
    return np.array(values, dtype=np.float64)
