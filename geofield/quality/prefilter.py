"""Select the windows that may show instrument faults.

Windows overlap, tenfold with the shipped model. Each fault leaves traces in the samples that do not
depend on the window. This module looks for them once in the samples that windows share. Most
windows have none; `examine` then checks the others and alone decides.

Measured on a quiet day of the Conrad Observatory, a window costs 9 µs here and 135 µs in `examine`.
"""

from math import gcd

import numpy as np

from geofield.quality.faults import (
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
from geofield.quality.pulses import rates, stand_out
from geofield.series.gaps import run_begins
from geofield.series.windows import Series, WindowSpec
from geofield.types import Bool, Float64, Int64

_HALF = 32  # bits of a hash: quick to sort, and seldom equal by chance


def needs_full_check(series: Series, scale_nt: Float64, spec: WindowSpec) -> Bool:
    """Mark the windows that must be examined: they have a gap, or a trace that a fault needs.

    Parameters
    ----------
    series
        Samples of the windows, in k segments.
    scale_nt
        Shape [k, 3]: background in nT of the station of each segment.
    spec
        Shape of a window.

    Returns
    -------
    Shape [n]: whether to examine each window, in order.
    """
    if not len(series):
        return np.zeros(0, dtype=bool)
    starts, lengths = series.starts, series.lengths
    series_nt = np.ascontiguousarray(series.field_nt.T)
    scale_nt = np.repeat(scale_nt.T, lengths, axis=1)
    size_nt = np.abs(np.diff(series_nt))
    large = ~(size_nt < LEAST_JUMP_SCALES * scale_nt[:, 1:])  # NaN counts as large
    doubt = _sticks(series_nt, scale_nt, starts, spec)
    traces = _repeated(series_nt, np.repeat(np.arange(len(lengths)), lengths))
    rests = run_begins(size_nt <= STILL * scale_nt[:, 1:], MIN_RUN)
    traces[: rests.shape[1]] |= rests.any(axis=0)
    if large.any():
        traces[:-1] |= (large & ~(size_nt < JUMP_RATIO * around(size_nt)[0])).any(axis=0)
        rate = rates(size_nt[None], scale_nt[None, :, 1:])
        traces[:-1] |= stand_out(rate, spec.cadence_ms)[0]
        doubt |= _often(large, starts, spec)
    where = np.flatnonzero(traces)
    # a trace at the last sample of a window begins outside it
    before, by_end = np.searchsorted(where, starts), np.searchsorted(where, starts + spec.span - 1)
    return np.asarray(doubt | (by_end > before))


def _often(large: Bool, starts: Int64, spec: WindowSpec) -> Bool:
    """Whether half of the differences of a component are large, as in noise: [3, t] to [n]."""
    until: Int64 = np.pad(np.cumsum(large, axis=1), ((0, 0), (1, 0)))
    counts: Int64 = until[:, starts + spec.span - 1] - until[:, starts]
    return np.asarray((2 * counts >= spec.span - 2).any(axis=0))


def _repeated(series_nt: Float64, owner: Int64) -> Bool:
    """Where a sequence of samples begins that occurs again in the same segment: [t]."""
    hashed = hashes(series_nt[None])[0]
    keys = ((hashed >> _HALF) ^ owner[: len(hashed)]).astype(np.int32)
    ordered = np.sort(keys)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    traces = np.zeros(series_nt.shape[1], dtype=bool)
    if len(twice):
        traces[: len(keys)] = np.isin(keys, twice)
    return traces


def _sticks(series_nt: Float64, scale_nt: Float64, starts: Int64, spec: WindowSpec) -> Bool:
    """Whether enough samples of a moving component may be at an extreme, for each window: [n]."""
    block = gcd(spec.hop, spec.span)  # windows consist of whole blocks
    blocks = np.arange(spec.span // block)[:, None] + starts // block
    near_nt = near_extreme_nt(scale_nt[:, ::block])
    highest_nt, at_highest = _at_highest(series_nt, near_nt, blocks, block)
    below_nt, at_lowest = _at_highest(-series_nt, near_nt, blocks, block)
    moves = highest_nt + below_nt >= EXTREME_SCALES * scale_nt[:, starts]
    enough = np.maximum(at_highest, at_lowest) > EXTREME_SHARE * spec.span - 1
    return np.asarray((moves & enough).any(axis=0))


def _at_highest(
    series_nt: Float64, near_nt: Float64, blocks: Int64, block: int
) -> tuple[Float64, Int64]:
    """Maximum of each window, and an upper bound of its samples near the maximum: both [3, n].

    A block that reaches the maximum of the window has at most as many samples near it as near its
    own maximum; the other blocks have none.

    Parameters
    ----------
    series_nt
        Shape [3, t].
    near_nt
        Shape [3, number of blocks]: distance from a maximum that counts as near it.
    blocks
        Shape [k, n]: numbers of the blocks of each window.
    block
        Samples of a block.
    """
    tops_nt = np.maximum.reduceat(series_nt, np.arange(0, series_nt.shape[1], block), axis=1)
    at_top = series_nt.reshape(3, -1, block) >= (tops_nt - near_nt)[..., None]
    counts = np.bitwise_count(np.packbits(at_top, axis=2)).sum(axis=2, dtype=np.int64)
    reached_nt = tops_nt.take(blocks, axis=1)
    highest_nt = reached_nt.max(axis=1)
    at_highest = reached_nt >= (highest_nt - near_nt.take(blocks[0], axis=1))[:, None]
    return highest_nt, np.where(at_highest, counts.take(blocks, axis=1), 0).sum(axis=1)
