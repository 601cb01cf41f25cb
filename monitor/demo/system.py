"""The running system of the demo: embedded broker, a worker process, its metrics."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from monitor.broker import embedded_broker, free_port
from monitor.errors import Refused
from monitor.settings import Settings, load_settings
from monitor.topics import create_topics

READY_S = 60.0
STOP_S = 15.0


@dataclass(frozen=True, slots=True)
class System:
    """Addresses of what is running."""

    settings: Settings
    metrics_url: str
    process: subprocess.Popen[bytes]
    log: Path

    def metric(self, name: str, **labels: str) -> float:
        """Sum of a metric's series with these labels, as the worker exposes them now."""
        with urllib.request.urlopen(f"{self.metrics_url}/metrics", timeout=10) as answer:  # noqa: S310 - our own address
            families = text_string_to_metric_families(answer.read().decode())
            samples = [sample for family in families for sample in family.samples]
        return sum(
            sample.value
            for sample in samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def check_alive(self) -> None:
        """Raise if the worker has ended.

        Raises
        ------
        Refused
            With the end of its log.
        """
        if self.process.poll() is not None:
            tail = self.log.read_text(errors="replace").strip().splitlines()[-3:]
            raise Refused("the worker ended: " + " | ".join(tail))


@contextmanager
def running_system(folder: Path, profiles: Path) -> Iterator[System]:
    """Broker, topics and a worker that is ready; all of it stopped at the end of the block."""
    with embedded_broker() as broker:
        port, log = free_port(), folder / "worker.log"
        settings = load_settings(
            broker=broker.address, profiles=profiles, metrics_port=port, log_format="console"
        )
        create_topics(settings)
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "monitor", "worker"],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env=_environment(settings),
            )
        system = System(settings, f"http://127.0.0.1:{port}", process, log)
        try:
            _wait_until_ready(system)
            yield system
        finally:
            _stop(process)


def _environment(settings: Settings) -> dict[str, str]:
    return {
        **os.environ,
        "MAGWATCH_BROKER": settings.broker,
        "MAGWATCH_PROFILES": str(settings.profiles),
        "MAGWATCH_METRICS_PORT": str(settings.metrics_port),
        "MAGWATCH_LOG_FORMAT": "console",
    }


def _wait_until_ready(system: System) -> None:
    deadline_s = time.monotonic() + READY_S
    while time.monotonic() < deadline_s:
        system.check_alive()
        try:
            with urllib.request.urlopen(f"{system.metrics_url}/readyz", timeout=2):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise Refused(f"the worker was not ready in {READY_S:.0f} s: see {system.log}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
