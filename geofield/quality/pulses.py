"""Pulses and steps that no field makes.

A car beside the sensor or a lightning strike changes the field within seconds, in all components at
once, and lets it be before and after. Nature does otherwise: its power falls with frequency, so
what is fast rides on slower changes that are larger. A sudden commencement rises for a minute and
goes on, a Pi2 swings for minutes, and Pc1 swings many times.

All limits are relative to the record itself and to the station's background. They hold where a
sample is short beside the rise of a sudden commencement.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from geofield.types import Bool, Float64

# A rate of change stands out if it is this many scales in a sample, and this many times larger than
# all others of all components in the calm before and after.
RATE_SCALES, RATE_RATIO, CALM_S = 5.0, 6.0, 20.0
HEIGHT_SCALES = 10.0
# What the calm may hold of the height of a pulse: before, after, and in scales at least. A wave
# that decays by 1/e in 20 s holds more afterwards.
PULSE_S, LEFT_BEFORE, LEFT_AFTER, LEFT_SCALES = 25.0, 1 / 5, 1 / 10, 2.0
BRIEF_S, BRIEF_LEFT = 4.0, 1 / 4
# Changes of direction among the larger differences of a pulse: a wave has more.
MOST_TURNS, LARGE = 4, 1 / 3
# A step stays for so long, or until the next change that is half as fast.
STEP_S, STAYS_S, STEP_LEFT = 12.0, 60.0, 0.3
COARSEST_MS = 2000
SPIKE_SAMPLES = 3  # a shorter pulse is a spike


@dataclass(frozen=True, slots=True)
class Pulse:
    """A pulse or a step in a window.

    Attributes
    ----------
    returns
        Whether the field is back afterwards: else it is a step.
    height_nt
        Largest deviation, or change of level, of the component that shows it most.
    duration_s
        From the last sample before it to the first one after it.
    shows
        Which of H, E and Z show it.
    """

    returns: bool
    height_nt: float
    duration_s: float
    shows: tuple[bool, ...]


Measured: TypeAlias = tuple[Float64, int] | None
"""Height of each component in scales and duration in samples; None if it is no such change."""


@dataclass(frozen=True, slots=True)
class _InSamples:
    """The times above, in samples."""

    calm: int
    pulse: int
    brief: int
    step: int
    stays: int

    @classmethod
    def at(cls, cadence_ms: int) -> "_InSamples":
        seconds = (CALM_S, PULSE_S, BRIEF_S, STEP_S, STAYS_S)
        return cls(*(round(span_s * 1000 / cadence_ms) for span_s in seconds))


def rates(difference_nt: Float64, scale_nt: Float64) -> Float64:
    """Largest of the components, in scales: [n, 3, m] with [n, 3, m or 1] to [n, m]."""
    return np.asarray((np.abs(difference_nt) / scale_nt).max(axis=1))


def stand_out(rate: Float64, cadence_ms: int) -> Bool:
    """Where a rate is high between calm on both sides, as every pulse and step is: [n, m].

    NaN counts as high.
    """
    samples = _InSamples.at(cadence_ms)
    calm, inner = samples.calm, slice(samples.calm, rate.shape[1] - samples.calm)
    above = np.zeros(rate.shape, dtype=bool)
    if cadence_ms > COARSEST_MS or rate.shape[1] <= 2 * calm:
        return above
    rate = np.where(np.isnan(rate), np.inf, rate)
    runs = _sliding(np.maximum, rate, calm)  # of the `calm` rates that begin at each place
    edge = np.full((len(rate), samples.pulse), np.inf)
    calmest = _sliding(np.minimum, np.hstack([edge, runs, edge]), samples.pulse + 1)
    places = rate[:, inner].shape[1]
    before, after = calmest[:, :places], calmest[:, samples.pulse + calm + 1 :][:, :places]
    ample = np.maximum(RATE_RATIO * np.maximum(before, after), RATE_SCALES)
    above[:, inner] = rate[:, inner] >= ample
    return above


def find_pulses(field_nt: Float64, scale_nt: Float64, cadence_ms: int) -> list[Pulse]:
    """Pulses and steps of one window, the fastest first.

    Parameters
    ----------
    field_nt
        Shape [span, 3]: raw H, E, Z, without NaN.
    scale_nt
        Shape [3]: the station's background.
    cadence_ms
        Sampling interval; none is found at a coarse one, where a sudden commencement is a step.
    """
    samples, scaled = _InSamples.at(cadence_ms), field_nt / scale_nt
    rate = rates(np.diff(field_nt, axis=0).T[None], scale_nt[:, None])
    places, rate = stand_out(rate, cadence_ms)[0], rate[0]
    pulses: list[Pulse] = []
    while places.any():
        top = int(np.where(places, rate, -1.0).argmax())
        first, last = _burst(rate, top, samples.calm)
        places[first : last + 1] = False
        foot = rate[first : last + 1].max() > rate[top]  # of a pulse that was measured before
        if foot or first < samples.calm or last + samples.calm >= len(rate):
            continue
        for returns, measured in (
            (True, _pulse(scaled, first, last, samples)),
            (False, _step(scaled, rate, first, last, samples)),
        ):
            if measured is not None:
                pulses.append(_described(returns, *measured, scale_nt, cadence_ms))
                break
    return pulses


def _described(
    returns: bool, height: Float64, duration: int, scale_nt: Float64, cadence_ms: int
) -> Pulse:
    shows = height >= np.minimum(HEIGHT_SCALES, height.max())
    most = float((height * scale_nt)[shows].max())
    return Pulse(returns, most, duration * cadence_ms / 1000, tuple(shows.tolist()))


def _sliding(extreme: np.ufunc, values: Float64, width: int) -> Float64:
    """Extreme of each `width` successive values: [n, m] to [n, m - width + 1]."""
    reach = 1
    while reach < width:
        further = min(reach, width - reach)
        values = extreme(values[:, :-further], values[:, further:])
        reach += further
    return values


def _burst(rate: Float64, top: int, calm: int) -> tuple[int, int]:
    """First and last of the high rates around `top` that no calm divides."""
    high = np.flatnonzero(rate * RATE_RATIO > rate[top])
    begins = np.flatnonzero(np.diff(high, prepend=-calm - 2) > calm)
    part = int(np.searchsorted(high[begins], top, side="right")) - 1
    until = begins[part + 1] if part + 1 < len(begins) else len(high)
    return int(high[begins[part]]), int(high[until - 1])


def _pulse(scaled: Float64, first: int, last: int, samples: _InSamples) -> Measured:
    """Measure a change from which the field is back in time, and stays."""
    if last - first >= samples.pulse:
        return None
    calm, brief = samples.calm, last - first < samples.brief
    until = last + 1 if brief else first + samples.pulse
    begin = first - calm + 1
    if until + calm > len(scaled):
        return None
    away = _above_calm(scaled[begin : until + calm], calm)
    height = away.max(axis=0)
    tallest = height.max()
    left_before, left_after = (BRIEF_LEFT, BRIEF_LEFT) if brief else (LEFT_BEFORE, LEFT_AFTER)
    alone = tallest >= HEIGHT_SCALES and away[:calm].max() <= left_before * tallest
    back = away[-calm:].max() <= max(left_after * tallest, LEFT_SCALES)
    course = np.diff(scaled[first : last + 2, int(height.argmax())])
    if not (alone and back) or _turns(course) > MOST_TURNS:
        return None
    seen = np.flatnonzero((away > LEFT_BEFORE * tallest).any(axis=1))
    return height, max(int(seen[-1]) + 1 - (calm - 1), last - first + 1)


def _above_calm(scaled: Float64, calm: int) -> Float64:
    """Distance from the slow field: from a line between the calm at the begin and at the end."""
    low, high = np.median(scaled[:calm], axis=0), np.median(scaled[-calm:], axis=0)
    position = (np.arange(len(scaled)) - (calm - 1) / 2) / (len(scaled) - calm)
    return np.asarray(np.abs(scaled - low - (high - low) * position[:, None]))


def _turns(course: Float64) -> int:
    """How often the larger differences change their direction."""
    size = np.abs(course)
    large = course[size >= LARGE * size.max()] > 0
    return int((large[1:] != large[:-1]).sum())


def _step(scaled: Float64, rate: Float64, first: int, last: int, samples: _InSamples) -> Measured:
    """Measure a change after which the level has moved and stays."""
    if last - first >= samples.step:
        return None
    slower = rate[first : last + 1].max() / RATE_RATIO
    stays = _stays(rate[last + 1 :], slower, samples)
    held = _stays(rate[:first][::-1], slower, samples)
    if stays is None or held is None:
        return None
    before, after = scaled[first - held : first + 1], scaled[last + 1 : last + 2 + stays]
    calm = samples.calm
    height = np.abs(np.median(after[:calm], axis=0) - np.median(before[-calm:], axis=0))
    left = max(np.ptp(before, axis=0).max(), np.ptp(after, axis=0).max())
    if height.max() < HEIGHT_SCALES or left > STEP_LEFT * height.max():
        return None
    return height, last - first + 1


def _stays(rate: Float64, slower: float, samples: _InSamples) -> int | None:
    """Samples to the next change that is about as fast, at most `stays`; None if that is unknown.

    A slower change means that the level does not stay, as after a car.
    """
    high = np.flatnonzero(rate[: samples.stays] > slower)
    if not len(high):
        return samples.stays if len(rate) >= samples.stays else None
    begin = int(high[0])
    edge = rate[begin : begin + samples.step]
    return begin if edge.max() > slower * RATE_RATIO / 2 else None


def tallest(pulses: list[Pulse]) -> Pulse:
    """The pulse with the largest height, with all components that show any of them."""
    shows = tuple(np.any([pulse.shows for pulse in pulses], axis=0).tolist())
    return replace(max(pulses, key=lambda pulse: pulse.height_nt), shows=shows)
