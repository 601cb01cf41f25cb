"""The Pythons that magwatch says it runs on: found by make, and tried where they are.

The environments of the other Pythons are made by `make test-pythons`, which runs all tests in them
that need no PyTorch; here a few run in each.
"""

import csv
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from archive.model import default_model_path
from tests.brokers import ROOT
from tests.monitor.feeds import START_MS, calibrated, station

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
VERSIONS = ["3.11", "3.12", "3.13"]
HERE = ".".join(map(str, sys.version_info[:2]))
QUICK = [
    "tests/geofield/alerts/test_alert.py",
    "tests/geofield/series/test_fir.py",
    "tests/archive/test_model.py",
    "tests/monitor/records/test_sample_decoder.py",
    "tests/monitor/test_settings.py",
    "tests/monitor/test_end_to_end.py::test_scores_and_alerts_are_those_of_the_offline_path[tansu]",
]


@pytest.fixture(params=[version for version in VERSIONS if version != HERE])
def programs(request: pytest.FixtureRequest) -> Path:
    """Folder of the programs in the environment of another Python."""
    folder = ROOT / f".venv-{request.param}"
    if not (folder / "ready").exists():
        pytest.skip(f"no environment of Python {request.param}: `make test-pythons` makes it")
    return folder / "bin"


def makes(tmp_path: Path, *programs: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """What `make demo` would do on a machine with these Pythons: `old` ones, and `good` ones."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for program in programs:
        name, _, kind = program.partition("=")
        does = f'exec "{sys.executable}" "$@"' if kind == "good" else "exit 2"
        (folder / name).write_text(f"#!/bin/sh\n{does}\n")
        (folder / name).chmod(0o755)
    for tool in ("make", "sh"):
        (folder / tool).symlink_to(str(shutil.which(tool)))
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return subprocess.run(
        [folder / "make", "--dry-run", "demo"],
        cwd=tmp_path,
        env={"PATH": str(folder), "HOME": str(tmp_path)} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_system_python_makes_the_demo_if_it_is_new_enough(tmp_path: Path) -> None:
    said = makes(tmp_path, "python3=good", "python3.13=good").stdout
    assert said.startswith("python3 -P -m venv .venv-demo")


def test_another_python_makes_it_if_that_of_the_system_is_too_old(tmp_path: Path) -> None:
    said = makes(tmp_path, "python3=old", "python3.13=old", "python3.12=good").stdout
    assert said.startswith("python3.12 -P -m venv .venv-demo")


def test_one_of_pyenv_makes_it_if_there_is_none_on_the_path(tmp_path: Path) -> None:
    folder = tmp_path / ".pyenv" / "versions" / "3.12.1" / "bin"
    folder.mkdir(parents=True)
    (folder / "python3").symlink_to(sys.executable)
    said = makes(tmp_path, "python3=old").stdout
    assert said.startswith(f"{folder}/python3 -P -m venv .venv-demo")


@pytest.mark.parametrize("variables", [{}, {"PYTHON": "python3"}])
def test_where_there_is_no_such_python_one_line_says_so(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    result = makes(tmp_path, "python3=old", **variables)
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert "needs Python 3.13 3.12 3.11 with venv" in line
    assert "none of python3" in line
    assert "apt-get install python3-venv" in line


def test_all_that_names_versions_names_the_same() -> None:
    minors = [int(version.removeprefix("3.")) for version in VERSIONS]
    assert PROJECT["requires-python"] == f">=3.{minors[0]},<3.{minors[-1] + 1}"
    classified = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert classified == VERSIONS
    (asked,) = re.findall(r"^VERSIONS := (.*)$", MAKEFILE, re.MULTILINE)
    assert sorted(asked.split()) == VERSIONS
    (others,) = re.findall(r"^OTHERS := (.*)$", MAKEFILE, re.MULTILINE)
    assert others.split() == VERSIONS[1:]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"Python {', '.join(VERSIONS[:-1])} or {VERSIONS[-1]}" in readme


def test_a_worker_and_some_rules_pass_their_tests_there(programs: Path) -> None:
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    result = subprocess.run(
        [programs / "python", "-m", "pytest", *options, *QUICK],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:]
    (passed,) = re.findall(r"(\d+) passed", result.stdout)
    assert int(passed) > 100
    assert "skipped" not in result.stdout


def test_the_installed_command_scores_there_as_here(programs: Path, tmp_path: Path) -> None:
    recording = station("WIC", 60, seed=1, burst=slice(1200, 2400))
    calibrated(tmp_path, default_model_path(), "WIC", threshold=1.5)
    times = np.datetime64(START_MS, "ms") + 1000 * np.arange(len(recording))
    about = {"station": "WIC", "components": ", ".join(f"{one} nT" for one in recording.elements)}
    table = pa.table({"time": times, **recording.elements}).replace_schema_metadata(about)
    pq.write_table(table, tmp_path / "day.parquet")
    here = scored(tmp_path, sys.executable, "-m", "monitor")
    assert len(here) > 40
    assert scored(tmp_path, str(programs / "magwatch")) == pytest.approx(here, rel=1e-5)


def scored(folder: Path, *magwatch: str) -> list[float]:
    """Scores of the file in a folder, by that program."""
    command = [*magwatch, "score", "day.parquet", "--profiles", ".", "-o", "scores.csv"]
    clean = {name: text for name, text in os.environ.items() if not name.startswith("MAGWATCH_")}
    result = subprocess.run(
        command, cwd=folder, env=clean, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    with (folder / "scores.csv").open(newline="") as rows:
        return [float(row["rmse"]) for row in csv.DictReader(rows)]
