"""A process that is asked to end does, whatever holds it; also as the first of a container."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from monitor import ending
from monitor.kafka.embedded_broker import free_port
from monitor.settings import Settings
from tests.abuse.test_stopping import IN_TIME_S, End
from tests.brokers import ROOT
from tests.monitor.workers import Site, wait_until

HELD = """
import asyncio, logging, time
from monitor import ending, stopping
from monitor.logs import configure_logs
from monitor.settings import Settings
configure_logs(Settings())
ending.GRACE_S, ending.DONE_S = 1.0, 0.5
ending.catch_signals()
async def held():
    with stopping.stop_event():
        print("held", flush=True)
        {how}
{run}
"""
# A loop that never comes back, one whose log is held by whom it must not wait for, a thread.
STUCK = HELD.format(how="time.sleep(60)", run="asyncio.run(held())")
LOCKED = HELD.format(
    how="logging.root.handlers[0].acquire(); time.sleep(60)",
    run="asyncio.run(held())",
)


@pytest.mark.parametrize("script", [STUCK, LOCKED])
def test_what_cannot_end_by_itself_is_ended_and_says_so(script: str) -> None:
    end, said = held(script, signal.SIGTERM, signal.SIGTERM)
    assert (end.status, end.seconds < 5.0) == (1, True)
    assert ("not ended 1 s after the signal" in said) == (script is STUCK)


def held(script: str, *signals: signal.Signals) -> tuple[End, str]:
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "held\n", process.stderr.read()
        began_s = time.monotonic()
        for number in signals:
            process.send_signal(number)
            time.sleep(0.1)
        try:
            status = process.wait(30)
        finally:
            process.kill()
        return End(time.monotonic() - began_s, status, ""), process.stderr.read()


def test_a_thread_of_a_library_does_not_keep_a_command_that_is_done() -> None:
    script = """
import sys, threading, time
import click, monitor.cli
from monitor import __main__ as program
program.DONE_S = 0.5
@click.command()
def main():
    threading.Thread(target=time.sleep, args=(60,)).start()
    print("held", flush=True)
    sys.exit(7)
monitor.cli.main = main
program.run()
"""
    end, said = held(script)
    assert (end.status, end.seconds < 5.0, said) == (7, True, "")


def test_a_forked_child_is_ended_as_usual() -> None:
    """Its parent ends it by SIGTERM, and is not asked to end itself by that."""
    script = """
import multiprocessing, time
from monitor import ending
ending.GRACE_S = 1.0
ending.catch_signals()
child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
child.start()
time.sleep(0.5)
print("held", flush=True)
child.terminate()
child.join()
time.sleep(1.5)
raise SystemExit(-child.exitcode)
"""
    end, said = held(script)
    assert (end.status, said) == (signal.SIGTERM, "")


# --- the first process of a container -------------------------------------------------------------


def test_the_first_process_of_a_container_ends_before_it_has_loaded_anything(
    tmp_path: Path,
) -> None:
    """The kernel keeps from it every signal that it has no handler for."""
    command = ["unshare", "--fork", "--pid", sys.executable, "-m", "monitor", "worker"]
    if os.geteuid() or not shutil.which("unshare"):
        pytest.skip("needs root and unshare for a namespace of processes")
    site = Site(Settings(profiles=tmp_path, broker=f"127.0.0.1:{free_port()}"), tmp_path)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env=site.environment(METRICS_PORT="0"), stdout=log, stderr=log
        )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    wait_until(lambda: children.read_text().strip() != "")
    first = int(children.read_text())
    try:
        deadline_s = time.monotonic() + 5.0
        while not catches(first, signal.SIGTERM) and time.monotonic() < deadline_s:
            time.sleep(0.005)
        loaded = Path(f"/proc/{first}/maps").read_text()
        os.kill(first, signal.SIGTERM)
        began_s = time.monotonic()
        status = process.wait(30)
    finally:
        process.kill()
        with suppress(ProcessLookupError):
            os.kill(first, signal.SIGKILL)
    assert "numpy" not in loaded  # it was asked in its first moments
    assert time.monotonic() - began_s < IN_TIME_S
    assert status in (128 + signal.SIGTERM, -signal.SIGTERM)
    assert (tmp_path / "log").read_text() == ""


def catches(pid: int, number: signal.Signals) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    caught = int(re.search(r"^SigCgt:\s*(\w+)$", status, re.MULTILINE)[1], 16)  # type: ignore[index]
    running = "python" in Path(f"/proc/{pid}/cmdline").read_text()
    return running and bool(caught >> (number - 1) & 1)


# --- what waits for it ----------------------------------------------------------------------------


def test_supervisors_wait_long_enough() -> None:
    unit = (ROOT / "deploy" / "systemd" / "magwatch-worker.service").read_text()
    granted = {"systemd": re.findall(r"^TimeoutStopSec=(.*)$", unit, re.MULTILINE)[0]}
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    for name in ("topics", "worker", "calibrate", "indices", "page", "replay"):
        granted[name] = compose["services"][name]["stop_grace_period"].removesuffix("s")
    assert all(int(seconds) > IN_TIME_S for seconds in granted.values()), granted
    assert ending.GRACE_S + ending.LOG_S < IN_TIME_S
