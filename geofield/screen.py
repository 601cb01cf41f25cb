"""Which windows may show instrument trouble at all.

Windows overlap, tenfold with the shipped model. What `trouble` looks for leaves traces that do not
depend on the window, and those are looked for once in the stretch of samples that windows share.
Most have none; the windows that may are then examined by themselves, so nothing is decided here.
"""

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from geofield.gaps import run_begins
from geofield.trouble import (
    EXTREME_SCALES,
    EXTREME_SHARE,
    LEAST_JUMP_SCALES,
    MIN_RUN,
    STILL,
    hashes,
    near_extreme_nt,
)
from geofield.types import Bool, Float64, Int64
from geofield.windows import Due, WindowSpec

_HALF = 32  # bits of a hash: quickly sorted, and seldom alike by chance


def doubtful(due: Sequence[Due], scale_nt: Float64, spec: WindowSpec) -> Bool:
    """Whether each window must be examined: it has a gap, or what a fault cannot do without.

    Parameters
    ----------
    due
        Windows by the stretch of samples in which they lie.
    scale_nt
        Shape [len(due), 3]: background of the station of each.
    spec
        What a window is.

    Returns
    -------
    One for each window, in order.
    """
    if not due:
        return np.zeros(0, dtype=bool)
    series_nt, starts, lengths = _side_by_side(due, spec)
    traces = _jumps_and_rests(series_nt, np.repeat(scale_nt.T, lengths, axis=1))
    traces |= _repeated(series_nt, np.repeat(np.arange(len(due)), lengths))
    where = np.flatnonzero(traces)
    # the last sample of a window begins nothing within it
    before, by_end = np.searchsorted(where, starts), np.searchsorted(where, starts + spec.span - 1)
    counts = [len(one) for one in due]
    return (by_end > before) | _sticks(series_nt, starts, np.repeat(scale_nt, counts, axis=0), spec)


def _side_by_side(due: Sequence[Due], spec: WindowSpec) -> tuple[Float64, Int64, list[int]]:
    """The stretches one behind the other, [3, t], where windows begin there, and their lengths."""
    parts, starts, lengths = [], [], []
    place = 0
    for one in due:
        ends = one.ends.tolist()
        begin = ends[0] - spec.samples - spec.half - one.first
        length = ends[-1] - ends[0] + spec.span
        parts.append(one.field_nt[begin : begin + length])
        starts += [place + end - ends[0] for end in ends]
        lengths.append(length)
        place += length
    return np.ascontiguousarray(np.concatenate(parts).T), np.array(starts), lengths


def _jumps_and_rests(series_nt: Float64, scale_nt: Float64) -> Bool:
    """Samples after which a component jumps, is missing, or stays for long: [3, t] to [t]."""
    size_nt = np.abs(np.diff(series_nt))
    scale_nt = scale_nt[:, 1:]
    traces = np.zeros(series_nt.shape[1], dtype=bool)
    traces[:-1] = ~(size_nt < LEAST_JUMP_SCALES * scale_nt).all(axis=0)  # nor if that is unknown
    rests = run_begins(size_nt <= STILL * scale_nt, MIN_RUN)
    traces[: rests.shape[1]] |= rests.any(axis=0)
    return traces


def _repeated(series_nt: Float64, owner: Int64) -> Bool:
    """Where samples begin that are found again in the same stretch: [t]."""
    found = hashes(series_nt[None])[0]
    alike = ((found >> _HALF) ^ owner[: len(found)]).astype(np.int32)
    ordered = np.sort(alike)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    traces = np.zeros(series_nt.shape[1], dtype=bool)
    if len(twice):
        traces[: len(alike)] = np.isin(alike, twice)
    return traces


def _sticks(series_nt: Float64, starts: Int64, scale_nt: Float64, spec: WindowSpec) -> Bool:
    """Whether so many samples of a component that moves are near an extreme, for each window."""
    edges = np.stack([starts, starts + spec.span], axis=1).ravel()
    edges = edges[:-1] if edges[-1] == series_nt.shape[1] else edges
    highest_nt = np.maximum.reduceat(series_nt, edges, axis=1)[:, ::2]
    lowest_nt = np.minimum.reduceat(series_nt, edges, axis=1)[:, ::2]
    moves = highest_nt - lowest_nt >= EXTREME_SCALES * scale_nt.T
    component, window = np.nonzero(moves)
    values_nt = sliding_window_view(series_nt, spec.span, axis=1)[component, starts[window]]
    near_nt = near_extreme_nt(scale_nt.T)
    high = values_nt >= (highest_nt - near_nt)[moves][:, None]
    low = values_nt <= (lowest_nt + near_nt)[moves][:, None]
    sticks = np.zeros(len(starts), dtype=bool)
    sticks[window[np.maximum(_count(high), _count(low)) >= EXTREME_SHARE * spec.span]] = True
    return sticks


def _count(flags: Bool) -> Int64:
    """How many are True in each row."""
    return np.asarray(np.bitwise_count(np.packbits(flags, axis=1)).sum(axis=1, dtype=np.int64))
