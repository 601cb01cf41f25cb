"""Containers of the compose file's services, and the network that they and the tests share."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.containers.engine import Engine
from tests.containers.options import run_options

CLONE_NEWNET = 0x40000000  # of linux/sched.h; Python has os.unshare and os.setns from 3.12 on
NAMES = ("--add-host=kafka:127.0.0.1",)  # of the compose network
PREFIX = "MAGWATCH_"


@dataclass(frozen=True)
class Container:
    """A container that has been started."""

    engine: Engine
    identifier: str
    service: Mapping[str, Any]

    def healthy(self) -> bool:
        """Whether the health check of the compose file passes."""
        kind, *command = self.service["healthcheck"]["test"]
        assert kind == "CMD"
        return self.engine.status("exec", self.identifier, *command) == 0

    def unhealthy(self) -> bool:
        """Whether the health check of the compose file fails, in a container that runs."""
        return not self.healthy() and self.state("Running") == "true"

    def state(self, name: str) -> str:
        """A part of what podman knows about its state."""
        return self.engine.podman(
            "inspect", f"--format={{{{.State.{name}}}}}", self.identifier
        ).strip()

    def command_pid(self) -> int:
        """Number of the command's process on this machine: the child of the init process."""
        first = self.state("Pid")
        if not self.service["init"]:
            return int(first)
        return int(Path(f"/proc/{first}/task/{first}/children").read_text().split()[0])

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the command itself."""
        os.kill(self.command_pid(), number)

    def stop(self) -> int:
        """Status after SIGTERM, and SIGKILL if the service's grace period is over."""
        self.engine.podman("stop", self.identifier)
        return int(self.state("ExitCode"))

    def log(self) -> str:
        """All that it has printed."""
        command = (*self.engine.podman_command, "logs", self.identifier)
        result = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        return result.stdout


@contextmanager
def started(engine: Engine, service: Mapping[str, Any], **settings: str) -> Iterator[Container]:
    """A service in a container of its own, gone at the end of the block."""
    identifier = engine.podman("run", "--detach", *_arguments(engine, service, settings)).strip()
    try:
        yield Container(engine, identifier, service)
    finally:
        engine.podman("rm", "--force", "--time=0", identifier)


def run(engine: Engine, service: Mapping[str, Any], *command: str) -> str:
    """Output of a one-shot service, or of another command of `magwatch` in its container."""
    service = {**service, "command": list(command) or service["command"]}
    return engine.podman("run", "--rm", *_arguments(engine, service, {}))


def python(engine: Engine, service: Mapping[str, Any], script: str) -> Any:
    """What a script prints as JSON in a container of the service."""
    service = {**service, "command": ["-P", "-c", script]}
    return json.loads(
        engine.podman("run", "--rm", "--entrypoint=python", *_arguments(engine, service, {}))
    )


@contextmanager
def private_network() -> Iterator[None]:
    """A network with a loopback device alone, for this thread and all that it starts.

    So the addresses of the compose file hold, whatever listens on this machine.
    """
    outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _system_call("unshare", CLONE_NEWNET)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        yield
    finally:
        _system_call("setns", outside, CLONE_NEWNET)
        os.close(outside)


def _arguments(
    engine: Engine, service: Mapping[str, Any], settings: Mapping[str, str]
) -> Iterator[str]:
    yield from run_options(service, engine.controllers)
    if "network_mode" not in service:
        yield from NAMES
    yield from (f"--env={PREFIX}{name}={text}" for name, text in settings.items())
    yield from (service["image"], *service["command"])


def _system_call(name: str, *arguments: int) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
