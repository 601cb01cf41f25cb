"""Shuffled catalogues: the same judgement with the earthquakes at other times, by chance alone.

There are two ways to shuffle. The first moves the whole catalogue by one random step along the
recorded time, which closes to a ring. Earthquakes stay clustered and scores correlated; only their
alignment is lost. The second draws independent random times. It breaks clusters and spreads
earthquakes more evenly than any real catalogue, so its null distribution is too narrow and it finds
false significance (Luen and Stark 2008, doi 10.1214/193940307000000509).

The first way is used where possible. But its steps are distinct only if they differ by about a
lead: a record of a few leads gives the same few catalogues again and again, and no p-value finer
than one in their number. Below 20 leads of recorded time, independent times are drawn instead.

Both ways move earthquakes along recorded time, not along the calendar. An earthquake is placed only
where at least as much of its lead is recorded as of the worst recorded real one. Otherwise a
shuffled catalogue would lose earthquakes in gaps, unlike the real one, which was chosen for having
data.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from geofield.types import Bool, Float64, Int64
from training.labels.types import NEITHER, NON_SEISMIC, SEISMIC, Labels

Relabel: TypeAlias = Callable[[Int64], Labels]
"""Labels of the same windows by the same rules, for origin times [k] in ms since 1970 UTC.

The times are those of the earthquakes of the real labels, in the same order, possibly moved.
"""

_MIN_STEPS = 20
_TRIES = 20
_ROUNDING = 1e-12


class ShuffleRefused(ValueError):
    """The catalogue cannot be shuffled; the message says why and what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class Shuffles:
    """Classes of all windows under shuffled catalogues, the same for every method.

    Attributes
    ----------
    real
        Shape [n]: classes for the real times, labelled by the same call as the shuffled ones.
    kinds
        Shape [count, n]: classes for each shuffled catalogue.
    as_a_whole
        Whether the catalogue was moved as a whole, or every earthquake by itself.
    redrawn
        Number of catalogues that left one class empty and were drawn again.
    """

    real: NDArray[np.int8]
    kinds: NDArray[np.int8]
    as_a_whole: bool
    redrawn: int


@dataclass(frozen=True, slots=True, eq=False)
class TimeRing:
    """Recorded time as a ring of places where an earthquake could count.

    Attributes
    ----------
    end_ms
        Shape [p]: places, which are ends of windows, ascending.
    event_ms
        Shape [k]: origin times of the real earthquakes.
    counts
        Shape [k]: whether a recorded window ended in the lead before each earthquake. The others
        are not moved, since they do not count for the real figure either.
    steps
        Number of distinct steps along the ring, each at least a lead long.
    """

    end_ms: Int64
    event_ms: Int64
    counts: Bool
    steps: int

    def moved(self, rng: np.random.Generator, as_a_whole: bool) -> Int64:
        """Origin times after one shuffle: [k]."""
        places = len(self.end_ms)
        before = np.maximum(np.searchsorted(self.end_ms, self.event_ms, side="right") - 1, 0)
        after = (before + rng.integers(places, size=1 if as_a_whole else len(before))) % places
        return np.where(self.counts, self.end_ms[after], self.event_ms)


def ring(recorded_ms: Int64, event_ms: Int64, lead_ms: int, hop_ms: int) -> TimeRing:
    """Make the ring of recorded time.

    Parameters
    ----------
    recorded_ms
        Shape [n]: ends of the windows with a score, ascending.
    event_ms
        Shape [k]: origin times of the earthquakes.
    lead_ms, hop_ms
        Length of the lead; distance between windows.

    Raises
    ------
    ShuffleRefused
        If no earthquake has a recorded window in the lead before it.
    """
    before = _recorded_before(recorded_ms, event_ms, lead_ms)
    counts = before > 0
    if not counts.any():
        raise ShuffleRefused(
            "no earthquake has a scored window in the lead before it: there is none to shuffle"
        )
    enough = _recorded_before(recorded_ms, recorded_ms, lead_ms) >= before[counts].min()
    return TimeRing(recorded_ms[enough], event_ms, counts, int(enough.sum()) * hop_ms // lead_ms)


def draw_shuffles(
    relabel: Relabel,
    recorded: Bool,
    around: TimeRing,
    count: int,
    rng: np.random.Generator,
    as_a_whole: bool | None = None,
) -> Shuffles:
    """Shuffle the catalogue and relabel the windows, `count` times.

    Parameters
    ----------
    relabel
        Labels for origin times. It must make all choices that depend on earthquakes, or the real
        labels and the shuffled ones are not comparable.
    recorded
        Shape [n]: windows with a score; the others get no class.
    around
        Ring of recorded time.
    count
        Number of catalogues.
    rng
        Source of the draws.
    as_a_whole
        Whether to move the catalogue as a whole; None for the rule at the top of this file.

    Raises
    ------
    ShuffleRefused
        If too many catalogues leave one of the classes empty.
    """
    whole = around.steps > _MIN_STEPS if as_a_whole is None else as_a_whole
    kinds: list[NDArray[np.int8]] = []
    redrawn = 0
    while len(kinds) < count:
        kind = _kinds(relabel, around.moved(rng, whole), recorded)
        if (kind == SEISMIC).any() and (kind == NON_SEISMIC).any():
            kinds.append(kind)
            continue
        redrawn += 1
        if redrawn > _TRIES * count:
            raise ShuffleRefused(
                f"only {len(kinds)} of {len(kinds) + redrawn} shuffled catalogues leave windows of "
                "both classes: take a longer record or a shorter lead"
            )
    real = _kinds(relabel, around.event_ms, recorded)
    return Shuffles(real, np.array(kinds).reshape(count, -1), whole, redrawn)


def shuffled_aucs(scores: Float64, kinds: NDArray[np.int8]) -> Float64:
    """AUC over windows for each labelling: scores [n] and classes [count, n] to [count]."""
    scored = np.flatnonzero(np.isfinite(scores))
    order = scored[np.argsort(scores[scored])]
    levels = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    return np.array([_auc(kind[order], levels) for kind in kinds])


def shuffled_p(real: float, shuffled: Float64) -> float:
    """One-sided p: share of catalogues, the real one included, with at least the real AUC."""
    return float(1 + np.sum(shuffled >= real - _ROUNDING)) / (1 + len(shuffled))


def _auc(kind: NDArray[np.int8], levels: Int64) -> float:
    """AUC of classes sorted by score; groups of equal scores begin at `levels`."""
    seismic, control = (
        np.add.reduceat(kind == wanted, levels, dtype=np.int64) for wanted in (SEISMIC, NON_SEISMIC)
    )
    won = seismic @ (np.cumsum(control) - control / 2)
    return float(won / (seismic.sum() * control.sum()))


def _kinds(relabel: Relabel, times_ms: Int64, recorded: Bool) -> NDArray[np.int8]:
    kind = np.where(recorded, relabel(times_ms).kind, NEITHER)
    return kind.astype(np.int8)


def _recorded_before(recorded_ms: Int64, at_ms: Int64, lead_ms: int) -> Int64:
    """Number of windows that ended in the lead up to each time."""
    begin, stop = (
        np.searchsorted(recorded_ms, at_ms - before, side="right") for before in (lead_ms, 0)
    )
    return stop - begin
