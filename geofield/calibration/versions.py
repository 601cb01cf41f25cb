"""Versions: the profiles of a station, each with the event time from which it holds.

For a window that ends at t, the version with the greatest `effective_ms` before t counts; None is
before all times. The profile of a window depends only on the profiles and on event time, never on
the time at which a profile was noticed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from geofield.calibration.profile import StationProfile
from geofield.series.windows import Due, Group

ALWAYS_MS = int(np.iinfo(np.int64).min)
NOT_TURNED_DEG = 0.0  # reference declination of a station without a profile

Versions: TypeAlias = tuple[StationProfile, ...]
"""Profiles of one station, in the order of the times from which they hold."""
Owned: TypeAlias = tuple[str, StationProfile | None, Due]
"""A station, the profile of its windows (None without one), and the windows in order of time."""


def since_ms(profile: StationProfile) -> int:
    """Event time from which the profile holds, ms since 1970 UTC: for windows that end later."""
    return ALWAYS_MS if profile.effective_ms is None else profile.effective_ms


def in_order(profiles: Iterable[StationProfile]) -> Versions:
    """Sort the profiles of one station into versions; duplicates count once.

    Raises
    ------
    ValueError
        If two different profiles hold from the same time on, or turn the field by different angles:
        windows share samples, which are turned once.
    """
    versions = tuple(sorted(set(profiles), key=since_ms))
    for before, after in pairwise(versions):
        if since_ms(before) == since_ms(after):
            since = "for all times" if after.effective_ms is None else f"from {moment(after)} on"
            raise ValueError(f"two different profiles hold {since}")
        if before.declination_deg != after.declination_deg:
            raise ValueError(
                f"one profile turns the field by {before.declination_deg:g} degrees, the one after "
                f"it by {after.declination_deg:g}"
            )
    return versions


def moment(profile: StationProfile) -> str:
    """Time from which a profile holds, as text."""
    if profile.effective_ms is None:
        return "the beginning"
    return f"{np.datetime64(profile.effective_ms, 'ms').astype('datetime64[s]')}Z"


def version_at(versions: Versions, end_ms: int) -> StationProfile | None:
    """Profile of a window that ends at `end_ms`; None before the first version holds."""
    holding = (profile for profile in reversed(versions) if since_ms(profile) < end_ms)
    return next(holding, None)


def parted(
    versions: Versions, due: Due, cadence_ms: int
) -> Iterator[tuple[StationProfile | None, Due]]:
    """Divide windows, in order of time, by their profiles; None where no version holds."""
    if not versions:
        yield None, due
        return
    if since_ms(versions[-1]) == ALWAYS_MS:  # a single version, as for nearly all stations
        yield versions[-1], due
        return
    numbers = np.searchsorted([since_ms(version) for version in versions], due.ends * cadence_ms)
    for number in np.unique(numbers).tolist():
        yield versions[number - 1] if number else None, due[numbers == number]


def assigned(
    due: Sequence[Group], profiles: Mapping[str, Versions], cadence_ms: int, *, online: bool
) -> tuple[list[Owned], list[Group], list[Owned]]:
    """Assign profiles to due windows.

    Returns
    -------
    known
        Windows that have a profile, or that have none and serve no online calibration.
    learning
        Windows that serve online calibration.
    later
        Windows of the stations in `learning` for which a profile holds again.
    """
    known: list[Owned] = []
    learning: list[Group] = []
    later: list[Owned] = []
    learning_stations: set[str] = set()
    for station, windows in due:
        versions = profiles.get(station, ())
        for profile, part in parted(versions, windows, cadence_ms):
            if profile is None and online and learns(versions):
                learning.append((station, part))
                learning_stations.add(station)
            else:
                owned = later if station in learning_stations else known
                owned.append((station, profile, part))
    return known, learning, later


def is_always(versions: Versions) -> bool:
    """Whether every window of the station has a profile."""
    return bool(versions) and since_ms(versions[0]) == ALWAYS_MS


def learns(versions: Versions) -> bool:
    """Whether a station is calibrated online while none of its versions holds.

    Online calibration needs samples in the station's own axes, so it is off where a later version
    turns the samples.
    """
    return not versions or versions[0].declination_deg == NOT_TURNED_DEG


def declinations_deg(profiles: Mapping[str, Versions]) -> dict[str, float]:
    """Reference declination of each station, in degrees."""
    return {name: versions[0].declination_deg for name, versions in profiles.items()}


def position_deg(versions: Versions) -> tuple[float, float] | None:
    """Latitude and longitude of the station in degrees, from the newest version that has them."""
    positions_deg = (version.position_deg for version in reversed(versions))
    return next((position for position in positions_deg if position is not None), None)


class Unusable(Enum):
    """Why a version cannot be added once windows of its station have been decided."""

    LATE = "late"
    NO_TIME = "no time"
    FRAME = "frame"


@dataclass(frozen=True, slots=True)
class Merged:
    """Result of merging offered versions with those in use.

    Attributes
    ----------
    versions
        Versions to use from now on.
    refused
        Offered versions that are not used, and why.
    kept
        Used versions that are no longer offered, but by which windows were decided.
    decided_ms
        End of the last decided window, None if none was decided.
    """

    versions: Versions
    refused: tuple[tuple[StationProfile, Unusable], ...] = ()
    kept: Versions = ()
    decided_ms: int | None = None


def merged(used: Versions, offered: Versions, decided_ms: int | None) -> Merged:
    """Merge offered versions into those in use without changing the profile of a decided window.

    Parameters
    ----------
    used
        Versions in use.
    offered
        Versions to use from now on.
    decided_ms
        End of the last decided window of the station; None if none was decided.

    Raises
    ------
    ValueError
        See `in_order`.
    """
    if decided_ms is None and not offered:
        return Merged(used, kept=used)  # another worker may use them to decide windows
    stays = [profile for profile in used if profile in offered or not _is_open(profile, decided_ms)]
    merged_profiles = list(stays)
    refused: list[tuple[StationProfile, Unusable]] = []
    for profile in offered:
        if profile in used:
            continue
        if decided_ms is not None and _is_moved(profile, used):
            refused.append((profile, Unusable.FRAME))
        elif not _is_open(profile, decided_ms):
            no_time = profile.effective_ms is None
            refused.append((profile, Unusable.NO_TIME if no_time else Unusable.LATE))
        else:
            merged_profiles.append(profile)
    kept = tuple(profile for profile in stays if profile not in offered)
    return Merged(in_order(merged_profiles), tuple(refused), kept, decided_ms)


def positions(
    profiles: Mapping[str, Versions],
) -> tuple[dict[str, tuple[float, float]], dict[str, int]]:
    """Positions of stations in degrees, and the event times from which they hold.

    Stations without a position are left out of both, and stations whose position always holds are
    left out of the times.
    """
    places: dict[str, tuple[float, float]] = {}
    joined_ms: dict[str, int] = {}
    for name, versions in profiles.items():
        located = [version for version in versions if version.position_deg is not None]
        if (place := position_deg(versions)) is not None:
            places[name] = place
            if not is_always(tuple(located)):
                joined_ms[name] = since_ms(located[0])
    return places, joined_ms


def _is_open(profile: StationProfile, decided_ms: int | None) -> bool:
    """Whether no decided window ended after the time from which the profile holds."""
    return decided_ms is None or since_ms(profile) >= decided_ms


def _is_moved(profile: StationProfile, used: Versions) -> bool:
    """Whether a profile has other axes or another position than the versions in use."""
    axes_deg = used[0].declination_deg if used else NOT_TURNED_DEG
    before, after = position_deg(used), profile.position_deg
    elsewhere = None not in (before, after) and before != after
    return profile.declination_deg != axes_deg or elsewhere
