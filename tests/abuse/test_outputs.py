"""Every file that a command writes is complete under its name, or not there; in one line, why."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from archive.outputs import CannotWrite, write_together
from tests.abuse.disks import Disk, small_disk
from tests.abuse.files_support import magwatch, noisy_day, refusal, scoring
from tests.training.report.builders import manifest, minimal
from training.recipe.recipe import shipped_recipe
from training.report.write import write_report

pytestmark = pytest.mark.timeout(120)

CHECKOUT = Path(__file__).parent.parent.parent
BEFORE = b"what was there before"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return noisy_day(tmp_path_factory.mktemp("outputs"))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path / "disk") as found:
        yield found


def calibrate(site: Path, *options: object) -> list[object]:
    return ["calibrate", site / "day.parquet", *options]


def unkept(folder: Path) -> Path:
    (folder / "null.csv").symlink_to("/dev/null")
    return folder / "null.csv"


Command = Callable[[Path, Path, Path], list[object]]
FULL: list[tuple[str, int, Command]] = [
    ("scores.jsonl", 8192, lambda site, path, _: scoring(site, "-o", path)),
    ("scores.csv", 8192, lambda site, path, _: scoring(site, "-o", path)),
    ("scores.parquet", 4096, lambda site, path, _: scoring(site, "-o", path)),
    ("alerts", 0, lambda site, path, tmp: scoring(site, "-o", unkept(tmp), "--alerts", path)),
    ("TST.json", 0, lambda site, path, _: calibrate(site, "--profiles", path.parent, "--replace")),
    ("fit.png", 8192, lambda site, path, tmp: calibrate(site, "--profiles", tmp, "--plot", path)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "room_bytes", "command"), FULL, ids=[one[0] for one in FULL])
def test_a_full_disk_is_one_line_and_leaves_what_was_there(
    name: str, room_bytes: int, command: Command, site: Path, disk: Disk, tmp_path: Path
) -> None:
    path = disk.folder / name
    path.write_bytes(BEFORE)
    with disk.with_room(room_bytes):
        result = magwatch(*command(site, path, tmp_path))
    assert result.exit_code == 5, result.output
    assert result.stderr.splitlines()[-1] == f"magwatch: cannot write {path}: {disk.reason}"
    assert "Traceback" not in result.output
    assert disk.files() == {name: BEFORE}


def test_a_full_disk_ends_a_real_process_in_one_line(site: Path, disk: Disk) -> None:
    path = disk.folder / "scores.jsonl"
    command = [sys.executable, "-m", "monitor", *map(str, scoring(site, "-o", path))]
    with disk.with_room(8192):
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 5
    assert done.stderr == f"magwatch: cannot write {path}: {disk.reason}\n"
    assert disk.files() == {}


def test_figures_and_documents_of_training_and_demo_keep_to_it(disk: Disk) -> None:
    """Their commands take minutes; what they write goes through these."""
    with disk.with_room(4096), pytest.raises(CannotWrite, match=disk.reason):
        write_report(disk.folder, "tiny", minimal(), manifest())
    with disk.with_room(8192), pytest.raises(CannotWrite, match=r"model\.onnx"):
        write_together({disk.folder / "model.onnx": bytes(9000), disk.folder / "model.json": b"{}"})
    assert disk.files() == {}


def test_files_that_belong_together_change_together(disk: Disk) -> None:
    model, manifest = disk.folder / "model.onnx", disk.folder / "model.json"
    write_together({model: b"old", manifest: b"old"})
    with disk.with_room(8192), pytest.raises(CannotWrite, match=r"model\.json"):
        write_together({model: b"new", manifest: bytes(9000)})
    assert disk.files() == {"model.onnx": b"old", "model.json": b"old"}


def in_a_file(folder: Path, name: str) -> Path:
    (folder / "file").write_bytes(b"")
    return folder / "file" / name


def link_to_itself(folder: Path, name: str) -> Path:
    (folder / name).symlink_to(name)
    return folder / name


def in_a_closed_folder(folder: Path, name: str) -> Path:
    (folder / "closed").mkdir(mode=0o500)
    return folder / "closed" / name


def in_proc(_: Path, name: str) -> Path:
    return Path("/proc") / name


def of_a_long_name(folder: Path, name: str) -> Path:
    return folder / ("x" * 300 + name)


NOWHERE = {
    in_a_file: errno.ENOTDIR,
    link_to_itself: errno.ELOOP,
    in_a_closed_folder: errno.EACCES,
    in_proc: errno.ENOENT,
    of_a_long_name: errno.ENAMETOOLONG,
}
RECIPE = shipped_recipe("minute-teo.toml")
OUTPUTS: dict[str, Callable[[Path], list[object]]] = {
    "s.csv": lambda path: ["score", "gone.sec", "-o", path],
    "alerts": lambda path: ["score", "gone.sec", "--alerts", path],
    "profiles": lambda path: ["calibrate", "gone.sec", "--profiles", path],
    "evaluation": lambda path: ["evaluate", "--data", "gone.sec", "--inject", "-o", path],
    "exports": lambda path: ["train", RECIPE, "--data", "gone", "--output", path],
    "demo": lambda path: ["demo", "-o", path],
}


@pytest.mark.parametrize("place", NOWHERE, ids=lambda place: place.__name__)
@pytest.mark.parametrize("name", OUTPUTS)
def test_where_nothing_can_be_written_is_said_before_the_work(
    name: str,
    place: Callable[[Path, str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Even before what is to be read is looked for."""
    monkeypatch.chdir(tmp_path)
    path = place(tmp_path, name)
    before = sorted(tmp_path.rglob("*"))
    result = magwatch(*OUTPUTS[name](path))
    assert refusal(result) == f"magwatch: cannot write {path}: {os.strerror(NOWHERE[place])}"
    assert result.exit_code == 5
    assert sorted(tmp_path.rglob("*")) == before
