"""Chooses non-seismic windows that are like the seismic ones in all but the earthquake."""

from dataclasses import dataclass

import numpy as np

from geofield.indices import KpHistory
from geofield.types import Bool, Int64
from training.labels.conditions import highest_kp, local_hour, season
from training.labels.types import Labels, Site

_HOURS_OF_A_BIN = 3
_HOUR_BINS = 8
_SEASONS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """Controls and how well they match.

    Attributes
    ----------
    chosen
        Shape [n]: non-seismic windows, each at most once.
    strata
        Combinations of Kp, hour and season that seismic windows have.
    short
        Of those, how many had fewer controls than asked for.
    unmatched
        Of those, how many had none at all: their seismic windows stand without controls.
    other_season
        Windows of `chosen` that are of another season, for want of their own.
    """

    chosen: Bool
    strata: int
    short: int
    unmatched: int
    other_season: int


def match_controls(
    labels: Labels,
    mask: Bool,
    site: Site,
    kp: KpHistory,
    rng: np.random.Generator,
    per_seismic: int,
    *,
    window_ms: int,
) -> Matched:
    """Draw controls for the seismic windows of one side.

    A control has the integer part of Kp (an unknown Kp matches an unknown one), the three-hour
    bin of local solar time and the season of its seismic window; where that season has none left,
    the next, of the same Kp and hour. It is of the same station because `labels` are. No window is
    drawn twice. So neither Kp, nor the hour, nor the season tells the classes apart.

    Parameters
    ----------
    labels
        Of one station.
    mask
        Shape [n]: windows of one side of the split; no other is drawn.
    site, kp
        Where, and all known values.
    rng
        The draw depends on it alone.
    per_seismic
        How many controls each seismic window is to get.
    window_ms
        Length of a window without its filter's margins; Kp is the highest over it.
    """
    seismic = np.flatnonzero(mask & labels.seismic)
    pool = np.flatnonzero(mask & labels.non_seismic)
    where = np.concatenate([seismic, pool])
    conditions, seasons = _conditions(labels.end_ms[where], window_ms, site, kp)
    strata = _SEASONS * conditions + seasons
    wanted = _counts(strata[: len(seismic)], per_seismic)
    left = _shuffled(strata[len(seismic) :], pool, rng)
    own = {one: _draw(left, one, many) for one, many in wanted.items()}
    # After every stratum has had its own: none loses its windows to a neighbour.
    other = {one: _borrow(left, one, many - len(own[one])) for one, many in wanted.items()}
    drawn = [window for taken in (*own.values(), *other.values()) for window in taken]
    chosen = np.zeros(len(mask), dtype=bool)
    chosen[drawn] = True
    got = {one: len(own[one]) + len(other[one]) for one in wanted}
    return Matched(
        chosen,
        strata=len(wanted),
        short=sum(got[one] < many for one, many in wanted.items()),
        unmatched=sum(not many for many in got.values()),
        other_season=sum(len(taken) for taken in other.values()),
    )


def _conditions(end_ms: Int64, window_ms: int, site: Site, kp: KpHistory) -> tuple[Int64, Int64]:
    """A number for each combination of Kp and hour, and the season."""
    middle_ms = end_ms - window_ms // 2
    highest = highest_kp(kp, end_ms - window_ms, end_ms)
    kp_bin = np.where(np.isnan(highest), 10, np.floor(np.nan_to_num(highest)))
    hour_bin = local_hour(site, middle_ms) // _HOURS_OF_A_BIN
    return (kp_bin * _HOUR_BINS + hour_bin).astype(np.int64), season(middle_ms)


def _counts(strata: Int64, per_seismic: int) -> dict[int, int]:
    numbers, counts = np.unique(strata, return_counts=True)
    return dict(zip(numbers.tolist(), (counts * per_seismic).tolist(), strict=True))


def _shuffled(strata: Int64, pool: Int64, rng: np.random.Generator) -> dict[int, list[int]]:
    """Windows of each stratum in random order."""
    left: dict[int, list[int]] = {}
    for position in rng.permutation(len(pool)):
        left.setdefault(int(strata[position]), []).append(int(pool[position]))
    return left


def _draw(left: dict[int, list[int]], stratum: int, many: int) -> list[int]:
    windows = left.get(stratum, [])
    taken, windows[:] = windows[:many], windows[many:]
    return taken


def _borrow(left: dict[int, list[int]], stratum: int, many: int) -> list[int]:
    """From the seasons on either side in turn, then from the opposite one."""
    condition, own = divmod(stratum, _SEASONS)
    taken: list[int] = []
    for step in (1, -1, 2):
        other = _SEASONS * condition + (own + step) % _SEASONS
        taken += _draw(left, other, many - len(taken))
    return taken
