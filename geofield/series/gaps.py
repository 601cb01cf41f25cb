"""Missing samples in windows: short gaps are interpolated, long gaps make a window unusable."""

import numpy as np

from geofield.types import Bool, Float64, Int64

MIN_COMPLETENESS = 0.9


def fill_gaps(field_nt: Float64, max_gap: int) -> tuple[Float64, Float64, Bool]:
    """Interpolate short gaps linearly, in each window by itself.

    A gap at the edge of a window takes the value of the nearest sample: a window must not depend on
    samples outside its span.

    Parameters
    ----------
    field_nt
        Shape [n, span, 3], NaN where missing.
    max_gap
        Longest run of samples with a missing component that may be interpolated.

    Returns
    -------
    filled_nt
        Shape [n, span, 3] in nT; windows that are not sufficient keep their NaN.
    completeness
        Shape [n]: share of samples with all three components measured.
    sufficient
        Shape [n]: no run of missing samples is longer than `max_gap`, and at least nine samples in
        ten were measured. Many interpolated gaps would look like a calm field.
    """
    if not np.isnan(field_nt).any():  # most windows have no gap, and this check is quick
        return field_nt, np.ones(len(field_nt)), np.ones(len(field_nt), dtype=bool)
    missing: Bool = np.asarray(np.isnan(field_nt).any(axis=2))
    completeness = 1.0 - missing.mean(axis=1)
    sufficient = (longest_run(missing) <= max_gap) & (completeness >= MIN_COMPLETENESS)
    repairable = np.flatnonzero(sufficient & missing.any(axis=1))
    if not len(repairable):
        return field_nt, completeness, sufficient
    filled_nt = field_nt.copy()
    for window in repairable:
        for component in range(field_nt.shape[2]):
            filled_nt[window, :, component] = _bridged(field_nt[window, :, component])
    return filled_nt, completeness, sufficient


def longest_run(flags: Bool) -> Int64:
    """Length of the longest run of True along the last axis: [n, m] to [n]."""
    position = np.arange(flags.shape[1])
    last_false = np.maximum.accumulate(np.where(flags, -1, position), axis=1)
    return np.asarray((position - last_false).max(axis=1), dtype=np.int64)


def run_begins(flags: Bool, length: int) -> Bool:
    """Where `length` successive True begin on the last axis: [n, m] to [n, m - length + 1]."""
    reach = 1
    while reach < length:
        step = min(reach, length - reach)
        flags = flags[:, :-step] & flags[:, step:]
        reach += step
    return flags


def _bridged(values: Float64) -> Float64:
    known = ~np.isnan(values)
    position = np.arange(len(values))
    return np.interp(position, position[known], values[known])
