"""`magwatch` as a real process, forked from one that has its imports already.

A fresh process takes two seconds of processor time to import what a worker needs; the tests start
hundreds. What is tested of a process (its environment, streams, signals, exit code) is its own.
Tests of the imports themselves, of `python` options and of limits start a fresh one.
"""

from __future__ import annotations

import atexit
import math
import multiprocessing
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import IO
from weakref import WeakSet

from monitor.cli import COMMANDS
from tests.forked_command import MESSAGES, OUTPUT, become

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["monitor.worker.main", *(at for at, _, _ in COMMANDS.values())])
forkserver.ensure_running()  # there is one for each process: before code under test starts its own
LOCK = Lock()  # whether a process has ended can be asked only once at a time
Stream = IO[bytes] | IO[str] | int


class Magwatch:
    """A running command; what `subprocess.Popen` has of the same name does the same."""

    def __init__(
        self,
        arguments: Iterable[object],
        *,
        module: str = "monitor",
        env: Mapping[str, str],
        stdout: Stream = OUTPUT,
        stderr: Stream = MESSAGES,
        cwd: Path | None = None,
    ) -> None:
        self.args = [module, *map(str, arguments)]
        streams = [Connection(os.dup(_number(stream))) for stream in (stdout, stderr)]
        self._process = CONTEXT.Process(
            target=become, args=(self.args, dict(env), str(cwd or Path.cwd()), streams)
        )
        with LOCK:
            self._process.start()
        RUNNING.add(self)
        for stream in streams:
            stream.close()

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code, or None while it runs."""
        return self.poll()

    def poll(self) -> int | None:
        """Its exit code, minus the signal that ended it, or None while it runs."""
        with LOCK:
            return self._process.exitcode

    def wait(self, timeout: float = math.inf) -> int:
        """Its exit code once it has ended; raises `subprocess.TimeoutExpired` after `timeout` s."""
        deadline_s = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline_s:
                raise subprocess.TimeoutExpired(self.args, timeout)
            time.sleep(0.02)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Magwatch:
        return self

    def __exit__(self, *_: object) -> None:
        self.wait()


Process = Magwatch | subprocess.Popen[bytes]
RUNNING: WeakSet[Magwatch] = WeakSet()


@atexit.register
def _end_all() -> None:
    """Leave none behind; `multiprocessing` would wait for them."""
    for process in list(RUNNING):
        process.kill()


def magwatch(
    *arguments: object,
    env: Mapping[str, str],
    cwd: Path | None = None,
    timeout: float = 100,
) -> subprocess.CompletedProcess[str]:
    """The outcome of a command that ends by itself: exit code, output and messages."""
    with TemporaryFile() as output, TemporaryFile() as messages:
        process = Magwatch(arguments, env=env, cwd=cwd, stdout=output, stderr=messages)
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
        texts = [_text(stream) for stream in (output, messages)]
    return subprocess.CompletedProcess(process.args, code, *texts)


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode()


def _number(stream: Stream) -> int:
    return stream if isinstance(stream, int) else stream.fileno()
