"""The part of `tests.processes` that a forked process runs."""

from __future__ import annotations

import os
import runpy
import sys
from multiprocessing.connection import Connection
from pathlib import Path

INPUT, OUTPUT, MESSAGES = range(3)


def become(command: list[str], env: dict[str, str], folder: str, streams: list[Connection]) -> None:
    """Be a process that was started with this command, environment, folder and streams."""
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), INPUT)
    for number, stream in zip((OUTPUT, MESSAGES), streams, strict=True):
        os.dup2(stream.fileno(), number)
        stream.close()
    sys.stdout = os.fdopen(OUTPUT, "w", closefd=False)
    sys.stderr = os.fdopen(MESSAGES, "w", buffering=1, errors="backslashreplace", closefd=False)
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = command
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)
