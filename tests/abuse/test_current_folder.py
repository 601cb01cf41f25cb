"""A user's own files called monitor.py or numpy.py do nothing to what is started beside them."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from geofield.utc import DAY_S
from monitor.demo.system import running_page, running_system
from monitor.errors import Refused
from monitor.http.probe_server import Health, probe_server
from tests.brokers import ROOT
from tests.deploy.composition import services
from tests.deploy.natively import healthy

# The product's own packages, what they need, and the standard library's that any Python begins with
NAMES = "archive exports monitor training click faust numpy torch asyncio json random signal socket"
SHIPPED = [
    "Dockerfile",
    "Makefile",
    "README.md",
    "docker-compose.yml",
    "docs/dashboard.md",
    "docs/evaluation.md",
    "docs/operations.md",
    "docs/runbook.md",
    "deploy/systemd/magwatch-worker.service",
]


@pytest.fixture
def crowded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, full of modules that end whoever imports them."""
    folder = tmp_path / "crowded"
    (folder / "geofield").mkdir(parents=True)
    for name in [*NAMES.split(), "geofield/__init__", "struct", "tempfile", "urllib"]:
        (folder / f"{name}.py").write_text("raise SystemExit('shadowed by ' + __file__)\n")
    monkeypatch.chdir(folder)
    return folder


def test_the_files_would_end_a_python_that_looks_there_first(crowded: Path) -> None:
    command = [sys.executable, "-m", "monitor", "--version"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "shadowed by" in result.stderr


def test_the_demo_starts_its_worker_and_its_page(crowded: Path, tmp_path: Path) -> None:
    stations, profiles = tmp_path / "stations.csv", tmp_path / "profiles"
    stations.write_text("code,lat,lon\nWIC,47.9,15.9\n")
    profiles.mkdir()
    with running_system(tmp_path, profiles) as system:
        assert system.metric("magwatch_ready") == 1
        assert system.metric("magwatch_silent_after_seconds") == DAY_S  # the page stays
        with running_page(system, stations, hours=1):
            system.check_alive()
        logged = (tmp_path / "worker.log").read_text()
        assert "without idempotent producers" in logged
        assert "error" not in logged.replace("error=", "")
        system.process.kill()
        system.process.wait()
        with pytest.raises(Refused, match=r"the worker ended by itself \(status -9\), see .*log"):
            system.check_alive()


@pytest.mark.parametrize("name", ["worker", "page"])
def test_a_health_check_judges_the_service(crowded: Path, name: str) -> None:
    service = services(GRAFANA_ADMIN_PASSWORD="unused")[name]  # noqa: S106
    ports = re.findall(r":(\d{4})/", " ".join(service["healthcheck"]["test"]))
    with probe_server("127.0.0.1", 0, CollectorRegistry(), Health(60)) as (_, port):
        assert healthy(service, dict.fromkeys(ports, str(port)))
    assert not healthy(service, dict.fromkeys(ports, str(port)))


def test_training_starts_its_processes(crowded: Path) -> None:
    pytest.importorskip("torch", reason="training needs PyTorch")
    command = [sys.executable, str(Path(__file__).with_name("side_by_side.py"))]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.stdout == "[2, 4]\n", result.stderr


def test_the_installed_command_runs(crowded: Path) -> None:
    command = [Path(sys.executable).with_name("magwatch"), "settings"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "MAGWATCH_BROKER" in result.stdout, result.stderr


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_shipped_starts_no_python_that_looks_there(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    started = re.findall(r"""(?i)\bpython[\d.]*[)"']*,? +["']?-[mc]\W+(\w+)""", text)
    # tools of a checkout, run from its root
    assert set(started) <= {"bench", "deploy", "pytest", "tests", "venv"}
