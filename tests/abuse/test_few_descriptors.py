"""A flood of connections to the probes of a process that may open few files."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from monitor.kafka.embedded_broker import free_port
from tests.abuse.test_probes import SERVED_IN_S, descriptors, flood
from tests.monitor.feeds import station
from tests.monitor.workers import Running, Site, committed, encoded, send, wait_until

FEW_DESCRIPTORS = 96


def test_a_worker_with_few_descriptors_goes_on_under_a_flood(tansu_site: Site) -> None:
    """Silent connections may not take what it needs for its broker, nor a core."""
    site, port = tansu_site, free_port()
    recording = station("WIC", 20, seed=3)
    with few_descriptors(site, port) as running, ExitStack() as open_ones:
        running.wait_for("/readyz", 200)
        flood(("127.0.0.1", port), 300, open_ones)
        before_s = seconds_of_processor(running.process.pid)
        time.sleep(2.0)
        assert seconds_of_processor(running.process.pid) - before_s < 1.0
        flood(("127.0.0.1", port), 100, open_ones)
        sent = send(site, encoded(recording.records(60)))
        wait_until(lambda: committed(site) == sent, 20.0)  # scored and checkpointed
        assert running.page("/healthz")[0] == 200
        assert descriptors(running.process.pid) < FEW_DESCRIPTORS
        assert "Traceback" not in running.log.read_text()


WITHOUT_DESCRIPTORS = """
import time
from prometheus_client import CollectorRegistry
from monitor.http.probe_server import Health, probe_server
from monitor.logs import configure_logs
from monitor.settings import Settings
configure_logs(Settings())
with probe_server("127.0.0.1", 0, CollectorRegistry(), Health(60)) as (_, port):
    taken = []
    try:
        while True:
            taken.append(open("/dev/null"))
    except OSError:
        taken.pop(0).close()
    print(port, flush=True)
    time.sleep(1)
    taken.append(open("/dev/null"))
    time.sleep(60)
"""


def test_without_any_descriptor_left_it_says_so_once_and_waits() -> None:
    process = subprocess.Popen(
        with_few_descriptors("-c", WITHOUT_DESCRIPTORS),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout
        port = int(process.stdout.readline())
        time.sleep(1.5)
        with socket.create_connection(("127.0.0.1", port), SERVED_IN_S):
            before_s = seconds_of_processor(process.pid)
            time.sleep(2.5)
            assert seconds_of_processor(process.pid) - before_s < 0.5
    finally:
        process.kill()
        _, said = process.communicate()
    assert said.decode().count("connections cannot be accepted") == len(said.splitlines()) == 1


def with_few_descriptors(*arguments: str) -> list[str]:
    limited = f'ulimit -n {FEW_DESCRIPTORS} && exec "$@"'
    return ["sh", "-c", limited, "sh", sys.executable, *arguments]


@contextmanager
def few_descriptors(site: Site, port: int) -> Iterator[Running]:
    log: Path = site.folder / "worker.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            with_few_descriptors("-m", "monitor", "worker"),
            env=site.environment(METRICS_PORT=str(port), CHECKPOINT_S="1"),
            stdout=stream,
            stderr=stream,
        )
    try:
        yield Running(process, f"http://127.0.0.1:{port}", log)
    finally:
        process.terminate()
        process.wait(20)


def seconds_of_processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
