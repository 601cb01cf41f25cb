"""A command of magwatch as a process of its own: how long it took, and what it used."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.usage import usage
from monitor.errors import Refused

LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended well.

    Attributes
    ----------
    wall_s
        From the start of the process to its end.
    cpu_s
        Of all its threads.
    peak_mb
        Highest memory, as seen 20 times a second.
    output
        What it printed.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    output: str


def run(arguments: list[str], log: Path, environment: Mapping[str, str] | None = None) -> Done:
    """Run ``magwatch`` with arguments; its output also stays in `log`.

    Raises
    ------
    Refused
        If it fails, with the end of what it said.
    """
    with log.open("wb") as stream:
        began_s = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "monitor", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env={**os.environ, **(environment or {})},
        )
    peak_mb = 0.0
    while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
        peak_mb = max(peak_mb, _peak_mb(process.pid))
        time.sleep(LOOK_EVERY_S)
    wall_s = time.monotonic() - began_s
    process.returncode = os.waitstatus_to_exitcode(ended[1])
    output = log.read_text(errors="replace")
    if process.returncode:
        raise Refused(f"magwatch {arguments[0]}: " + " | ".join(output.strip().splitlines()[-3:]))
    used = ended[2]
    return Done(wall_s, used.ru_utime + used.ru_stime, peak_mb, output)


def _peak_mb(pid: int) -> float:
    try:
        return usage(pid).peak_mb
    except (OSError, LookupError):  # it is ending: its memory is gone before the process is
        return 0.0
