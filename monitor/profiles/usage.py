"""Profiles in use by a worker: the JSON of its page `/profiles`, read by `magwatch profiles`."""

from __future__ import annotations

import hashlib

import msgspec

from archive.profile import encode_profile
from geofield.calibration.profile import StationProfile
from geofield.calibration.versions import Versions
from geofield.series.windows import WindowSpec
from geofield.step import StationState


class VersionUse(msgspec.Struct, frozen=True):
    """A version of a profile."""

    digest: str  # hash of its content
    effective_ms: int | None  # event time after which it holds; None for all times
    threshold: float


class StationUse(msgspec.Struct, frozen=True):
    """Profiles of a station at a worker."""

    decided_ms: int | None  # end of the newest window known to be decided
    versions: list[VersionUse]  # from files
    online: VersionUse | None = None  # fitted by the worker
    living: VersionUse | None = None  # what has become of one of them, which lives on


class WorkerUse(msgspec.Struct, frozen=True):
    """Profiles of all stations at a worker."""

    folder: str | None
    stations: dict[str, StationUse]
    unused: dict[str, str]  # reasons, by file or version


def version_use(profile: StationProfile) -> VersionUse:
    """The entry of a version."""
    digest = hashlib.sha256(encode_profile(profile.without_peaks())).hexdigest()[:16]
    return VersionUse(digest, profile.effective_ms, profile.threshold)


def decided_ms(state: StationState | None, spec: WindowSpec) -> int | None:
    """End of a station's last decided window, or a little later; None without one.

    The buffer also counts windows that are still being scored. The alert state knows the windows
    before a silence.
    """
    if state is None:
        return None
    newest_ms, buffer = state.alerts.newest_ms or None, state.buffer
    if buffer is None:
        return newest_ms
    if buffer.next_end is not None:
        return (buffer.next_end - spec.hop) * spec.cadence_ms
    return buffer.first * spec.cadence_ms if newest_ms else None


def station_use(
    versions: Versions, state: StationState | None, spec: WindowSpec, *, lives: bool
) -> StationUse:
    """The entry of a station; `lives` says whether profiles go on learning."""
    fitted = state.learning.profile if state else None
    life = state.life if state and lives else None
    return StationUse(
        decided_ms(state, spec),
        [version_use(profile) for profile in versions],
        version_use(fitted) if fitted else None,
        version_use(life.profile) if life else None,
    )
