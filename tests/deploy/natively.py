"""Runs what docker-compose.yml runs, without containers.

Commands, environment and mounted files are the compose file's. What the container engine would do
is done by replacing: paths in a container become folders here, names and ports of the compose
network become ports of this machine.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from tests.data import conrad
from tests.deploy.composition import environment
from tests.processes import Magwatch, Process, magwatch

EXAMPLES = "/opt/magwatch/examples"
PATIENCE_S = 120.0
STOP_S = 20.0


@dataclass(frozen=True)
class Host:
    """What stands for what: text in the compose file, and text to put there."""

    folder: Path
    here: Mapping[str, str]

    def translated(self, text: str) -> str:
        """In one pass, so that what was put there is not replaced again."""
        return replaced(text, self.here)

    def command(self, service: Mapping[str, Any], program: list[str]) -> list[str]:
        return [*program, *map(self.translated, service["command"])]

    def environment(self, service: Mapping[str, Any]) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("MAGWATCH_")}
        own = {name: self.translated(text) for name, text in environment(service).items()}
        return clean | own


def replaced(text: str, here: Mapping[str, str]) -> str:
    """The text with every key of `here` replaced by its value, none of them twice."""
    return re.sub("|".join(map(re.escape, here)), lambda match: here[match[0]], text)


def examples() -> str:
    """The folder that the image links to."""
    return str(conrad("example4.cdf").parent)


def run_job(host: Host, service: Mapping[str, Any]) -> str:
    """A one-shot service, to its end; its output."""
    arguments = host.command(service, [])
    result = magwatch(*arguments, env=host.environment(service), timeout=PATIENCE_S)
    assert result.returncode == 0, result.stderr
    return result.stdout


@contextmanager
def running(
    host: Host, name: str, command: list[str], variables: dict[str, str] | None = None
) -> Iterator[Process]:
    """A long-lived service; told to stop at the end of the block."""
    with _log(host, name) as stream:
        process = subprocess.Popen(command, env=variables, stdout=stream, stderr=stream)
    with _stopped(process):
        yield process


@contextmanager
def running_magwatch(
    host: Host, name: str, service: Mapping[str, Any], variables: Mapping[str, str]
) -> Iterator[Process]:
    """A long-lived service of our images; told to stop at the end of the block."""
    with _log(host, name) as stream:
        arguments = host.command(service, [])
        process = Magwatch(arguments, env=variables, stdout=stream, stderr=stream)
    with _stopped(process):
        yield process


def _log(host: Host, name: str) -> IO[bytes]:
    return (host.folder / f"{name}.log").open("ab")


@contextmanager
def _stopped(process: Process) -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def program(name: str) -> list[str]:
    """A program of Debian's; skips the test where it is not installed."""
    found = shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not installed (Debian: apt-get install {name})")
    return [found]


def page(url: str) -> str:
    """Text of a page; empty while nobody answers with success."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
            return str(answer.read().decode())
    except (urllib.error.URLError, OSError):
        return ""


def wait_for(what: str, check: Any) -> Any:
    """The first truthy answer of `check`."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not (found := check()):
        assert time.monotonic() < deadline_s, f"never came: {what}"
        time.sleep(0.2)
    return found


def healthy(service: Mapping[str, Any], ports: Mapping[str, str]) -> bool:
    """Whether the service's own health check passes; wget stands for that of the image."""
    kind, *command = service["healthcheck"]["test"]
    assert kind == "CMD"
    command = [replaced(part, ports) for part in command]
    command[0] = sys.executable if command[0] == "python" else command[0]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
