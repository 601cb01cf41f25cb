"""The Molchan diagram: share of missed earthquakes against share of time under alarm.

Sources: Molchan (1991), Tectonophysics 193, 267-276; Zechar and Jordan (2008), Geophys. J. Int.
172, 715-724. The band and the p of the area assume that, without skill, earthquakes fall on
recorded time independently of each other and of the alarms. For clustered earthquakes the test with
shuffled catalogues counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom, irwinhall

from geofield.types import Float64, Int64

_FINE = np.geomspace(0.001, 0.1, 60)  # alarm shares of practical use, on a finer grid
_GRID = np.union1d(np.linspace(0.0, 1.0, 121), _FINE)


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A Molchan diagram, from no alarm to permanent alarm.

    Attributes
    ----------
    alarm_share
        Shape [m], ascending from 0 to 1: share of recorded time under alarm.
    miss_share
        Shape [m], falling from 1 to 0: share of earthquakes without an alarm at their origin time.
    events
        Number of earthquakes that count: a window with a score ended in the lead before them.
    """

    alarm_share: Float64
    miss_share: Float64
    events: int


def molchan(end_ms: Int64, scores: Float64, event_ms: Int64, lead_ms: int) -> Curve:
    """Compute the Molchan curve, for a falling threshold, with at most 200 points.

    A window at or above the threshold declares an alarm from its end for the length of the lead. So
    the highest score of the lead before a time decides whether that time is under alarm. Recorded
    time is represented by the ends of windows with a score. Without skill, the probability to catch
    an earthquake is the share of time under alarm.

    Parameters
    ----------
    end_ms, scores
        Shape [n]: ends of windows, ascending, and their scores; NaN for windows without one.
    event_ms
        Shape [k]: origin times of the earthquakes.
    lead_ms
        Length of an alarm.
    """
    scored = np.isfinite(scores)
    ends, values = end_ms[scored], scores[scored]
    recorded = _highest(ends, values, ends, lead_ms)
    caught = _highest(ends, values, event_ms, lead_ms)
    caught = caught[np.isfinite(caught)]
    if not len(recorded) or not len(caught):
        return Curve(np.array([0.0, 1.0]), np.array([1.0, 0.0]), 0)
    thresholds = np.unique(np.quantile(recorded, 1 - _GRID, method="inverted_cdf"))[::-1]
    alarm = 1 - np.searchsorted(np.sort(recorded), thresholds) / len(recorded)
    miss = np.searchsorted(np.sort(caught), thresholds) / len(caught)
    return Curve(np.r_[0.0, alarm, 1.0], np.r_[1.0, miss, 0.0], len(caught))


def band(events: int, alarm_share: Float64) -> tuple[Float64, Float64]:
    """Central 95 % interval of the miss share without skill, by the binomial distribution.

    Parameters
    ----------
    events
        Number of earthquakes.
    alarm_share
        Shape [m]: shares of time under alarm.

    Returns
    -------
    Lower and upper ends, [m] each.
    """
    caught_low, caught_high = binom.interval(0.95, events, alarm_share)
    return np.asarray(1 - caught_high / events), np.asarray(1 - caught_low / events)


def area_skill(alarm_share: Sequence[float], miss_share: Sequence[float]) -> float:
    """Area skill score, the area above the Molchan curve: 1 is perfect, 0.5 the mean without skill.

    Source: Zechar and Jordan (2008), Geophys. J. Int. 172, 715-724.
    """
    return float(1 - np.trapezoid(miss_share, alarm_share))


def area_skill_p(area: float, events: int) -> float:
    """One-sided p of an area skill score: probability of at least this area without skill.

    Without skill, the area is the mean of `events` independent uniform variables: each earthquake
    contributes the share of time whose alarm level is below its own.
    """
    return float(irwinhall.sf(area * events, events))


def _highest(ends_ms: Int64, scores: Float64, at_ms: Int64, lead_ms: int) -> Float64:
    """Highest score of the windows that ended in the lead up to each time; -inf without one."""
    begin = np.searchsorted(ends_ms, at_ms - lead_ms, side="left")
    stop = np.searchsorted(ends_ms, at_ms, side="right")
    highest = np.full(len(at_ms), -np.inf)
    size = 1
    of_size = scores  # highest of the `size` scores from each index on
    while size <= (stop - begin).max(initial=0):
        fits = (stop - begin >= size) & (stop - begin < 2 * size)
        highest[fits] = np.maximum(of_size[begin[fits]], of_size[stop[fits] - size])
        of_size = np.maximum(of_size[:-size], of_size[size:])
        size *= 2
    return highest
