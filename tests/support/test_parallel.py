"""Tasks in processes of their own end with the program that started them."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from support.parallel import Work, side_by_side
from tests.abuse.side_by_side import doubled, nothing

SCRIPT = Path(__file__).parent.parent / "abuse" / "side_by_side.py"
LONG_S = "300"


def is_there(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


@pytest.mark.parametrize("victim", ["parent", "task"])
def test_all_processes_end_at_once(victim: str) -> None:
    """By Ctrl-C of the parent alone, and where the system ends one of them."""
    command = [sys.executable, str(SCRIPT), LONG_S]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[2])}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout
        assert process.stderr
        tasks = [int(process.stdout.readline()) for _ in range(2)]
        if victim == "parent":
            process.send_signal(signal.SIGINT)
        else:
            os.kill(max(tasks), signal.SIGKILL)  # the one that was started last
        try:
            status = process.wait(30)
        finally:
            process.kill()
        said = process.stderr.read()
    deadline_s = time.monotonic() + 10
    while any(map(is_there, tasks)):
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    assert status != 0
    assert said.count("Traceback") <= 2  # its own, and what a pool adds of the task
    assert ("BrokenProcessPool" in said) == (victim == "task")


def test_the_environment_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("sys.argv", ["side_by_side"])
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    before = dict(os.environ)
    assert side_by_side(Work(nothing, doubled), [1, 2], [print, print]) == [2, 4]
    assert dict(os.environ) == before
