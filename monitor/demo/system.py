"""Running system of the demo: embedded broker, worker process and live page."""

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
from pydantic import SecretStr

from geofield.utc import DAY_S
from monitor.errors import Refused
from monitor.kafka.embedded_broker import embedded_broker, free_port
from monitor.kafka.topics import create_topics
from monitor.settings import PREFIX, Settings, as_variable, load_settings

READY_S = 60.0
STOP_S = 15.0


@dataclass(frozen=True, slots=True)
class System:
    """A running worker with its settings, addresses and log."""

    settings: Settings
    metrics_url: str
    process: subprocess.Popen[bytes]
    log: Path

    def metric(self, name: str, **labels: str) -> float:
        """Sum of the present values of a metric's series with these labels."""
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
            If it has; the message has the end of its log.
        """
        _check_alive(self.process, self.log)


@contextmanager
def running_system(folder: Path, profiles: Path) -> Iterator[System]:
    """Run a broker with topics and a ready worker until the block ends."""
    with embedded_broker() as broker:
        settings = load_settings(
            broker=broker.address,
            profiles=profiles,
            metrics_port=free_port(),
            log_format="console",
            silent_after_s=DAY_S,  # the data end, and the page stays: see `demo --keep`
        )
        create_topics(settings)
        with running_worker(settings, folder / "worker.log") as system:
            yield system


@contextmanager
def running_worker(settings: Settings, log: Path) -> Iterator[System]:
    """Run a worker until the block ends; yield when it is ready."""
    url = f"http://127.0.0.1:{settings.metrics_port}"
    with _running(["worker"], settings, log) as process:
        _wait_for(f"{url}/readyz", process, log)
        yield System(settings, url, process, log)


@contextmanager
def running_page(system: System, stations: Path, hours: float) -> Iterator[str]:
    """Serve the live page with `hours` of data and the file `stations`; yield its address."""
    port, log = free_port(), system.log.with_name("dashboard.log")
    options = ["--port", str(port), "--hours", f"{hours:g}", "--stations", str(stations)]
    with _running(["dashboard", *options], system.settings, log) as process:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/healthz", process, log)
        yield address


@contextmanager
def _running(
    arguments: list[str], settings: Settings, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as stream:
        process = subprocess.Popen(  # noqa: S603 - ourselves
            # -P: do not import a monitor.py or numpy.py of the current folder
            [sys.executable, "-P", "-m", "monitor", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env=_environment(settings),
        )
    try:
        yield process
    finally:
        _stop(process)


def _environment(settings: Settings) -> dict[str, str]:
    """The environment of this process, with secrets, and the settings that were set."""
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    variables = {
        PREFIX + name.upper(): as_variable(value)
        for name, value in given.items()
        if value is not None and not isinstance(value, SecretStr)
    }
    return os.environ | variables


def _wait_for(page: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline_s = time.monotonic() + READY_S
    while time.monotonic() < deadline_s:
        _check_alive(process, log)
        try:
            with urllib.request.urlopen(page, timeout=2):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise Refused(f"{page} did not answer in {READY_S:.0f} s: see {log}")


def _check_alive(process: subprocess.Popen[bytes], log: Path) -> None:
    if process.poll() is not None:
        tail = log.read_text(errors="replace").strip().splitlines()[-3:]
        raise Refused(
            f"the {log.stem} ended by itself (status {process.returncode}), see {log}: "
            + " | ".join(tail)
        )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
