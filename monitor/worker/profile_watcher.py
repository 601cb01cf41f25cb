"""Watcher of the folder of profiles: takes over new versions while the worker runs.

A version is taken over if no window has reached its effective time. Any other version would change
published scores, so it waits for a restart. No file can end a running worker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import structlog

from geofield.calibration.profile import StationProfile
from geofield.calibration.versions import Merged, Unusable, Versions, merged, moment
from geofield.series.windows import WindowSpec
from geofield.utc import utc
from monitor.assembly import check_profile
from monitor.profiles.folder import ProfileFolder
from monitor.profiles.usage import WorkerUse, decided_ms, station_use
from monitor.worker.checkpoint import StationCheckpoint
from monitor.worker.pipeline import Worker

SHOWN = 10  # stations named in one line
log = structlog.get_logger("magwatch.profiles")


class ProfileWatch:
    """Reads the folder of profiles every `every_s` and hands new versions to a worker."""

    def __init__(self, path: Path | None, every_s: float, worker: Worker) -> None:
        self._path = path
        self._every_s = every_s
        self._worker = worker
        self._refused: dict[str, str] = {}  # reasons, by version that waits for a restart
        self._unused: dict[str, str] = {}  # reasons, by file or version, as logged last
        self._gone: set[str] = set()  # stations whose files were deleted, as logged last

    async def follow(self) -> None:
        """Watch for ever."""
        if self._path is None:
            return
        rules = self._worker.scorer.rules
        folder = ProfileFolder(
            self._path, lambda profile: check_profile(profile, rules), self._worker.names
        )
        while True:
            await asyncio.sleep(self._every_s)
            offered = await asyncio.to_thread(folder.scan)
            if offered is not None:
                async with self._worker.between_batches:
                    self._take(offered)
            self._say(folder.unused | self._refused)

    def use(self) -> WorkerUse:
        """The profiles in use; runs on any thread."""
        rules, states = self._worker.scorer.rules, dict(self._worker.states.adopted)
        stations = {
            self._worker.names.of(station): station_use(
                rules.profiles.get(station, ()),
                states[station].state if station in states else None,
                rules.window,
                lives=rules.living is not None,
            )
            for station in sorted(rules.profiles.keys() | states.keys())
        }
        folder = None if self._path is None else str(self._path)
        return WorkerUse(folder, stations, self._unused)

    def _take(self, offered: Mapping[str, Versions]) -> None:
        rules, states = self._worker.scorer.rules, self._worker.states.entrance
        results = taken_over(rules.profiles, offered, states, rules.window)
        self._refused = {
            f"{profile.station}, from {moment(profile)} on": _reason(
                profile, why, result.decided_ms
            )
            for result in results.values()
            for profile, why in result.refused
        }
        profiles = {name: result.versions for name, result in results.items() if result.versions}
        if profiles != rules.profiles:
            self._worker.use(profiles)
            _report(rules.profiles, profiles)
        self._say_gone({name for name, result in results.items() if result.kept} - offered.keys())

    def _say(self, unused: dict[str, str]) -> None:
        """Log each unused file or version once."""
        for name, reason in unused.items():
            if self._unused.get(name) != reason:
                log.warning("profile not used", what=name, reason=reason)
        self._unused = unused
        self._worker.observer.unused_profiles(len(unused))

    def _say_gone(self, gone: set[str]) -> None:
        if new := sorted(gone - self._gone):
            log.warning(
                "profile files are gone: what they held stays in use until the workers restart",
                stations=len(new),
                among_them=", ".join(new[:SHOWN]),
            )
        self._gone = gone


def profiles_page(watches: Sequence[ProfileWatch]) -> bytes:
    """The profiles in use of all models of a worker, as JSON; runs on any thread."""
    uses = [watch.use() for watch in watches]
    stations = {name: use.stations[name] for use in uses for name in use.stations}
    unused = {what: use.unused[what] for use in uses for what in use.unused}
    return msgspec.json.encode(WorkerUse(uses[0].folder, stations, unused))


def taken_over(
    used: Mapping[str, Versions],
    offered: Mapping[str, Versions],
    checkpoints: Mapping[str, StationCheckpoint],
    spec: WindowSpec,
) -> dict[str, Merged]:
    """The versions in use after merging those offered, by station, given the states reached."""
    return {
        station: merged(
            used.get(station, ()),
            offered.get(station, ()),
            decided_ms(checkpoints[station].state, spec) if station in checkpoints else None,
        )
        for station in sorted(used.keys() | offered.keys())
    }


def _report(before: Mapping[str, Versions], after: Mapping[str, Versions]) -> None:
    for station in sorted(before.keys() | after.keys()):
        old, new = before.get(station, ()), after.get(station, ())
        for event, profiles in (
            ("profile taken over", [profile for profile in new if profile not in old]),
            ("profile withdrawn", [profile for profile in old if profile not in new]),
        ):
            for profile in profiles:
                since, threshold = moment(profile), round(profile.threshold, 3)
                log.info(event, station=station, holds_from=since, threshold=threshold)


def _reason(profile: StationProfile, why: Unusable, decided_ms: int | None) -> str:
    """The reason why a version is not used, and the remedy."""
    station, until = profile.station, utc(decided_ms or 0)
    if why is Unusable.FRAME:
        return (
            f"its reference declination ({profile.declination_deg:g}) or position is not that of "
            f"the profile of {station} in use (0 without one): restart the workers to use it, "
            "the station then begins afresh"
        )
    since = "has no time after which it holds"
    if why is Unusable.LATE:
        since = f"holds for windows that end after {moment(profile)}"
    return (
        f"it {since}, and windows of {station} up to {until} are decided: restart the workers to "
        "use it, or give it a later `effective_ms`, as `magwatch calibrate --replace` does"
    )
