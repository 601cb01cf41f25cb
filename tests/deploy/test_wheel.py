"""What an installed magwatch consists of: what a worker needs, and nothing that only we look at."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from archive.model import DEFAULT_MODEL
from tests.brokers import ROOT

BUILD = "import sys, setuptools.build_meta as build; print(build.build_wheel(sys.argv[1]))"
PACKAGES = ("archive", "geofield", "monitor", "support", "training")
MODELS = {"ulf-1hz", "ulf-1min", "minute-teo"}
MOST_BYTES = 1_300_000  # of which three models are 0.8 MB


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of what the Dockerfile copies."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for names, _ in re.findall(r"^COPY (\w.*) (\S+)$", text, re.MULTILINE):
        for name in names.split():
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, source / name)
    command = [sys.executable, "-P", "-c", BUILD, str(folder)]
    result = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return folder / result.stdout.split()[-1]


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """Where the wheel's packages lie, as pip would lay them."""
    folder = wheel.with_suffix("")
    with ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def magwatch(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {name: text for name, text in os.environ.items() if not name.startswith("MAGWATCH_")}
    return subprocess.run(
        [sys.executable, "-P", "-m", "monitor", *arguments],
        cwd=installed.parent,
        env=clean | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_of_exports_it_has_the_models_their_manifests_and_their_cards(installed: Path) -> None:
    found = {path.name for path in (installed / "exports").iterdir()}
    assert found == {"__init__.py"} | {
        name + suffix for name in MODELS for suffix in (".onnx", ".json", ".md")
    }


def test_it_has_every_module_and_everything_beside_them_that_is_read(installed: Path) -> None:
    modules = [path for name in PACKAGES for path in (ROOT / name).rglob("__init__.py")]
    assert len(modules) > 40
    for folder in (path.parent.relative_to(ROOT) for path in modules):
        files = {path.name for path in (ROOT / folder).iterdir() if path.is_file()}
        assert {path.name for path in (installed / folder).iterdir()} >= files
    for folder in (
        "monitor/schemas",
        "monitor/dashboard/static",
        "monitor/dashboard/static/vendor",
    ):
        files = {path.name for path in (ROOT / folder).iterdir()}
        assert {path.name for path in (installed / folder).iterdir()} == files


def test_it_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < MOST_BYTES


def test_its_model_is_the_one_that_a_worker_takes(installed: Path) -> None:
    said = magwatch(
        installed,
        "check",
    ).stdout
    assert f"{DEFAULT_MODEL} " in said
    assert "verified" in said


def test_what_it_lacks_is_named_with_what_to_do(installed: Path) -> None:
    pytest.importorskip("torch", reason="magwatch evaluate needs PyTorch")
    result = magwatch(installed, "evaluate", "--data", "kak.sec", "--catalogue", "quakes.csv")
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert f"no {installed}/exports/rivals/{DEFAULT_MODEL}-control.onnx" in line
    assert "in a checkout, to be installed by pip install --editable '.[train]'" in line
