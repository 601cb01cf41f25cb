"""A real SeedLink server for the tests, built by cargo, and records as a data logger cuts them."""

from __future__ import annotations

import heapq
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from pymseed import DataEncoding, MS3Record

from archive.recording import Recording
from geofield.utc import utc
from monitor.kafka.embedded_broker import free_port
from tests.brokers import ROOT

SOURCES = Path(__file__).parent / "seedlink_server"
TARGET = ROOT / ".cache" / "seedlink-server"
BUILD_S = 600  # at most: half a minute of two processors
OLDEST_CARGO = (1, 85)  # that knows the edition of the crate
COUNTS = 1000  # of a nT


@cache
def seedlink_server() -> Path:
    """The server's program; built once."""
    if shutil.which("cargo") is None:
        pytest.skip("the SeedLink server of the tests is built by cargo, which is not installed")
    _, version, *_ = _cargo("--version").stdout.split()
    if tuple(map(int, version.split(".")[:2])) < OLDEST_CARGO:
        pytest.skip(f"cargo {version} is too old for the SeedLink server of the tests")
    manifest = ["--locked", "--manifest-path", str(SOURCES / "Cargo.toml")]
    if (fetched := _cargo("fetch", *manifest)).returncode:
        pytest.skip(f"cargo cannot fetch what the SeedLink server needs: {fetched.stderr[-200:]}")
    built = _cargo("build", "--offline", "--quiet", *manifest)
    assert built.returncode == 0, built.stderr
    return TARGET / "debug" / "seedlink-server"


def _cargo(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["cargo", *arguments],
        env=os.environ | {"CARGO_TARGET_DIR": str(TARGET)},
        check=False,
        capture_output=True,
        text=True,
        timeout=BUILD_S,
    )


class SeedLinkServer:
    """A server whose records stay on disk, so it can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._program = seedlink_server()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> SeedLinkServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start and wait until it listens."""
        self._process = subprocess.Popen(
            [self._program, str(self.port), self._folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._expect(b"listens\n")

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def push(self, records: list[bytes]) -> None:
        """Give it records, and wait until it has each."""
        assert self._process is not None
        assert self._process.stdin is not None
        for record in records:
            self._process.stdin.write(record)
            self._process.stdin.flush()
            self._expect(b"taken\n")

    def _expect(self, line: bytes) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == line


def records_of(
    recording: Recording, band: str = "L", axes: str = "XYZ", counts: int = COUNTS
) -> list[bytes]:
    """Records of 512 bytes, one channel in each, in the order in which a logger fills them."""
    filled = []
    for axis, values in zip(axes, recording.elements.values(), strict=True):
        record = MS3Record(reclen=512, encoding=DataEncoding.STEIM2)
        record.formatversion = 2
        record.sourceid = f"FDSN:C2_{recording.station}_R0_{band}_F_{axis}"
        record.samprate = 1000 / recording.cadence_ms
        record.set_starttime_str(utc(recording.start_ms))
        samples = np.round(values * counts).astype(np.int32)
        filled.append(
            [(MS3Record.parse(one).endtime, one) for one in record.generate(samples, "i")]
        )
    return [one for _, one in heapq.merge(*filled)]
