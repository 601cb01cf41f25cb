import os
import signal
import subprocess
import sys
import time

import pytest

from monitor.errors import Refused
from monitor.kafka.embedded_broker import embedded_broker, free_port


def test_it_listens_and_leaves_nothing_behind() -> None:
    with embedded_broker() as broker:
        assert broker.process.poll() is None
    assert broker.process.poll() is not None


def test_it_ends_when_the_block_fails() -> None:
    with pytest.raises(ZeroDivisionError), embedded_broker() as broker:
        _ = 1 / 0
    assert broker.process.poll() is not None


def test_a_taken_port_is_named() -> None:
    with embedded_broker() as broker:
        port = int(broker.address.rpartition(":")[2])
        with pytest.raises(Refused, match=f"port {port} is in use"), embedded_broker(port):
            pass


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's help is Linux's")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_orphan_when_the_command_ends(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", "broker", "--port", str(free_port())],
        stdout=subprocess.PIPE,
        env={name: text for name, text in os.environ.items() if not name.startswith("MAGWATCH_")},
    )
    assert process.stdout is not None
    assert b"broker at" in process.stdout.readline()
    child = _child_of(process.pid)
    process.send_signal(number)
    code = process.wait(15)
    process.stdout.close()
    assert code == (-signal.SIGKILL if number is signal.SIGKILL else 0)
    deadline_s = time.monotonic() + 10
    while _alive(child):
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def _child_of(pid: int) -> int:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=True)
    return int(found.stdout.split()[0])


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
