"""Which windows may show instrument trouble at all.

Windows overlap, tenfold with the shipped model. What `trouble` looks for leaves traces that do not
depend on the window, and those are looked for once in the stretch of samples that windows share.
Most have none; the windows that may are then examined by themselves, so nothing is decided here.
"""

from math import gcd

import numpy as np

from geofield.gaps import run_begins
from geofield.trouble import (
    EXTREME_SCALES,
    EXTREME_SHARE,
    JUMP_RATIO,
    LEAST_JUMP_SCALES,
    MIN_RUN,
    STILL,
    around,
    hashes,
    near_extreme_nt,
)
from geofield.types import Bool, Float64, Int64
from geofield.windows import Series, WindowSpec

_HALF = 32  # bits of a hash: quickly sorted, and seldom alike by chance


def doubtful(series: Series, scale_nt: Float64, spec: WindowSpec) -> Bool:
    """Whether each window must be examined: it has a gap, or what a fault cannot do without.

    Parameters
    ----------
    series
        The samples under the windows.
    scale_nt
        Shape [k, 3]: background of the station of each stretch of them.
    spec
        What a window is.

    Returns
    -------
    One for each window, in order.
    """
    if not len(series):
        return np.zeros(0, dtype=bool)
    starts, lengths = series.starts, series.lengths
    series_nt = np.ascontiguousarray(series.field_nt.T)
    scale_nt = np.repeat(scale_nt.T, lengths, axis=1)
    size_nt = np.abs(np.diff(series_nt))
    large = ~(size_nt < LEAST_JUMP_SCALES * scale_nt[:, 1:])  # nor where it is unknown
    doubt = _sticks(series_nt, scale_nt, starts, spec)
    traces = _repeated(series_nt, np.repeat(np.arange(len(lengths)), lengths))
    rests = run_begins(size_nt <= STILL * scale_nt[:, 1:], MIN_RUN)
    traces[: rests.shape[1]] |= rests.any(axis=0)
    if large.any():
        traces[:-1] |= (large & ~(size_nt < JUMP_RATIO * around(size_nt)[0])).any(axis=0)
        doubt |= _often(large, starts, spec)
    where = np.flatnonzero(traces)
    # the last sample of a window begins nothing within it
    before, by_end = np.searchsorted(where, starts), np.searchsorted(where, starts + spec.span - 1)
    return np.asarray(doubt | (by_end > before))


def _often(large: Bool, starts: Int64, spec: WindowSpec) -> Bool:
    """Whether half of the differences in a component are large, as in noise: [3, t] to [n]."""
    until: Int64 = np.pad(np.cumsum(large, axis=1), ((0, 0), (1, 0)))
    counts: Int64 = until[:, starts + spec.span - 1] - until[:, starts]
    return np.asarray((2 * counts >= spec.span - 2).any(axis=0))


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


def _sticks(series_nt: Float64, scale_nt: Float64, starts: Int64, spec: WindowSpec) -> Bool:
    """Whether enough samples of a component that moves may be at an extreme, for each window."""
    block = gcd(spec.hop, spec.span)  # windows are made of whole blocks
    own = np.arange(spec.span // block)[:, None] + starts // block
    near_nt = near_extreme_nt(scale_nt[:, ::block])
    highest_nt, at_highest = _at_highest(series_nt, near_nt, own, block)
    below_nt, at_lowest = _at_highest(-series_nt, near_nt, own, block)
    moves = highest_nt + below_nt >= EXTREME_SCALES * scale_nt[:, starts]
    enough = np.maximum(at_highest, at_lowest) > EXTREME_SHARE * spec.span - 1
    return np.asarray((moves & enough).any(axis=0))


def _at_highest(
    series_nt: Float64, near_nt: Float64, own: Int64, block: int
) -> tuple[Float64, Int64]:
    """Highest of each window, and how many of its samples may be there: both [3, n].

    Of a block that reaches it no more can be there than what is at the block's own highest.

    Parameters
    ----------
    series_nt
        Shape [3, t].
    near_nt
        Shape [3, blocks]: how far from the highest is still there.
    own
        Shape [k, n]: numbers of the blocks of each window.
    block
        Samples of a block.
    """
    tops_nt = np.maximum.reduceat(series_nt, np.arange(0, series_nt.shape[1], block), axis=1)
    at_top = series_nt.reshape(3, -1, block) >= (tops_nt - near_nt)[..., None]
    counts = np.bitwise_count(np.packbits(at_top, axis=2)).sum(axis=2, dtype=np.int64)
    reached_nt = tops_nt.take(own, axis=1)
    highest_nt = reached_nt.max(axis=1)
    at_highest = reached_nt >= (highest_nt - near_nt.take(own[0], axis=1))[:, None]
    return highest_nt, np.where(at_highest, counts.take(own, axis=1), 0).sum(axis=1)
