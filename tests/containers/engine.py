"""buildah and podman, without a daemon, on a storage of their own that `make clean` removes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.brokers import ROOT

# Program, and the package of Debian's that has it
PROGRAMS = {
    "buildah": "buildah",
    "podman": "podman",
    "runc": "runc",
    "debootstrap": "debootstrap",
    "catatonit": "catatonit",
    "ip": "iproute2",
}
STORAGE = ROOT / ".cache" / "containers"
RUNTIME = ("--runtime=runc", "--cgroup-manager=cgroupfs", "--events-backend=none")


class EngineMissing(Exception):
    """Containers cannot be built or run here; the message says what is missing."""


@dataclass(frozen=True)
class Engine:
    """What builds images and runs containers."""

    storage: Path
    run_folder: Path

    def buildah(self, *arguments: str) -> str:
        """Output of a command of buildah's.

        Raises
        ------
        RuntimeError
            If it fails, with the end of what it printed.
        """
        return output("buildah", *self._folders, *arguments)

    def podman(self, *arguments: str) -> str:
        """Output of a command of podman's.

        Raises
        ------
        RuntimeError
            If it fails, with the end of what it printed.
        """
        return output(*self.podman_command, *arguments)

    def status(self, *arguments: str) -> int:
        """Exit status of a command of podman's."""
        return subprocess.run(
            [*self.podman_command, *arguments], capture_output=True, check=False
        ).returncode

    @cached_property
    def controllers(self) -> set[str]:
        """Resources that the kernel can limit here."""
        listed = self.podman("info", "--format", "{{.Host.CgroupControllers}}")
        return set(listed.strip(" []\n").split())

    @property
    def podman_command(self) -> tuple[str, ...]:
        """podman with its options for this storage."""
        return "podman", *self._folders, f"--tmpdir={self.run_folder / 'podman'}", *RUNTIME

    @property
    def _folders(self) -> tuple[str, str]:
        return f"--root={self.storage}", f"--runroot={self.run_folder / 'storage'}"


@contextmanager
def container_engine() -> Iterator[Engine]:
    """An engine; containers and volumes are gone at the end, images stay for the next one.

    Raises
    ------
    EngineMissing
        If a program is not installed, or the user is not root.
    """
    packages = sorted(package for name, package in PROGRAMS.items() if not shutil.which(name))
    if packages:
        raise EngineMissing(f"not installed (Debian): apt-get install {' '.join(packages)}")
    if os.geteuid():
        raise EngineMissing("needs root: buildah and podman run without a daemon")
    STORAGE.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="magwatch-") as run:
        engine = Engine(STORAGE.resolve(), Path(run))
        for name in (
            "libpod",
            "volumes",
        ):  # podman's database knows the run folder of the last time
            shutil.rmtree(engine.storage / name, ignore_errors=True)
        try:
            yield engine
        finally:
            engine.podman("rm", "--all", "--force", "--time=0")
            engine.podman("volume", "rm", "--all", "--force")


def output(*command: str) -> str:
    """Standard output of a command."""
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        told = (result.stdout + result.stderr)[-3000:]
        raise RuntimeError(f"{' '.join(command)}: exit status {result.returncode}\n{told}")
    return result.stdout
