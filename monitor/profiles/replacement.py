"""A new profile that joins or replaces those of its station in a folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

import click

from archive.files import FileRefused
from archive.model_names import ONLY_MODEL, ModelNames
from archive.profile import MOST, load_profile
from archive.versions import EARLIER, REPLACED, add_version, files_of, replace_versions, versions_of
from geofield.calibration.profile import StationProfile
from geofield.calibration.versions import Versions, moment, position_deg, since_ms
from geofield.step import Rules
from geofield.utc import MINUTE_MS, datetime_of, moment_ms
from monitor.assembly import check_profile
from monitor.errors import Refused

NOTICE_MS = 2 * MINUTE_MS  # far longer than workers take to notice a file
_SAME_PLACE_DEG = 0.01

Effective: TypeAlias = Literal["soon", "always"] | int
"""When a profile takes effect: in two minutes, at all times, or at an event time in ms."""
WORDS: dict[str, Literal["soon", "always"]] = {"soon": "soon", "always": "always"}


class EffectiveType(click.ParamType):
    """`soon`, `always` or a time; anything else is a usage error."""

    name = "time|soon|always"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> Effective:
        """A word of `WORDS`, or ms since 1970; a time without an offset is UTC."""
        if isinstance(value, int):
            return value
        if value in WORDS:
            return WORDS[value]
        try:
            since_ms = moment_ms(datetime.fromisoformat(value))
        except ValueError:
            like = "neither soon nor always nor a time like 2026-05-01T12:00"
            self.fail(f"{value!r} is {like}", param, ctx)
        if since_ms >= MOST:
            self.fail(f"{value} is too far ahead", param, ctx)
        return since_ms


@dataclass(frozen=True, slots=True)
class Present:
    """The profiles of a station in a folder.

    Attributes
    ----------
    files
        Files of all versions.
    versions
        Their profiles in order; empty if they are unusable.
    fault
        The reason why they are unusable; empty if they are usable.
    names
        Names of the model's profiles.
    """

    station: str
    folder: Path
    files: tuple[Path, ...]
    versions: Versions
    fault: str = ""
    names: ModelNames = ONLY_MODEL

    @property
    def path(self) -> Path:
        """Path of the newest version."""
        return self.folder / f"{self.names.of(self.station)}.json"

    @property
    def newest(self) -> StationProfile | None:
        """The newest version; None if there is none."""
        return self.versions[-1] if self.versions else None


def present(station: str, folder: Path, rules: Rules, names: ModelNames = ONLY_MODEL) -> Present:
    """Read the profiles of a station for a model in a folder; those for other rules are unusable.

    Raises
    ------
    ProfileRefused
        If the folder cannot be read.
    """
    files = tuple(files_of(station, folder, names))
    try:
        versions = versions_of(station, folder, map(load_profile, files))
        for version in versions:
            check_profile(version, rules)
    except FileRefused as error:
        return Present(station, folder, files, (), str(error), names)
    return Present(station, folder, files, versions, names=names)


@dataclass(frozen=True, slots=True)
class Replacement:
    """The addition of a new profile to the profiles of its station.

    Attributes
    ----------
    before
        The present profiles.
    asked
        When the user wants it to take effect; None if nothing was said.
    """

    before: Present
    asked: Effective | None

    @property
    def always(self) -> bool:
        """Whether it holds at all times, which is the default for a first profile."""
        if self.asked is None:
            return self.before.newest is None
        return self.asked == "always"

    @property
    def reference_deg(self) -> float | None:
        """Reference declination that it must have: that of the other versions, if any."""
        newest = self.before.newest
        return None if newest is None or self.always else newest.declination_deg

    def effective_ms(self, now_ms: int) -> int | None:
        """Event time after which it holds, given the present time; None for all times.

        Raises
        ------
        Refused
            If the present profiles cannot be its earlier versions.
        """
        if self.always:
            return None
        if self.before.fault:
            raise Refused(
                f"{self.before.fault}; it cannot be kept as an earlier version: give --effective "
                f"always, which moves it to {self.before.folder / REPLACED}"
            )
        newest = self.before.newest
        if isinstance(self.asked, int):
            if newest and self.asked <= since_ms(newest):
                raise Refused(
                    f"{self.before.path} counts from {moment(newest)} on: --effective must be "
                    "later, or always"
                )
            return self.asked
        soon_ms = -(-(now_ms + NOTICE_MS) // MINUTE_MS) * MINUTE_MS
        return max(soon_ms, since_ms(newest) + MINUTE_MS) if newest else soon_ms

    def placed(self, profile: StationProfile) -> StationProfile:
        """The new profile with the position of the other versions, as all must have the same.

        A profile for all times keeps that position only if its archive states none.
        """
        kept, stated = position_deg(self.before.versions), profile.position_deg
        return replace(profile, position_deg=stated or kept if self.always else kept or stated)

    def moved(self, profile: StationProfile) -> str:
        """A warning if the archive states another position than is kept; empty if it does not."""
        kept, stated = self.placed(profile).position_deg, profile.position_deg
        if kept is None or stated is None or _near(kept, stated):
            return ""
        return (
            f"the position stays {kept[0]:g}, {kept[1]:g}, as in the profile before; these files "
            f"state {stated[0]:g}, {stated[1]:g}: --effective always takes that"
        )

    def is_present(self, profile: StationProfile) -> bool:
        """Whether the newest version already is this profile, with the effective time asked for."""
        newest = self.before.newest
        if newest is None or replace(profile, effective_ms=newest.effective_ms) != newest:
            return False
        if self.always:
            return newest.effective_ms is None
        return not isinstance(self.asked, int)

    def question(self, profile: StationProfile) -> str:
        """The question to the user before a profile replaces another."""
        newest, path = self.before.newest, self.before.path
        if newest is None:
            return f"{self.before.fault}.\nPut the new profile of {self.before.station} there?"
        change = 100 * (profile.threshold / newest.threshold - 1)
        return (
            f"{path} was made {_made(path)} and rests on {newest.quiet_days:.1f} quiet days; the "
            f"new one rests on {profile.quiet_days:.1f}. Threshold {newest.threshold:.3g} becomes "
            f"{profile.threshold:.3g} ({change:+.0f} %) for {holds_for(profile)}. Replace it?"
        )

    def write(self, profile: StationProfile, now_ms: int) -> str:
        """Write the profile and return a sentence on when it takes effect.

        Raises
        ------
        archive.files.FileRefused
            If it cannot be written; the present files stay.
        """
        folder, kept = self.before.folder, bool(self.before.files)
        if profile.effective_ms is not None:
            path = add_version(profile, folder, self.before.names)
            before = f"; those before keep what is in {folder / EARLIER}" if kept else ""
            return f"{path}: used by workers for {holds_for(profile)}{before}"
        path = replace_versions(profile, folder, datetime_of(now_ms), self.before.names)
        before = f"; what was there is in {folder / REPLACED}" if kept else ""
        return (
            f"{path}: used from the first sample on; workers that already have windows of "
            f"{profile.station} need a restart for it{before}"
        )


def holds_for(profile: StationProfile) -> str:
    """The windows for which a profile holds, in words."""
    if profile.effective_ms is None:
        return "all times"
    since_utc = datetime_of(profile.effective_ms)
    return f"windows that end after {since_utc:%Y-%m-%d %H:%M:%S} UTC"


def _near(place: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(abs(a - b) < _SAME_PLACE_DEG for a, b in zip(place, other, strict=True))


def _made(path: Path) -> str:
    try:
        return f"{datetime.fromtimestamp(path.stat().st_mtime, UTC):%Y-%m-%d %H:%M} UTC"
    except OSError:  # only earlier versions are there
        return "earlier"
