"""The folder of station profiles while a worker runs: new versions, and unusable files.

Each look reads the names, sizes and times of all files, and the content of changed ones only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from archive.model_names import ONLY_MODEL, ModelNames
from archive.profile import ProfileRefused, load_profile, name_in
from archive.versions import by_station, version_files, versions_of
from geofield.calibration.profile import StationProfile
from geofield.calibration.versions import Versions
from monitor.kafka.guard import reason_of

Print: TypeAlias = tuple[int, int, int]
"""Modification time in ns, size and inode of a file."""
NO_PRINT: Print = (0, 0, 0)


class ProfileFolder:
    """The profiles of a folder as of the last look; not thread-safe.

    Parameters
    ----------
    path
        The folder.
    check
        Raises `ProfileRefused` for an unusable profile.
    names
        Names of the model's profiles; those of the worker's other models are left alone.
    """

    def __init__(
        self,
        path: Path,
        check: Callable[[StationProfile], None],
        names: ModelNames = ONLY_MODEL,
    ) -> None:
        self.path = path
        self._check = check
        self._names = names
        self._seen: dict[Path, Print] = {}  # files as read last
        self._doubted: dict[Path, Print] = {}  # files that failed once
        self._profiles: dict[Path, StationProfile] = {}  # last usable content of the files
        self._versions: dict[str, Versions] = {}  # by station
        self._bad: dict[Path, str] = {}  # reasons, by unusable file
        self._unclear: dict[str, str] = {}  # reasons, by station with conflicting files

    @property
    def unused(self) -> dict[str, str]:
        """Reasons for what is not used, by file or station."""
        return {str(path): reason for path, reason in self._bad.items()} | self._unclear

    def scan(self) -> Mapping[str, Versions] | None:
        """Versions of all stations; None if nothing has changed since the last look.

        An unusable file is replaced by its last usable content.
        """
        try:
            prints = _prints(self.path, self._names)
        except ProfileRefused as error:
            self._bad[self.path] = str(error)
            return None
        self._bad.pop(self.path, None)
        changed = [path for path, now in prints.items() if self._seen.get(path) != now]
        gone = self._profiles.keys() - prints.keys()
        if not changed and not gone:
            return None
        for path in changed:
            self._read(path, prints[path])
        for known in (self._seen, self._doubted, self._profiles, self._bad):
            for path in known.keys() - prints.keys():
                del known[path]
        self._put_in_order()
        return self._versions

    def _read(self, path: Path, now: Print) -> None:
        try:
            profile = load_profile(path)
            if not self._names.owns(name_in(path), profile.model_sha256):
                self._leave(path, now)
                return
            self._check(profile)
        except Exception as error:  # no file may end a running worker
            # It may be half written: it counts as bad if it is the same at the next look.
            if self._doubted.get(path) == now:
                self._bad[path], self._seen[path] = reason_of(error), now
            self._doubted[path] = now
            return
        self._bad.pop(path, None)
        self._seen[path], self._profiles[path] = now, profile

    def _leave(self, path: Path, now: Print) -> None:
        """Leave a file to another model of the worker."""
        self._bad.pop(path, None)
        self._profiles.pop(path, None)
        self._seen[path] = now

    def _put_in_order(self) -> None:
        before, self._versions, self._unclear = self._versions, {}, {}
        for station, profiles in by_station(self._profiles.values()).items():
            try:
                self._versions[station] = versions_of(station, self.path, profiles)
            except ProfileRefused as error:
                self._unclear[station] = str(error)
                self._versions[station] = before.get(station, ())


def _prints(folder: Path, names: ModelNames) -> dict[Path, Print]:
    prints: dict[Path, Print] = {}
    for path in version_files(folder, names):
        try:
            status = path.stat()
        except OSError:  # reading it will give the reason
            prints[path] = NO_PRINT
        else:
            prints[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return prints
