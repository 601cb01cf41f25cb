"""Profiles fitted online by workers, read from the profiles topic."""

from __future__ import annotations

from collections.abc import AsyncIterable, Collection, Sequence

import structlog
from aiokafka import ConsumerRecord

from archive.model_names import ONLY_MODEL, ModelNames, station_of
from archive.profile import decode_profile
from geofield.calibration.online.state import resumed
from geofield.calibration.profile import StationProfile
from geofield.calibration.versions import is_always, learns
from geofield.step import Rules, StationState
from monitor.assembly import basis_of
from monitor.kafka.guard import Guard
from monitor.worker.checkpoint import StationCheckpoint

OnlineProfiles = dict[str, tuple[StationProfile, int]]  # profile and partition, by station
BEFORE_ALL = -1  # offset of a state that contains no record
log = structlog.get_logger("magwatch.states")


async def newest_profiles(
    batches: AsyncIterable[Sequence[ConsumerRecord]], guard: Guard, names: ModelNames = ONLY_MODEL
) -> OnlineProfiles:
    """The last usable profile of each station for a model; a tombstone removes it."""
    profiles: OnlineProfiles = {}
    async for records in batches:
        for key, profile, partition in guard(records, _profile):
            if not names.owns(key, profile.model_sha256 if profile else ""):
                continue
            profiles.pop(station_of(key), None)
            if profile is not None:
                profiles[station_of(key)] = profile, partition
    return profiles


def _profile(record: ConsumerRecord) -> tuple[str, StationProfile | None, int]:
    """Key, profile and partition of a record.

    Raises
    ------
    ValueError
        If the record is no profile, or its key is not of the profile's station.
    """
    key = (record.key or b"").decode()
    if record.value is None:
        return key, None, record.partition
    profile = decode_profile(record.value)
    if profile.station != station_of(key):
        raise ValueError(f"key {key} but a profile of {profile.station}")
    return key, profile, record.partition


def initial_checkpoints(
    online: OnlineProfiles, rules: Rules, known: Collection[str]
) -> dict[str, StationCheckpoint]:
    """Initial states of the stations that have an online profile and nothing better.

    A checkpoint is better, as it contains its calibration (`known` are stations with one). A
    profile file that holds at all times is better as well.
    """
    setting = rules.setting
    if setting is None:
        return {}
    basis = basis_of(rules)
    states: dict[str, StationCheckpoint] = {}
    for station, (profile, partition) in online.items():
        versions = rules.profiles.get(station, ())
        if station in known or not learns(versions) or is_always(versions):
            continue
        if profile.model_sha256 != rules.model.sha256 or profile.basis != basis:
            log.warning("online profile of another model or alert rule left out", station=station)
            continue
        state = StationState(learning=resumed(profile, setting))
        states[station] = StationCheckpoint(state, partition, BEFORE_ALL)
    return states
