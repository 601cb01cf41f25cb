"""Instrument faults and man-made pulses in the raw samples of a window.

The field is smooth from sample to sample under any disturbance: neighbouring differences are alike.
Instruments and loggers are not smooth. All limits are relative to the window itself and to the
station's background, so they hold for any station.
"""

from collections.abc import Callable

import numpy as np

from geofield.quality.findings import Fault, FaultFinding
from geofield.quality.pulse_findings import pulse_findings, together
from geofield.quality.pulses import RATE_SCALES, SPIKE_SAMPLES
from geofield.series.gaps import longest_run, run_begins
from geofield.series.samples import COMPONENTS
from geofield.types import Bool, Float64, Int64

_MAD_TO_SIGMA = 1.4826
# A change by less than this share of the station's scale is no change: a component that is computed
# from a stuck angle follows the other components a little.
STILL = 0.01
# A jump is a fault if it is this many times larger than each of the eight differences on either
# side. In the field itself the ratio stays below three, also at one sample a minute.
JUMP_RATIO, _REACH = 6.0, 8
# The band pass keeps almost all of a step, and a fifth of a spike of one sample. Both count from
# the height at which they stand out of the background, in units of the station's scale.
STEP_SCALES, SPIKE_SCALES = 5.0, 15.0
# Sensor noise is part of the scale: that of a healthy sensor is below 2.5 scales. Neighbouring
# differences have a correlation of -1/2 in white noise, and a positive one in the field.
NOISE_SCALES, NOISE_CORRELATION, NOISE_SHARED = 5.0, -0.35, 0.3
# Half of the differences of noise are at least this large, apart from rounding.
_LEAST_NOISE_SCALES = 0.99 * NOISE_SCALES * np.sqrt(2) / _MAD_TO_SIGMA
# Steps, spikes, pulses and noise all need a difference this large.
LEAST_JUMP_SCALES = min(STEP_SCALES, SPIKE_SCALES, _LEAST_NOISE_SCALES, RATE_SCALES)
# Shortest run of a constant value that is a fault, and its largest chance given the other samples.
MIN_RUN, RUN_CHANCE = 30, 1e-9
# Saturation: share and run of samples at an extreme, range of the window in scales, and distance in
# quanta within which few other samples come near the extreme.
EXTREME_SHARE, EXTREME_RUN, EXTREME_SCALES, EXTREME_QUANTA = 0.1, 5, 10.0, 5.0
# Repetition: length of a sequence that occurs twice, and how many of its steps must be changes.
REPEAT_SAMPLES, REPEAT_CHANGES = 16, 12
_FACTORS = np.array(  # odd numbers without a regular pattern
    (0x3C6EF372FE94F82B, 0x1E3779B97F4A7C15, 0x2545F4914F6CDD1D, 0x5851F42D4C957F2D), np.int64
)


def examine(
    field_nt: Float64, scale_nt: Float64 | tuple[float, float, float], cadence_ms: int
) -> list[tuple[FaultFinding, ...]]:
    """Find the faults of each window.

    Parameters
    ----------
    field_nt
        Shape [n, span, 3]: raw H, E, Z in nT, without NaN.
    scale_nt
        The station's background of each component in nT: [3], or [n, 3] for windows of several
        stations.
    cadence_ms
        Sampling interval.

    Returns
    -------
    Findings of each window [n]; most windows have none.
    """
    # One row for each component of each window, so that sums run over adjacent memory.
    series_nt = np.ascontiguousarray(field_nt.swapaxes(1, 2)).reshape(-1, field_nt.shape[1])
    scale = np.broadcast_to(scale_nt, (len(field_nt), len(COMPONENTS))).reshape(-1, 1)
    difference_nt = np.diff(series_nt)
    size_nt = np.abs(difference_nt)
    still = size_nt <= STILL * scale
    # A quick necessary condition rules out most series before each full check.
    largest_nt, unit_nt = size_nt.max(axis=1), scale[:, 0]
    rests: Bool = np.asarray(run_begins(still, MIN_RUN).any(axis=1))
    faulty = {
        Fault.CONSTANT: _among(rests, _constant, still, size_nt, scale),
        Fault.STEP: _among(largest_nt >= STEP_SCALES * unit_nt, _stepped, difference_nt, scale),
        Fault.SPIKE: _among(largest_nt >= SPIKE_SCALES * unit_nt, _spiked, difference_nt, scale),
        Fault.SATURATION: _among(
            _may_stick(series_nt, scale), _saturated, series_nt, still, size_nt, scale
        ),
        Fault.REPETITION: _repeated(series_nt, still),
        Fault.NOISE: _among(_may_be_noisy(size_nt, scale), _noisy, difference_nt, scale),
    }
    by_window = {fault: rows.reshape(-1, len(COMPONENTS)) for fault, rows in faulty.items()}
    by_window[Fault.NOISE] = _of_one_sensor(by_window[Fault.NOISE], field_nt)
    findings: list[tuple[FaultFinding, ...]] = [()] * len(field_nt)
    any_fault = np.any([components.any(axis=1) for components in by_window.values()], axis=0)
    fast = (largest_nt >= RATE_SCALES * unit_nt).reshape(-1, len(COMPONENTS)).any(axis=1)
    pulses = pulse_findings(field_nt, scale.reshape(-1, len(COMPONENTS)), fast, cadence_ms)
    for window in np.union1d(np.flatnonzero(any_fault), list(pulses)).astype(int).tolist():
        unmeasured = _findings(by_window, window)
        findings[window] = together(unmeasured, pulses.get(window, ()))
    return findings


def _among(candidates: Bool, check: Callable[..., Bool], *series: Float64 | Bool) -> Bool:
    """Result of `check` for the candidate rows, False for the others."""
    faulty = np.zeros(len(candidates), dtype=bool)
    rows = np.flatnonzero(candidates)
    if len(rows):
        faulty[rows] = check(*(values[rows] for values in series))
    return faulty


def _findings(by_window: dict[Fault, Bool], window: int) -> tuple[FaultFinding, ...]:
    return tuple(
        FaultFinding(fault, "".join(np.compress(faulty[window], COMPONENTS)))
        for fault, faulty in by_window.items()
        if faulty[window].any()
    )


def _quantum_nt(still: Bool, size_nt: Float64) -> Float64:
    """Smallest change in each series, [n, 1]: the resolution of coarse records."""
    return np.asarray(np.where(still, np.inf, size_nt).min(axis=1, keepdims=True))


def _constant(still: Bool, size_nt: Float64, scale_nt: Float64) -> Bool:
    """Whether a value stays longer than the share of unchanged values elsewhere explains.

    Series whose smallest change is larger than the background are left out: coarse records consist
    of such runs.
    """
    length = still.shape[1]
    run = longest_run(still)
    elsewhere = (still.sum(axis=1) - run + 1) / (length - run + 2)
    unlikely = run * np.log(elsewhere) + np.log(length) < np.log(RUN_CHANCE)
    fine = (_quantum_nt(still, size_nt) <= scale_nt)[:, 0] | (run == length)
    return np.asarray((run >= MIN_RUN) & unlikely & fine)


def _stepped(difference_nt: Float64, scale_nt: Float64) -> Bool:
    """Whether one large difference lies between small ones: the level has moved and stays."""
    size_nt = np.abs(difference_nt)
    before_nt, after_nt = around(size_nt)
    alone = size_nt >= JUMP_RATIO * np.maximum(before_nt, after_nt)
    return np.asarray((alone & (size_nt >= STEP_SCALES * scale_nt)).any(axis=1))


def _spiked(difference_nt: Float64, scale_nt: Float64) -> Bool:
    """Whether the series jumps away and back within one to three samples."""
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
    """Largest of the eight differences before and after each one: both [n, m] in nT.

    Infinite where fewer than eight precede or follow.
    """
    largest = size_nt
    for width in (1, 2, 4):  # maxima of 2, 4 and then `_REACH` differences
        largest = np.maximum(largest[:, :-width], largest[:, width:])
    before_nt, after_nt = np.full_like(size_nt, np.inf), np.full_like(size_nt, np.inf)
    before_nt[:, _REACH:] = largest[:, :-1]
    after_nt[:, :-_REACH] = largest[:, 1:]
    return before_nt, after_nt


def _may_stick(series_nt: Float64, scale_nt: Float64) -> Bool:
    """Whether a series that moves has a run at an extreme: necessary for saturation."""
    highest_nt = series_nt.max(axis=1, keepdims=True)
    lowest_nt = series_nt.min(axis=1, keepdims=True)
    near_nt = near_extreme_nt(scale_nt)
    at = (series_nt >= highest_nt - near_nt) | (series_nt <= lowest_nt + near_nt)
    moves = (highest_nt - lowest_nt >= EXTREME_SCALES * scale_nt)[:, 0]
    return np.asarray(moves & run_begins(at, EXTREME_RUN).any(axis=1))


def near_extreme_nt(scale_nt: Float64) -> Float64:
    """Distance in nT within which a value counts as at an extreme.

    It is slightly larger than that of `_saturated`, so that rounding loses no candidate.
    """
    return 1.01 * STILL * scale_nt + 1e-9


def _saturated(series_nt: Float64, still: Bool, size_nt: Float64, scale_nt: Float64) -> Bool:
    """Whether values stick to an extreme with few others near it, unlike at a smooth turn."""
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
    """Whether all components repeat a sequence of samples: a record sent with a later time."""
    components, span = len(COMPONENTS), series_nt.shape[1]
    moves = (~still).reshape(-1, components, span - 1).any(axis=1)
    moved = np.cumsum(moves, axis=1, dtype=np.int64)
    changed = moved[:, REPEAT_SAMPLES - 1 :] - moved[:, : 1 - REPEAT_SAMPLES]
    sequence = hashes(series_nt.reshape(-1, components, span))[:, : changed.shape[1]]
    # Constant sequences are alike without being repetitions: each gets a unique value.
    sequence = np.where(changed < REPEAT_CHANGES, np.arange(sequence.shape[1]), sequence)
    ordered = np.sort(sequence, axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    return np.repeat(np.asarray(twice), components)


def hashes(series_nt: Float64) -> Int64:
    """Hash (modulo 2**64) of each `REPEAT_SAMPLES` successive samples of [n, 3, m]."""
    bits = series_nt.view(np.int64)
    values = bits[:, 0] * _FACTORS[0] + bits[:, 1] * _FACTORS[1] + bits[:, 2]
    for step, factor in zip((1, 2, 4, 8), _FACTORS, strict=True):
        values = values[:, :-step] * factor + values[:, step:]
    return np.asarray(values)


def _may_be_noisy(size_nt: Float64, scale_nt: Float64) -> Bool:
    """Whether half of the differences are large enough for the median difference of noise."""
    least_nt = _LEAST_NOISE_SCALES * scale_nt
    candidates: Bool = size_nt.max(axis=1) >= least_nt[:, 0]
    large = (size_nt[candidates] >= least_nt[candidates]).sum(axis=1)
    candidates[candidates] = 2 * large >= size_nt.shape[1] - 1
    return candidates


def _noisy(difference_nt: Float64, scale_nt: Float64) -> Bool:
    """Whether the series has white noise far above the station's background."""
    sigma_nt = _MAD_TO_SIGMA * np.median(np.abs(difference_nt), axis=1, keepdims=True)
    noisy = (sigma_nt / np.sqrt(2) >= NOISE_SCALES * scale_nt)[:, 0]
    for row in np.flatnonzero(noisy):
        noisy[row] = _white(_limited(difference_nt[row]))
    return np.asarray(noisy)


def _limited(difference_nt: Float64) -> Float64:
    """Differences without their extremes, so that a few jumps do not pass for noise: [..., m]."""
    sigma_nt = _MAD_TO_SIGMA * np.median(np.abs(difference_nt), axis=-1, keepdims=True)
    return np.asarray(np.clip(difference_nt, -3 * sigma_nt, 3 * sigma_nt))


def _white(limited_nt: Float64) -> bool:
    """Whether differences are those of white noise over a smooth field.

    Those of waves near the Nyquist frequency, as of a great storm at one sample a minute, are
    correlated also at a distance of two samples.
    """
    power = (limited_nt**2).sum()
    next_one = (limited_nt[1:] * limited_nt[:-1]).sum() / power
    next_but_one = (limited_nt[2:] * limited_nt[:-2]).sum() / power
    chance = 3 / np.sqrt(len(limited_nt))
    smooth = 2 * max(next_one + 0.5, 0.0)  # largest share of a smooth field
    return bool(next_one <= NOISE_CORRELATION and -chance <= next_but_one <= chance + smooth)


def _of_one_sensor(noisy: Bool, field_nt: Float64) -> Bool:
    """Without the noise that a sound component shares, which is the field's: [n, 3]."""
    for window in np.flatnonzero(noisy.any(axis=1) & ~noisy.all(axis=1)):
        limited_nt = _limited(np.diff(field_nt[window], axis=0).T)
        with np.errstate(invalid="ignore"):  # a component that mostly stays has no correlation
            shared = np.abs(np.corrcoef(limited_nt)) >= NOISE_SHARED
        np.fill_diagonal(shared, False)
        noisy[window] &= ~shared.any(axis=1)
    return noisy
