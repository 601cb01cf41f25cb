"""Disks that are full, and limits that act like one where nothing may be mounted."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SIZE_BYTES = 64 * 1024


@dataclass(frozen=True)
class Disk:
    """A folder with little room: on a disk of its own, or else by a limit of the process."""

    folder: Path
    mounted: bool

    @property
    def reason(self) -> str:
        """What the system says of it."""
        return os.strerror(errno.ENOSPC if self.mounted else errno.EFBIG)

    @contextmanager
    def with_room(self, room_bytes: int) -> Iterator[None]:
        """Leave so much room, in whole pages."""
        if not self.mounted:
            soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (room_bytes, hard))
            try:
                yield
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            return
        free = os.statvfs(self.folder)
        filler = self.folder / "filler"
        filler.write_bytes(bytes(free.f_bavail * free.f_frsize - room_bytes))
        try:
            yield
        finally:
            filler.unlink()

    def files(self) -> dict[str, bytes]:
        """What is on it."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and path.name != "filler"
        }


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """A file system of 64 KiB, where one may be mounted."""
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_BYTES}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield Disk(folder, mounted)
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)
