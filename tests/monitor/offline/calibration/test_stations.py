"""`magwatch calibrate` where profiles are there already, and for several stations."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from archive.model import default_model_path
from archive.profile import load_profile
from archive.versions import EARLIER, REPLACED, load_versions
from tests.abuse.files_support import magwatch
from tests.data import CHECKOUT
from tests.monitor.feeds import calibrated

HOURS = 8  # of a quiet day: enough for a rate of a few alerts a day
RATE = ("--false-alarms", "90")
DAY = np.datetime64("2018-08-29", "ms")
PATIENCE_S = 120.0


def archive(folder: Path, station: str, noise_nt: float = 0.1, seed: int = 0) -> Path:
    """Noise at a sample a second, in nT; none at all for a dead sensor."""
    chance, count = np.random.default_rng(seed), HOURS * 3600
    field = {name: 20_000 + chance.normal(0, noise_nt, count) for name in "XYZ"}
    about = {"station": station, "components": "X nT, Y nT, Z nT", "lat": "47.9", "lon": "15.9"}
    table = pa.table({"time": DAY + 1000 * np.arange(count), **field})
    path = folder / f"{station}.parquet"
    pq.write_table(table.replace_schema_metadata(about), path)
    return path


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take longer than all else."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)


def test_without_a_terminal_a_profile_that_is_there_is_named_before_the_work(
    tmp_path: Path,
) -> None:
    profiles = tmp_path / "profiles"
    before = calibrated(profiles, default_model_path(), "AAA", 3.0)
    result = magwatch("calibrate", archive(tmp_path, "AAA", 0.0), "--profiles", profiles)
    assert result.exit_code == 1
    assert result.output == (
        f"magwatch: {profiles}/AAA.json exists: give --replace to put a new profile there; "
        "what is there is kept\n"
    )
    assert load_versions(profiles) == {"AAA": (before,)}


def test_a_profile_that_is_replaced_is_kept_and_its_frame_with_it(
    tmp_path: Path, no_figures: None
) -> None:
    profiles = tmp_path / "profiles"
    before = calibrated(profiles, default_model_path(), "AAA", 3.0, declination_deg=46.5)
    asked = ("calibrate", archive(tmp_path, "AAA"), "--profiles", profiles, *RATE)
    began_ms = time.time() * 1000
    result = magwatch(*asked, "--replace")
    assert result.exit_code == 0, result.output
    kept, new = load_versions(profiles)["AAA"]
    assert kept == before
    assert new.declination_deg == before.declination_deg
    assert new.effective_ms is not None
    assert 120_000 <= new.effective_ms - began_ms < 300_000
    assert re.search(r"used by workers for windows that end after \d.* UTC; those before keep "
                     rf"what is in {profiles / EARLIER}", result.output)  # fmt: skip
    assert magwatch(*asked, "--replace").output.count("is there already and stays") == 1
    assert load_versions(profiles) == {"AAA": (kept, new)}
    result = magwatch(*asked, "--replace", "--effective", "always")
    (only,) = load_versions(profiles)["AAA"]
    assert only.effective_ms is None
    assert only.declination_deg == pytest.approx(45.0, abs=0.01)
    assert f"what was there is in {profiles / REPLACED}" in result.output
    assert len(list((profiles / REPLACED).iterdir())) == 2
    assert "the reference declination stays 46.50 degrees" not in result.output


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--station", "WIC"), "--station WIC: the files are of AAA, BBB"),
        (("--plot", "fit.png"), "--plot is about one station, the files are of AAA, BBB"),
        (("--leave-out", "2018-08-29"), "--leave-out is about one station, the files are of AAA"),
    ],
)
def test_what_is_about_one_station_is_refused_for_several(
    options: tuple[str, ...], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = [archive(tmp_path, station, 0.0) for station in ("AAA", "BBB")]
    result = magwatch("calibrate", *files, *options)
    assert result.exit_code in (1, 2)
    assert complaint in result.output
    assert not list(tmp_path.rglob("*.json"))


class Terminal:
    """A command on a terminal of its own, without matplotlib."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self.shown = ""
        self._master, child = pty.openpty()
        (folder / "matplotlib.py").write_text("raise ImportError")
        paths = f"{folder}{os.pathsep}{CHECKOUT}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "monitor", *map(str, arguments)],
            stdin=child, stdout=child, stderr=child, cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": paths, "COLUMNS": "200"},
        )  # fmt: skip
        os.close(child)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def wait_for(self, text: str) -> None:
        while text not in self.shown:
            assert self._read(), f"{text!r} never came: {self.shown}"

    def answer(self, text: str) -> None:
        self.shown = ""
        os.write(self._master, text.encode() + b"\n")

    def end(self) -> int:
        while self._read():
            pass
        return self.process.wait(PATIENCE_S)

    def _read(self) -> bool:
        """Read on; whether there was anything."""
        assert select.select([self._master], [], [], PATIENCE_S)[0], self.shown
        try:
            part = os.read(self._master, 4096)
        except OSError:  # the process has ended
            part = b""
        self.shown += part.decode()
        return bool(part)


def test_stations_side_by_side_on_a_terminal(tmp_path: Path) -> None:
    """One that is not to be replaced, one that is, a new one, and one that fails."""
    profiles = tmp_path / "profiles"
    stays, was = (calibrated(profiles, default_model_path(), code, 3.0) for code in ("AAA", "BBB"))
    files = [archive(tmp_path, code, seed=seed) for seed, code in enumerate(("CCC", "BBB", "AAA"))]
    dead = archive(tmp_path, "DDD", noise_nt=0.0)
    command = ("calibrate", *files, dead, "--profiles", profiles, *RATE)
    with Terminal(tmp_path, *command) as terminal:
        for station, answer in (("AAA", "n"), ("BBB", "y")):
            terminal.wait_for(f"{profiles}/{station}.json was made 20")
            terminal.wait_for("Replace it? [y/N]")
            terminal.answer(answer)
        assert terminal.end() == 1
    assert f"{profiles}/AAA.json stays as it was" in terminal.shown
    assert "DDD cannot be calibrated: a component does not vary" in terminal.shown
    assert "2 of 4 stations have no new profile" in terminal.shown
    lines = map(str.strip, terminal.shown.splitlines())
    rows = {row[:3]: row for row in lines if re.match(r"[A-D]{3}  ", row)}
    found = load_versions(profiles)
    assert found["AAA"] == (stays,)
    assert found["BBB"][0] == was
    assert {"- no new profile" in rows[code] for code in ("AAA", "DDD")} == {True}
    assert "windows that end after" in rows["BBB"]
    assert "all times" in rows["CCC"]
    new = load_profile(profiles / "CCC.json")
    assert f"{new.threshold:.3g}" in rows["CCC"]
    assert new.scale_nt != found["BBB"][1].scale_nt
