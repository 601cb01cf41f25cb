"""A folder of station profiles, with several versions of each station.

::

    profiles/WIC.json                                       the newest version
    profiles/earlier/WIC-until-2026-05-01T12-02-00Z.json    an earlier version
    profiles/replaced/WIC-until-2026-05-01T12-00-07Z.json   out of use: replaced for all times then

Where a worker has several models, names have the model as well, ``WIC.minute-teo.json``. Files
without it are read (`archive.model_names`).

The content of a version states the time from which it holds (`effective_ms`). The times in names
are for people only.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from archive.files import FileRefused, contents, visible
from archive.model_names import ONLY_MODEL, ModelNames, station_of
from archive.outputs import move_file, output_folder, write_together
from archive.profile import (
    UNTIL,
    ProfileRefused,
    encode_profile,
    load_profile,
    name_in,
    save_profile,
)
from geofield.calibration.profile import StationProfile
from geofield.calibration.versions import Versions, in_order, moment

EARLIER = "earlier"
REPLACED = "replaced"


def version_files(folder: Path, names: ModelNames | None = None) -> list[Path]:
    """Files of all versions of all stations, sorted by name, without hidden files.

    With `names`, those whose names say another model are left out.

    Raises
    ------
    ProfileRefused
        If a folder cannot be read.
    """
    earlier = folder / EARLIER
    try:
        paths = visible(folder)
        if earlier in paths:
            paths += visible(earlier)
    except FileRefused as error:
        raise ProfileRefused(str(error)) from error
    return [
        path
        for path in paths
        if path.suffix == ".json" and (names is None or names.may_own(name_in(path)))
    ]


def load_versions(folder: Path, names: ModelNames = ONLY_MODEL) -> dict[str, Versions]:
    """Read a model's versions of all stations; empty if there is no such folder.

    Raises
    ------
    ProfileRefused
        If a file is no profile, or the profiles of a station contradict each other.
    """
    if not folder.exists():
        return {}
    loaded = ((name_in(path), load_profile(path)) for path in version_files(folder, names))
    own = (profile for name, profile in loaded if names.owns(name, profile.model_sha256))
    return {
        station: versions_of(station, folder, profiles)
        for station, profiles in by_station(own).items()
    }


def files_of(station: str, folder: Path, names: ModelNames = ONLY_MODEL) -> list[Path]:
    """Files of a station's versions for a model; empty if there is no such folder.

    A file that names no model and cannot be read counts as of the model.

    Raises
    ------
    ProfileRefused
        As `version_files` does.
    """
    paths = version_files(folder, names) if folder.exists() else []
    return [
        path
        for path in paths
        if station_of(name_in(path)) == station and not (names.several and _is_others(path, names))
    ]


def _is_others(path: Path, names: ModelNames) -> bool:
    """Whether a file is of another model of the worker."""
    try:
        return not names.owns(name_in(path), load_profile(path).model_sha256)
    except FileRefused:
        return False


def add_version(profile: StationProfile, folder: Path, names: ModelNames = ONLY_MODEL) -> Path:
    """Write a station's newest profile, keep the one before it, and return the new path.

    Raises
    ------
    archive.files.FileRefused
        If that fails; all files stay as they were.
    """
    name = names.of(profile.station)
    path = folder / f"{name}.json"
    if not path.exists():
        return save_profile(profile, folder, names)
    earlier = output_folder(folder / EARLIER) / _name(name, moment(profile))
    write_together({path: encode_profile(profile), _unused(earlier): contents(path)})
    return path


def replace_versions(
    profile: StationProfile, folder: Path, now_utc: datetime, names: ModelNames = ONLY_MODEL
) -> Path:
    """Write a station's only profile, and move all its earlier files to `replaced`.

    Raises
    ------
    archive.files.FileRefused
        If that fails; all files stay as they were.
    """
    name = names.of(profile.station)
    path = output_folder(folder) / f"{name}.json"
    before = files_of(profile.station, folder, names)
    written = {path: encode_profile(profile)}
    replaced = folder / REPLACED
    if before:
        output_folder(replaced)
    if path in before:
        until = now_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
        written[_unused(replaced / _name(name, until))] = contents(path)
    write_together(written)
    for earlier in before:
        if earlier != path:
            move_file(earlier, _unused(replaced / earlier.name))
    return path


def _name(name: str, until: str) -> str:
    return f"{name}{UNTIL}{until.replace(':', '-')}.json"


def _unused(path: Path) -> Path:
    """The path or, if it exists, a free path with a number."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_stem(f"{path.stem}-{number}")
    return free


def by_station(profiles: Iterable[StationProfile]) -> dict[str, list[StationProfile]]:
    """Group profiles by station."""
    groups: dict[str, list[StationProfile]] = {}
    for profile in profiles:
        groups.setdefault(profile.station, []).append(profile)
    return groups


def versions_of(station: str, folder: Path, profiles: Iterable[StationProfile]) -> Versions:
    """Sort the profiles of a station into versions.

    Raises
    ------
    ProfileRefused
        If they contradict each other, see `geofield.calibration.versions.in_order`.
    """
    try:
        return in_order(profiles)
    except ValueError as error:
        raise ProfileRefused(
            f"{folder}: of {station} {error}: remove what is wrong of {station}.json and "
            f"{EARLIER}/{station}-until-….json"
        ) from error
