"""Signs of instrument trouble in the raw samples under a window.

The field is smooth from sample to sample, whatever disturbs it: its neighbouring differences are
alike. Instruments and loggers are not smooth. Every sign is judged against the window itself and
against the station's background, so that nothing here depends on where or how strong a station is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np

from geofield.gaps import longest_run, run_begins
from geofield.samples import COMPONENTS
from geofield.types import Bool, Float64, Int64

_MAD_TO_SIGMA = 1.4826
# What changes by less than this share of the station's scale has not changed: a component that is
# computed from a stuck angle follows the others a little.
STILL = 0.01
# A jump is out of place when it is so many times larger than each of the eight differences on
# either side: in the field itself, at one sample a minute too, the ratio stays below three.
JUMP_RATIO, _REACH, SPIKE_SAMPLES = 6.0, 8, 3
# A step reaches the band almost whole, a spike of one sample with a fifth of its height; both count
# from where they would stand out of the background, in units of the station's scale.
STEP_SCALES, SPIKE_SCALES = 5.0, 15.0
# Sensor noise is part of the scale, so a healthy sensor's is below 2.5 scales; white noise has
# differences correlated by -1/2 with the next, and the field positive ones.
NOISE_SCALES, NOISE_CORRELATION = 5.0, -0.35
# Half of the differences of noise are as large as this, rounding aside.
_LEAST_NOISE_SCALES = 0.99 * NOISE_SCALES * np.sqrt(2) / _MAD_TO_SIGMA
# Of steps, spikes and noise there is none without a difference so large.
LEAST_JUMP_SCALES = min(STEP_SCALES, SPIKE_SCALES, _LEAST_NOISE_SCALES)
# A value that stays must be a longer run than the rest of the window makes likely.
MIN_RUN, RUN_CHANCE = 30, 1e-9
# So many samples stick to an extreme of a window that otherwise moves, and few come near it.
EXTREME_SHARE, EXTREME_RUN, EXTREME_SCALES, EXTREME_QUANTA = 0.1, 5, 10.0, 5.0
# The same samples again: so many in a row, most of which differ from the one before.
REPEAT_SAMPLES, REPEAT_CHANGES = 16, 12
_FACTORS = np.array(  # odd, of no regular pattern
    (0x3C6EF372FE94F82B, 0x1E3779B97F4A7C15, 0x2545F4914F6CDD1D, 0x5851F42D4C957F2D), np.int64
)


class Fault(str, Enum):
    """A way in which an instrument or its logger fails."""

    CONSTANT = "constant"
    STEP = "step"
    SPIKE = "spike"
    SATURATION = "saturation"
    REPETITION = "repetition"
    NOISE = "noise"


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault in a window and the components that show it, as letters (``HZ``)."""

    fault: Fault
    components: str


def examine(
    field_nt: Float64, scale_nt: Float64 | tuple[float, float, float]
) -> list[tuple[Finding, ...]]:
    """Signs of trouble in each window; most windows have none.

    Parameters
    ----------
    field_nt
        Shape [n, span, 3]: raw H, E, Z without NaN.
    scale_nt
        The station's background of each component, [3], or [n, 3] for windows of several stations.
    """
    # One row for each component of each window, so that every sum runs along the memory.
    series_nt = np.ascontiguousarray(field_nt.swapaxes(1, 2)).reshape(-1, field_nt.shape[1])
    scale = np.broadcast_to(scale_nt, (len(field_nt), len(COMPONENTS))).reshape(-1, 1)
    difference_nt = np.diff(series_nt)
    size_nt = np.abs(difference_nt)
    still = size_nt <= STILL * scale
    # Few series have what any of these needs at least, and that is quickly seen.
    largest_nt, one_nt = size_nt.max(axis=1), scale[:, 0]
    rests: Bool = np.asarray(run_begins(still, MIN_RUN).any(axis=1))
    shown = {
        Fault.CONSTANT: _among(rests, _constant, still, size_nt, scale),
        Fault.STEP: _among(largest_nt >= STEP_SCALES * one_nt, _stepped, difference_nt, scale),
        Fault.SPIKE: _among(largest_nt >= SPIKE_SCALES * one_nt, _spiked, difference_nt, scale),
        Fault.SATURATION: _among(
            _sticks_perhaps(series_nt, scale), _saturated, series_nt, still, size_nt, scale
        ),
        Fault.REPETITION: _repeated(series_nt, still),
        Fault.NOISE: _among(_noisy_perhaps(size_nt, scale), _noisy, difference_nt, scale),
    }
    by_window = {fault: found.reshape(-1, len(COMPONENTS)) for fault, found in shown.items()}
    found: list[tuple[Finding, ...]] = [()] * len(field_nt)
    for window in np.flatnonzero(np.any([one.any(axis=1) for one in by_window.values()], axis=0)):
        found[window] = _findings(by_window, int(window))
    return found


def _among(candidates: Bool, judge: Callable[..., Bool], *series: Float64 | Bool) -> Bool:
    """What `judge` finds in the rows that come into question; nothing in the others."""
    shown = np.zeros(len(candidates), dtype=bool)
    rows = np.flatnonzero(candidates)
    if len(rows):
        shown[rows] = judge(*(one[rows] for one in series))
    return shown


def _findings(shown: dict[Fault, Bool], window: int) -> tuple[Finding, ...]:
    return tuple(
        Finding(fault, "".join(np.compress(found[window], COMPONENTS)))
        for fault, found in shown.items()
        if found[window].any()
    )


def _quantum_nt(still: Bool, size_nt: Float64) -> Float64:
    """Smallest change in each series, [n, 1]: what one digit is in coarse records."""
    return np.asarray(np.where(still, np.inf, size_nt).min(axis=1, keepdims=True))


def _constant(still: Bool, size_nt: Float64, scale_nt: Float64) -> Bool:
    """Runs of one value that the share of unchanged values elsewhere does not explain.

    Where the smallest change is larger than the background, runs are what coarse records are made
    of.
    """
    length = still.shape[1]
    run = longest_run(still)
    elsewhere = (still.sum(axis=1) - run + 1) / (length - run + 2)
    unlikely = run * np.log(elsewhere) + np.log(length) < np.log(RUN_CHANCE)
    fine = (_quantum_nt(still, size_nt) <= scale_nt)[:, 0] | (run == length)
    return np.asarray((run >= MIN_RUN) & unlikely & fine)


def _stepped(difference_nt: Float64, scale_nt: Float64) -> Bool:
    """A single large difference with small ones around it: the level has moved and stays."""
    size_nt = np.abs(difference_nt)
    before_nt, after_nt = around(size_nt)
    alone = size_nt >= JUMP_RATIO * np.maximum(before_nt, after_nt)
    return np.asarray((alone & (size_nt >= STEP_SCALES * scale_nt)).any(axis=1))


def _spiked(difference_nt: Float64, scale_nt: Float64) -> Bool:
    """A jump of one to three samples and back."""
    size_nt = np.abs(difference_nt)
    before_nt, after_nt = around(size_nt)
    spiked = np.zeros(len(size_nt), dtype=bool)
    for width in range(1, SPIKE_SAMPLES + 1):
        back = difference_nt[:, :-width] * difference_nt[:, width:] < 0
        height_nt = np.where(back, np.minimum(size_nt[:, :-width], size_nt[:, width:]), 0.0)
        around_nt = np.maximum(before_nt[:, :-width], after_nt[:, width:])
        for inner in range(1, width):
            around_nt = np.maximum(around_nt, size_nt[:, inner : inner - width])
        alone = height_nt >= JUMP_RATIO * around_nt
        spiked |= (alone & (height_nt >= SPIKE_SCALES * scale_nt)).any(axis=1)
    return spiked


def around(size_nt: Float64) -> tuple[Float64, Float64]:
    """Largest of the differences before and after each; without enough of them none is alone."""
    largest = size_nt
    for width in (1, 2, 4):  # of 2, 4 and then `_REACH` neighbours
        largest = np.maximum(largest[:, :-width], largest[:, width:])
    before_nt, after_nt = np.full_like(size_nt, np.inf), np.full_like(size_nt, np.inf)
    before_nt[:, _REACH:] = largest[:, :-1]
    after_nt[:, :-_REACH] = largest[:, 1:]
    return before_nt, after_nt


def _sticks_perhaps(series_nt: Float64, scale_nt: Float64) -> Bool:
    """Whether a series that moves stays at an extreme at all."""
    highest_nt = series_nt.max(axis=1, keepdims=True)
    lowest_nt = series_nt.min(axis=1, keepdims=True)
    near_nt = near_extreme_nt(scale_nt)
    at = (series_nt >= highest_nt - near_nt) | (series_nt <= lowest_nt + near_nt)
    moves = (highest_nt - lowest_nt >= EXTREME_SCALES * scale_nt)[:, 0]
    return np.asarray(moves & run_begins(at, EXTREME_RUN).any(axis=1))


def near_extreme_nt(scale_nt: Float64) -> Float64:
    """How far from an extreme a value may be; no less than `_saturated` asks for, if rounded."""
    return 1.01 * STILL * scale_nt + 1e-9


def _saturated(series_nt: Float64, still: Bool, size_nt: Float64, scale_nt: Float64) -> Bool:
    """Values that stick to the highest or lowest, while a smooth turn would have others near it."""
    highest_nt = series_nt.max(axis=1, keepdims=True)
    lowest_nt = series_nt.min(axis=1, keepdims=True)
    quantum_nt = _quantum_nt(still, size_nt)
    moves = quantum_nt <= scale_nt
    sticks = np.zeros(len(series_nt), dtype=bool)
    for row in np.flatnonzero(moves):
        for extreme_nt in (highest_nt[row], lowest_nt[row]):
            away_nt = np.abs(series_nt[row] - extreme_nt)
            at = away_nt <= STILL * scale_nt[row]
            few_near = (away_nt <= EXTREME_QUANTA * quantum_nt[row]).sum() <= 1.5 * at.sum()
            if at.mean() >= EXTREME_SHARE and few_near:
                sticks[row] |= bool(longest_run(at[None])[0] >= EXTREME_RUN)
    return sticks


def _repeated(series_nt: Float64, still: Bool) -> Bool:
    """The same stretch of samples twice, all components alike: a record sent with a later time."""
    components, span = len(COMPONENTS), series_nt.shape[1]
    moves = (~still).reshape(-1, components, span - 1).any(axis=1)
    moved = np.cumsum(moves, axis=1, dtype=np.int64)
    changed = moved[:, REPEAT_SAMPLES - 1 :] - moved[:, : 1 - REPEAT_SAMPLES]
    stretch = hashes(series_nt.reshape(-1, components, span))[:, : changed.shape[1]]
    # Unmoving stretches are alike without being repetitions: a value of their own for each.
    stretch = np.where(changed < REPEAT_CHANGES, np.arange(stretch.shape[1]), stretch)
    ordered = np.sort(stretch, axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    return np.repeat(np.asarray(twice), components)


def hashes(series_nt: Float64) -> Int64:
    """One number for each `REPEAT_SAMPLES` samples of [n, 3, m], by a hash modulo 2**64."""
    bits = series_nt.view(np.int64)
    values = bits[:, 0] * _FACTORS[0] + bits[:, 1] * _FACTORS[1] + bits[:, 2]
    for step, factor in zip((1, 2, 4, 8), _FACTORS, strict=True):
        values = values[:, :-step] * factor + values[:, step:]
    return np.asarray(values)


def _noisy_perhaps(size_nt: Float64, scale_nt: Float64) -> Bool:
    """Whether half of the differences are nearly as large as their median must be in noise."""
    least_nt = _LEAST_NOISE_SCALES * scale_nt
    perhaps: Bool = size_nt.max(axis=1) >= least_nt[:, 0]
    large = (size_nt[perhaps] >= least_nt[perhaps]).sum(axis=1)
    perhaps[perhaps] = 2 * large >= size_nt.shape[1] - 1
    return perhaps


def _noisy(difference_nt: Float64, scale_nt: Float64) -> Bool:
    """White noise far above what the station's background leaves room for."""
    sigma_nt = _MAD_TO_SIGMA * np.median(np.abs(difference_nt), axis=1, keepdims=True)
    noisy = (sigma_nt / np.sqrt(2) >= NOISE_SCALES * scale_nt)[:, 0]
    for row in np.flatnonzero(noisy):
        # a few jumps must not pass for noise
        limited = np.clip(difference_nt[row], -3 * sigma_nt[row], 3 * sigma_nt[row])
        noisy[row] = (limited[1:] * limited[:-1]).sum() <= NOISE_CORRELATION * (limited**2).sum()
    return np.asarray(noisy)
