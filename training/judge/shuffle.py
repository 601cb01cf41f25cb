"""The same judgement with the earthquakes moved to other times: what chance alone gives.

Two ways of moving them are offered. The first, taken wherever it can be, moves the whole catalogue
by one random step along the recorded time, which closes to a ring: earthquakes stay as clustered,
and scores as correlated, as they are, and only their alignment is undone. Independent random
times break the clusters apart, spread the earthquakes more evenly than any real catalogue, and so
give a null that is too narrow and significance that is not there (Luen and Stark 2008,
doi 10.1214/193940307000000509). But a step can only be told from another if they differ by a lead
or so: in a record of a few leads, moving as a whole gives the same few catalogues again and again,
and a p-value finer than one in their number would be made up. Below 20 leads of recorded time,
independent times are drawn instead.

Both move along recorded time, not along the calendar: an earthquake is put only where at
least as much of its lead was recorded as of the worst recorded of the real ones. Otherwise a
shuffled catalogue would lose earthquakes in the gaps that the real one, chosen for having data,
does not lose.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from geofield.types import Bool, Float64, Int64
from training.labels.types import NEITHER, NON_SEISMIC, SEISMIC, Labels

Relabel: TypeAlias = Callable[[Int64], Labels]
"""Labels of the same windows by the same rules, for origin times [k] in milliseconds.

The times are those of the real labels' earthquakes, in their order, each perhaps moved.
"""

_MIN_STEPS = 20
_TRIES = 20
_ROUNDING = 1e-12


class ShuffleRefused(ValueError):
    """The catalogue cannot be shuffled; the message says why and what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class Shuffles:
    """Classes of all windows under shuffled catalogues; the same ones for every method.

    Attributes
    ----------
    real
        Shape [n]: classes by the real times, labelled by the same call as the others.
    kinds
        Shape [count, n].
    as_a_whole
        Whether the catalogue was moved as a whole, or every earthquake by itself.
    redrawn
        How many catalogues left one class empty and were drawn again.
    """

    real: NDArray[np.int8]
    kinds: NDArray[np.int8]
    as_a_whole: bool
    redrawn: int


@dataclass(frozen=True, slots=True, eq=False)
class Ring:
    """Recorded time as a ring of places at which an earthquake could have counted.

    Attributes
    ----------
    end_ms
        Shape [p]: ends of the windows that the places are, ascending.
    event_ms
        Shape [k]: origin times of the real earthquakes.
    counts
        Shape [k]: whether a recorded window ended in the lead before it; one without stays where
        it is, as it has no part in the real figure either.
    steps
        How many steps along the ring can be told apart, each at least a lead.
    """

    end_ms: Int64
    event_ms: Int64
    counts: Bool
    steps: int

    def moved(self, rng: np.random.Generator, as_a_whole: bool) -> Int64:
        """Origin times after one shuffle: [k]."""
        places = len(self.end_ms)
        here = np.maximum(np.searchsorted(self.end_ms, self.event_ms, side="right") - 1, 0)
        there = (here + rng.integers(places, size=1 if as_a_whole else len(here))) % places
        return np.where(self.counts, self.end_ms[there], self.event_ms)


def ring(recorded_ms: Int64, event_ms: Int64, lead_ms: int, hop_ms: int) -> Ring:
    """Lay out recorded time.

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
        If none of the earthquakes has a recorded window in the lead before it.
    """
    before = _recorded_before(recorded_ms, event_ms, lead_ms)
    counts = before > 0
    if not counts.any():
        raise ShuffleRefused(
            "no earthquake has a scored window in the lead before it: there is none to shuffle"
        )
    enough = _recorded_before(recorded_ms, recorded_ms, lead_ms) >= before[counts].min()
    return Ring(recorded_ms[enough], event_ms, counts, int(enough.sum()) * hop_ms // lead_ms)


def draw_shuffles(
    relabel: Relabel,
    recorded: Bool,
    around: Ring,
    count: int,
    rng: np.random.Generator,
    as_a_whole: bool | None = None,
) -> Shuffles:
    """Shuffle the catalogue and label the windows anew, `count` times.

    Parameters
    ----------
    relabel
        Labels for origin times. All choices that depend on earthquakes must be made in it, or the
        real labels and the shuffled ones do not compare.
    recorded
        Shape [n]: windows with a score; the others get no class.
    around
        Where the earthquakes are and could have been.
    count
        How many catalogues.
    rng
        Source of the draws.
    as_a_whole
        See the top of this file; by default it is decided as said there.

    Raises
    ------
    ShuffleRefused
        If catalogue after catalogue leaves one of the classes empty.
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
    """Share of catalogues, the real one among them, whose AUC is no lower than the real one's."""
    return float(1 + np.sum(shuffled >= real - _ROUNDING)) / (1 + len(shuffled))


def _auc(kind: NDArray[np.int8], levels: Int64) -> float:
    """AUC of classes in the order of their scores; equal scores begin at `levels`."""
    seismic, control = (
        np.add.reduceat(kind == wanted, levels, dtype=np.int64) for wanted in (SEISMIC, NON_SEISMIC)
    )
    won = seismic @ (np.cumsum(control) - control / 2)
    return float(won / (seismic.sum() * control.sum()))


def _kinds(relabel: Relabel, times_ms: Int64, recorded: Bool) -> NDArray[np.int8]:
    kind = np.where(recorded, relabel(times_ms).kind, NEITHER)
    return kind.astype(np.int8)


def _recorded_before(recorded_ms: Int64, at_ms: Int64, lead_ms: int) -> Int64:
    """How many windows ended in the lead up to each time."""
    begin, stop = (
        np.searchsorted(recorded_ms, at_ms - before, side="right") for before in (lead_ms, 0)
    )
    return stop - begin
