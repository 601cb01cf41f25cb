"""Match each seismic window with non-seismic windows of like Kp, local hour and season."""

from dataclasses import dataclass

import numpy as np

from geofield.earthquakes.types import Site
from geofield.indices import IndexHistory
from geofield.types import Bool, Int64
from training.labels.covariates import highest_kp, local_hour, season
from training.labels.types import Labels

_HOURS_OF_A_BIN = 3
_HOUR_BINS = 8
_SEASONS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """Matched controls, and the quality of the match.

    Attributes
    ----------
    chosen
        Shape [n]: whether each window is a control.
    strata
        Number of combinations of Kp, hour and season among the seismic windows.
    short
        Number of strata with fewer controls than asked for.
    unmatched
        Number of strata without any control.
    other_season
        Number of controls that are of another season, because their own had none left.
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
    kp: IndexHistory,
    rng: np.random.Generator,
    per_seismic: int,
    *,
    window_ms: int,
) -> Matched:
    """Draw controls for the seismic windows of one side of a split.

    A control has the same integer part of Kp (unknown matches unknown), the same three-hour bin of
    local solar time and the same season as its seismic window. Where the season has no window left,
    a neighbouring season serves, with the same Kp and hour. No window is drawn twice. So neither
    Kp, nor the hour, nor the season separates the classes.

    Parameters
    ----------
    labels
        Labels of one station.
    mask
        Shape [n]: windows of one side of the split; others are never drawn.
    site, kp
        Position of the station, and all known Kp values.
    rng
        Source of the draws.
    per_seismic
        Number of controls wanted for each seismic window.
    window_ms
        Length of a window without the margins of its filter; the highest Kp over it counts.
    """
    seismic = np.flatnonzero(mask & labels.seismic)
    pool = np.flatnonzero(mask & labels.non_seismic)
    where = np.concatenate([seismic, pool])
    conditions, seasons = _conditions(labels.end_ms[where], window_ms, site, kp)
    strata = _SEASONS * conditions + seasons
    wanted = _counts(strata[: len(seismic)], per_seismic)
    left = _shuffled(strata[len(seismic) :], pool, rng)
    same = {stratum: _draw(left, stratum, count) for stratum, count in wanted.items()}
    # Borrow after all strata have drawn, so that no stratum loses its windows to a neighbour.
    other = {
        stratum: _borrow(left, stratum, count - len(same[stratum]))
        for stratum, count in wanted.items()
    }
    drawn = [window for taken in (*same.values(), *other.values()) for window in taken]
    chosen = np.zeros(len(mask), dtype=bool)
    chosen[drawn] = True
    got = {stratum: len(same[stratum]) + len(other[stratum]) for stratum in wanted}
    return Matched(
        chosen,
        strata=len(wanted),
        short=sum(got[stratum] < count for stratum, count in wanted.items()),
        unmatched=sum(not count for count in got.values()),
        other_season=sum(len(taken) for taken in other.values()),
    )


def _conditions(end_ms: Int64, window_ms: int, site: Site, kp: IndexHistory) -> tuple[Int64, Int64]:
    """Number of the combination of Kp and hour, and season, of each window: [n] each."""
    middle_ms = end_ms - window_ms // 2
    highest = highest_kp(kp, end_ms - window_ms, end_ms)
    kp_bin = np.where(np.isnan(highest), 10, np.floor(np.nan_to_num(highest)))
    hour_bin = local_hour(site, middle_ms) // _HOURS_OF_A_BIN
    return (kp_bin * _HOUR_BINS + hour_bin).astype(np.int64), season(middle_ms)


def _counts(strata: Int64, per_seismic: int) -> dict[int, int]:
    numbers, counts = np.unique(strata, return_counts=True)
    return dict(zip(numbers.tolist(), (counts * per_seismic).tolist(), strict=True))


def _shuffled(strata: Int64, pool: Int64, rng: np.random.Generator) -> dict[int, list[int]]:
    """Windows of each stratum, in random order."""
    left: dict[int, list[int]] = {}
    for position in rng.permutation(len(pool)):
        left.setdefault(int(strata[position]), []).append(int(pool[position]))
    return left


def _draw(left: dict[int, list[int]], stratum: int, count: int) -> list[int]:
    """Take up to `count` windows of a stratum out of `left`."""
    windows = left.get(stratum, [])
    taken, windows[:] = windows[:count], windows[count:]
    return taken


def _borrow(left: dict[int, list[int]], stratum: int, count: int) -> list[int]:
    """Take windows from the next season, then the previous one, then the opposite one."""
    condition, season_number = divmod(stratum, _SEASONS)
    taken: list[int] = []
    for step in (1, -1, 2):
        other = _SEASONS * condition + (season_number + step) % _SEASONS
        taken += _draw(left, other, count - len(taken))
    return taken
