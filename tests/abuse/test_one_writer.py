"""How files are written: what ends early leaves nothing, what is there is respected."""

from __future__ import annotations

import ast
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from archive.outputs import CannotWrite, check_output, write_file, written
from monitor.commands.demo import cleared
from monitor.errors import Refused
from tests.abuse.files_support import magwatch, noisy_day, obedient, scoring

pytestmark = pytest.mark.timeout(120)

CHECKOUT = Path(__file__).parent.parent.parent
BEFORE = b"what was there before"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return noisy_day(tmp_path_factory.mktemp("writer"))


def test_outputs_that_would_lose_a_file_are_refused(site: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.parquet"
    content = (site / "morning.parquet").read_bytes()
    archive.write_bytes(content)
    (tmp_path / "link.parquet").symlink_to(archive)
    for output in (archive, tmp_path / "link.parquet"):
        assert "among the files that are read" in magwatch("score", archive, "-o", output).output
    both = tmp_path / "x.jsonl"
    said = magwatch("score", archive, "-o", both, "--alerts", both).output
    assert "cannot hold both scores and alerts" in said
    assert archive.read_bytes() == content


def test_the_demo_deletes_what_a_demo_wrote_and_nothing_else(tmp_path: Path) -> None:
    output = tmp_path / "demo-output"
    (output / "profiles").mkdir(parents=True)
    (output / "summary.json").write_bytes(b"{}")
    assert list(tmp_path.rglob("*.json"))
    cleared(output)
    assert not output.exists()
    (tmp_path / "thesis.tex").write_bytes(b"years of work")
    with pytest.raises(Refused, match=r"holds thesis\.tex, which no demo wrote"):
        cleared(tmp_path)
    assert (tmp_path / "thesis.tex").exists()


@pytest.mark.parametrize("end", ["error", "ctrl-c", "sigterm"])
def test_what_ends_early_leaves_nothing(end: str, tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_bytes(BEFORE)
    ends: dict[str, type[BaseException]] = {
        "error": ZeroDivisionError,
        "ctrl-c": KeyboardInterrupt,
        "sigterm": SystemExit,
    }
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with pytest.raises(ends[end]):
        begin_and(end, path)
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [(path.name, BEFORE)]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def begin_and(end: str, path: Path) -> None:
    with written(path) as stream:
        stream.write(bytes(1 << 20))
        assert len(list(path.parent.iterdir())) == 2
        if end == "error":
            raise ZeroDivisionError
        os.kill(os.getpid(), signal.SIGINT if end == "ctrl-c" else signal.SIGTERM)
        time.sleep(5)


def test_a_file_keeps_its_mode_its_links_and_its_protection(tmp_path: Path) -> None:
    path, link = tmp_path / "a", tmp_path / "link"
    write_file(path, b"1")
    umask = os.umask(0o022)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    path.chmod(0o640)
    link.symlink_to("a")
    write_file(link, b"2")
    assert link.is_symlink()
    assert path.read_bytes() == b"2"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o440)
    with obedient(), pytest.raises(CannotWrite, match="Permission denied"):
        write_file(path, b"3")
    with pytest.raises(CannotWrite, match="Is a directory"):
        check_output(tmp_path)
    assert path.read_bytes() == b"2"


def test_pipes_and_standard_output_take_alerts_as_they_did(site: Path, tmp_path: Path) -> None:
    pipe, taken = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: taken.append(pipe.read_bytes()))
    reader.start()
    result = magwatch(*scoring(site, "-o", tmp_path / "s.csv", "--alerts", pipe))
    reader.join(30)
    assert result.exit_code == 0, result.output
    assert taken[0].startswith(b'{"specversion"')
    command = scoring(site, "-o", tmp_path / "s.csv", "--alerts", "/dev/stdout")
    printed = tmp_path / "printed"  # a file, so that offsets matter
    with printed.open("wb") as stream:
        subprocess.run(
            [sys.executable, "-m", "monitor", *map(str, command)],
            cwd=CHECKOUT, stdout=stream, check=True, timeout=60,
        )  # fmt: skip
    *lines, last = printed.read_bytes().splitlines(keepends=True)
    assert b"".join(lines) == taken[0]
    assert b"windows" in last


WRITING = {"write_bytes", "write_text", "savefig", "mkdir", "touch", "to_csv", "write_table"}
# What is no output: a log of a process as it comes, and what developers make.
MAY_WRITE = {
    "archive/outputs.py": WRITING,
    "monitor/demo/system.py": {"open wb"},
    "monitor/records/schema.py": WRITING,
    "monitor/offline/calibration/figure.py": {"savefig"},  # into memory, as the next ones
    "monitor/dashboard/past/picture.py": {"savefig"},
    "training/report/svg.py": {"savefig"},
    "archive/day_samples.py": {"write_table"},
    "monitor/offline/score_files.py": {"write_table"},
}


def test_nothing_else_writes_files() -> None:
    found: dict[str, set[str]] = {}
    for package in ("archive", "geofield", "monitor", "support", "training"):
        for path in (CHECKOUT / package).rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text())):
                if isinstance(call, ast.Call) and (name := writing(call)):
                    found.setdefault(str(path.relative_to(CHECKOUT)), set()).add(name)
    assert {path: names - MAY_WRITE.get(path, set()) for path, names in found.items()} == {
        path: set() for path in found
    }
    assert len(found) > 3


def writing(call: ast.Call) -> str:
    """What a call writes by; empty if it does not."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name != "open":
        return name if name in WRITING else ""
    texts = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
    modes = [text for text in texts if isinstance(text, str) and set(text) <= set("rwxab+t")]
    return "".join(f"open {mode}" for mode in modes if set(mode) & set("wxa+"))
