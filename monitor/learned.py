"""Profiles that workers fitted online, as the topic of profiles keeps them."""

from __future__ import annotations

from collections.abc import AsyncIterable, Collection, Sequence

import structlog
from aiokafka import ConsumerRecord

from archive.profile import decode_profile
from geofield.calibrating import resumed
from geofield.profile import AlertBasis, StationProfile
from geofield.step import Rules, StationState
from monitor.checkpoint import Held

Learned = dict[str, tuple[StationProfile, int]]  # by station, with the partition
BEFORE_ALL = -1  # no record of the samples topic is in such a state
log = structlog.get_logger("magwatch.states")


async def newest_profiles(batches: AsyncIterable[Sequence[ConsumerRecord]]) -> Learned:
    """The last profile of each station."""
    found: Learned = {}
    async for records in batches:
        for record in records:
            _take(record, found)
    return found


def _take(record: ConsumerRecord, found: Learned) -> None:
    station = (record.key or b"").decode(errors="replace")
    found.pop(station, None)
    if record.value is None:
        return
    try:
        profile = decode_profile(record.value)
    except ValueError as error:
        log.error("unreadable profile left out", station=station, error=str(error))
        return
    if profile.station == station:
        found[station] = profile, record.partition


def begun(found: Learned, rules: Rules, known: Collection[str]) -> dict[str, Held]:
    """States of stations that have an online profile and nothing better.

    Better are a checkpoint, which has its own calibration, and a profile from an archive.
    """
    setting = rules.setting
    if setting is None:
        return {}
    basis = AlertBasis(rules.alert.k, rules.alert.n, rules.window.hop)
    states: dict[str, Held] = {}
    for station, (profile, partition) in found.items():
        if station in known or station in rules.profiles:
            continue
        if profile.model_sha256 != rules.model.sha256 or profile.basis != basis:
            log.warning("online profile of another model or alert rule left out", station=station)
            continue
        state = StationState(learning=resumed(profile, setting))
        states[station] = Held(state, partition, BEFORE_ALL)
    return states
