"""Elements that contradict each other: found with what they tell of the same field.

Real records differ by less: of 120 observatories the scalar is at most 2.9 % beside the vector, and
at the most disturbed auroral ones D moves the field at most 5.3 times as far as H and Z do.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from geofield.series.angle_units import UnitError, turned
from geofield.series.limits import MAX_DEG, MIN_TOTAL_NT
from geofield.series.orientation import OrientationError
from geofield.types import Float64

SCALARS = "FS"
AGREEING = 0.05  # of the stronger of scalar and vector
LASTING = 0.9  # share of the samples
LEAST_SAMPLES = 60  # of a record, of which a shorter one may just be a fault of the scalar
WEAK_SAMPLES = 600  # of deviations, that a vector in another unit looks like
_SCALES = (10.0, 100.0, 1000.0)
_BLOCK_MS, _LEAST_BLOCKS = 600_000, 3
LEAST_MOVES_MS = _LEAST_BLOCKS * _BLOCK_MS
_MOVED_DEG, _STUCK_NT = 0.1, 0.05
_TIMES_AS_FAR = 15.0  # between the 5 of real records and the 60 of minutes of arc
_OFTEN = 0.2  # share of the blocks


def vector_nt(elements: Mapping[str, Float64], orientation: str) -> Float64:
    """Strength of the vector [n], nT, of its elements in nT and degrees."""
    if orientation == "DIF":
        return np.abs(elements["F"])
    if orientation == "DHI":
        return np.asarray(np.abs(elements["H"] / np.cos(np.radians(elements["I"]))))
    parts = [np.square(elements[name]) for name in orientation if name not in MAX_DEG]
    return np.asarray(np.sqrt(sum(parts[1:], start=parts[0])))


def check_scalars(
    elements: Mapping[str, Float64], orientation: str, least: int = LEAST_SAMPLES
) -> None:
    """Check that F and S are the strength of the vector, where both are there.

    A scalar that scatters is no measurement and decides nothing; neither does a vector weaker than
    any field beside a good scalar, since some variometers report deviations only.

    Parameters
    ----------
    elements
        Arrays of shape [n], nT and degrees, NaN where missing.
    orientation
        That of the vector.
    least
        Number of samples with both, below which nothing is decided.

    Raises
    ------
    UnitError, OrientationError
        If at least nine of ten samples disagree, steadily; the message names the likely mistake.
    """
    beside = [name for name in SCALARS if name in elements and name not in orientation]
    vector = vector_nt(elements, orientation) if beside else np.empty(0)
    for name in beside:
        _check_scalar(name, elements, orientation, vector, least)


def _check_scalar(
    name: str, elements: Mapping[str, Float64], orientation: str, vector: Float64, least: int
) -> None:
    known = ~np.isnan(vector) & ~np.isnan(elements[name])
    scalar_nt, vector_nt_ = np.abs(elements[name][known]), vector[known]
    if len(scalar_nt) < max(least, 1):
        return
    apart_nt = np.abs(scalar_nt - vector_nt_)
    stronger_nt = np.maximum(scalar_nt, vector_nt_)
    if np.mean(apart_nt > AGREEING * stronger_nt) < LASTING:
        return
    low, high = np.percentile(scalar_nt - vector_nt_, [5, 95])
    if high - low > AGREEING * np.median(stronger_nt):
        return
    parts = {key: np.abs(elements[key][known]) for key in orientation}
    typical = {key: float(np.median(values)) for key, values in parts.items()}
    _refuse(name, float(np.median(scalar_nt)), float(np.median(vector_nt_)), typical, len(apart_nt))


def _refuse(
    name: str, scalar_nt: float, vector: float, typical: Mapping[str, float], count: int
) -> None:
    """Raise the likely mistake behind a scalar that is not the strength of a vector."""
    if vector < MIN_TOTAL_NT <= scalar_nt and not (
        count >= WEAK_SAMPLES and _near(scalar_nt / max(vector, 1e-9), 1000.0)
    ):
        return
    said = f"{name} of {scalar_nt:,.5g} nT is not the vector's {vector:,.0f} nT"
    for scale in _SCALES:
        if _near(scalar_nt / max(vector, 1e-9), scale):
            raise UnitError(f"{said}: is the vector in another unit ({scale:g} times as large)?")
        if _near(vector / max(scalar_nt, 1e-9), scale):
            raise UnitError(f"{said}: is {name} in another unit ({scale:g} times as large)?")
    if scalar_nt < MIN_TOTAL_NT:
        raise OrientationError(f"{said}: is it G, the difference of two measured F?")
    if "I" in typical:
        raise UnitError(
            f"H is not {name} cos I ({name} is {scalar_nt:,.0f} nT, H / cos I {vector:,.0f} nT): "
            "is I in another unit than stated (minutes of arc in IAGA-2002)?"
        )
    for axis, scale in _scaled(scalar_nt, typical):
        raise UnitError(f"{said}, but would be if {axis} were {scale:g} times as large: its unit?")
    axes = ", ".join(axis for axis in typical if axis not in MAX_DEG)
    raise OrientationError(f"{said}: is one of {axes} another element than is said, or {name}?")


def _scaled(scalar_nt: float, typical: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """Axes that in another unit would make the scalar, and the unit."""
    axes = {axis: size for axis, size in typical.items() if axis not in MAX_DEG}
    for axis, size in axes.items():
        rest_nt2 = sum(other**2 for name, other in axes.items() if name != axis)
        for scale in (*_SCALES, *(1 / scale for scale in _SCALES)):
            if _near(float(np.hypot(np.sqrt(rest_nt2), scale * size)) / scalar_nt, 1.0):
                yield axis, scale


def _near(ratio: float, wanted: float) -> bool:
    return abs(ratio - wanted) < AGREEING * wanted


def check_moves(elements: Mapping[str, Float64], orientation: str, cadence_ms: int) -> None:
    """Check that the angles do not move as minutes of arc do when they are taken for degrees.

    Within ten minutes the angle must move by a tenth of a degree, and with it the field 15 times as
    far as all other elements say; in a fifth of all ten minutes, three at least. Real storms move
    all elements.

    Parameters
    ----------
    elements
        Arrays of shape [n] on a grid of `cadence_ms`, nT and degrees, NaN where missing.
    orientation
        That of the vector.

    Raises
    ------
    UnitError
        If an angle does.
    """
    for angle in "DI":
        if angle in orientation:
            _check_moves(angle, elements, orientation, _BLOCK_MS // cadence_ms)


def _check_moves(
    angle: str, elements: Mapping[str, Float64], orientation: str, length: int
) -> None:
    values_deg = turned(elements[angle])
    if len(values_deg) < _LEAST_BLOCKS * length or length < 2:
        return
    if not np.fmax.reduce(values_deg) - np.fmin.reduce(values_deg) > _MOVED_DEG:
        return
    moved_deg = _moves(values_deg, length)
    arm_nt = _arm_nt(angle, elements, orientation)
    moved_nt = np.radians(moved_deg) * arm_nt
    others = [_moves(elements[name], length) for name in orientation if name not in MAX_DEG]
    other = "I" if angle == "D" else "D"
    if other in orientation:
        other_nt = np.radians(_moves(turned(elements[other]), length))
        others.append(other_nt * _arm_nt(other, elements, orientation))
    explained_nt = np.fmax.reduce(others)
    known = ~np.isnan(moved_nt) & (explained_nt > _STUCK_NT)  # sensors that stand still say nothing
    strange = known & (moved_deg > _MOVED_DEG) & (moved_nt > _TIMES_AS_FAR * explained_nt)
    if strange.sum() < max(_LEAST_BLOCKS, _OFTEN * known.sum()):
        return
    typical = float(np.median(moved_nt[strange] / explained_nt[strange]))
    raise UnitError(
        f"{angle} moves by {np.max(moved_deg[strange]):.2g} degrees within ten minutes, and so the "
        f"field {typical:.0f} times as far as the other elements say: is {angle} in minutes of arc?"
    )


def _arm_nt(angle: str, elements: Mapping[str, Float64], orientation: str) -> float:
    """How far the field moves for a radian of an angle, in nT."""
    typical = {
        name: float(np.nanmedian(np.abs(elements[name])))
        for name in orientation
        if not np.isnan(elements[name]).all()
    }
    inclination = np.radians(typical.get("I", 0.0))
    if angle == "I":
        return typical.get("F", typical.get("H", np.nan) / float(np.cos(inclination)))
    return typical.get("H", typical.get("F", np.nan) * float(np.cos(inclination)))


def _moves(values: Float64, length: int) -> Float64:
    """Distance between the 5th and the 95th percentile of each block; NaN for empty blocks."""
    blocks = np.sort(values[: len(values) // length * length].reshape(-1, length), axis=1)
    known = (~np.isnan(blocks)).sum(axis=1)
    rows, last = np.arange(len(blocks)), np.maximum(known - 1, 0)
    tail = (0.05 * last).astype(int)
    return np.asarray(blocks[rows, last - tail] - blocks[rows, tail])
