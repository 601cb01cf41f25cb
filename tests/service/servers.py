"""A real Prometheus, a real Alertmanager and a receiver of its webhooks, on free local ports."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

START_S = 30.0
ALERT_S = 45.0
PACKAGES = "apt-get install prometheus prometheus-alertmanager"
# Debian names one of them otherwise than its authors do.
NAMES = {"alertmanager": ("prometheus-alertmanager", "alertmanager")}


def program(name: str) -> str:
    """Where a program is; skips the test where it is not installed."""
    for one in NAMES.get(name, (name,)):
        if found := shutil.which(one):
            return found
    pytest.skip(f"{name} is not installed: {PACKAGES}")


def wait_until(holds: Callable[[], object], seconds: float, what: Callable[[], object]) -> None:
    """Wait until something holds; `what` says what there is instead when it never does."""
    deadline_s = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline_s:
            raise AssertionError(f"not within {seconds:g} s; there is {what()}")
        time.sleep(0.2)


@contextmanager
def server(command: list[str], ready: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server that answers at `ready`; ended at the end of the block."""
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream)
    try:
        wait_until(lambda: _answers(ready), START_S, log.read_text)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
            return True
    except OSError:
        return False


def _json(url: str) -> Any:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own address
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{url}: {error.read().decode()}") from None


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus."""

    url: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Series of an instant query; an expression that cannot be evaluated fails the test."""
        asked = urllib.parse.urlencode({"query": expression})
        data = _json(f"{self.url}/api/v1/query?{asked}")["data"]
        if data["resultType"] == "scalar":
            return [{"metric": {}, "value": data["result"]}]
        found: list[dict[str, Any]] = data["result"]
        return found

    def wait_for(self, expression: str, seconds: float = 30.0) -> None:
        """Wait until a query returns something."""
        wait_until(lambda: self.query(expression), seconds, lambda: f"no {expression}")


@dataclass(frozen=True)
class Alertmanager:
    """A running Alertmanager."""

    url: str

    def inhibited(self) -> set[str]:
        """Names of alerts that are held back because another one explains them."""
        alerts = _json(f"{self.url}/api/v2/alerts?active=false&inhibited=true&silenced=false")
        return {one["labels"]["alertname"] for one in alerts if one["status"]["inhibitedBy"]}


@dataclass
class Receiver:
    """Takes Alertmanager's webhooks and keeps the alerts in them."""

    url: str = ""
    alerts: list[dict[str, Any]] = field(default_factory=list)

    def mark(self) -> int:
        """Now, for `wait_for` to leave out what came before."""
        return len(self.alerts)

    def wait_for(
        self, name: str, status: str = "firing", *, since: int = 0, **labels: str
    ) -> dict[str, Any]:
        """Wait for an alert of that name, status and labels and return it."""
        wanted = {"alertname": name, **labels}.items()

        def found() -> list[dict[str, Any]]:
            return [
                alert
                for alert in self.alerts[since:]
                if alert["status"] == status and wanted <= alert["labels"].items()
            ]

        wait_until(found, ALERT_S, self.seen)
        return found()[0]

    def seen(self) -> set[tuple[str, str, str]]:
        """Name, status and station of all alerts so far."""
        labelled = [(alert["labels"], alert["status"]) for alert in self.alerts]
        return {(own["alertname"], status, own.get("station", "")) for own, status in labelled}


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver at work until the end of the block."""
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            kept.alerts += body["alerts"]
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        kept.url = f"http://127.0.0.1:{http.server_address[1]}/"
        thread = Thread(target=http.serve_forever, daemon=True)
        thread.start()
        yield kept
        http.shutdown()
        thread.join()


@contextmanager
def alertmanager(config: Path, folder: Path, port: int) -> Iterator[Alertmanager]:
    """An Alertmanager with that configuration."""
    command = [
        program("alertmanager"),
        f"--config.file={config}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    url = f"http://127.0.0.1:{port}"
    with server(command, f"{url}/-/ready", folder / "alertmanager.log"):
        yield Alertmanager(url)


@contextmanager
def prometheus(config: Path, folder: Path, port: int) -> Iterator[Prometheus]:
    """A Prometheus with that configuration."""
    command = [
        program("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--rules.alert.resend-delay=1s",  # the first alerts are sent before Alertmanager is found
        "--log.level=warn",
    ]
    url = f"http://127.0.0.1:{port}"
    with server(command, f"{url}/-/ready", folder / "prometheus.log"):
        yield Prometheus(url)
