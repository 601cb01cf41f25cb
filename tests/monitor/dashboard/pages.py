"""`magwatch dashboard` as a real process."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from monitor.kafka.embedded_broker import free_port
from tests.processes import Magwatch

START_S = 60.0


@dataclass
class Page:
    """A running dashboard."""

    process: Magwatch
    url: str
    log: Path


def answered(url: str) -> bytes:
    """Body of a page; empty while nobody listens."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
            body: bytes = answer.read()
            return body
    except OSError:
        return b""


@contextmanager
def page(
    environment: Mapping[str, str], folder: Path, *options: str, port: int | None = None
) -> Iterator[Page]:
    """A dashboard that answers; ended at the end of the block."""
    port = port or free_port()
    log = folder / f"dashboard-{port}.log"
    with log.open("ab") as stream:
        process = Magwatch(
            ["dashboard", "--port", port, *options],
            env=environment,
            stdout=stream,
            stderr=stream,
        )
    running = Page(process, f"http://127.0.0.1:{port}", log)
    try:
        deadline_s = time.monotonic() + START_S
        while not answered(running.url + "/healthz"):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline_s, log.read_text()
            time.sleep(0.1)
        yield running
    finally:
        process.terminate()
        assert process.wait(20) == 0, log.read_text()
