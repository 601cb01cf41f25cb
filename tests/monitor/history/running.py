"""`magwatch history` as a process, and what it leaves in its folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from kafka import KafkaProducer

from monitor.history.watch import TOPICS
from monitor.kafka.embedded_broker import free_port
from tests.monitor.history.stores import MemoryStore, written
from tests.monitor.workers import Running, Site, end, received
from tests.processes import Magwatch


@contextmanager
def history(site: Site, folder: Path, *options: str, write_s: float = 0.2) -> Iterator[Running]:
    """A history with its probes, ended at the end of the block."""
    port = free_port()
    log = site.folder / f"history-{port}.log"
    with log.open("wb") as stream:
        process = Magwatch(
            ["history", folder, "--metrics-port", port, *options],
            env=site.environment(HISTORY_WRITE_S=str(write_s)),
            stdout=stream,
            stderr=stream,
        )
    try:
        yield Running(process, f"http://127.0.0.1:{port}", log)
    finally:
        end(process)


def catch_up(site: Site, folder: Path) -> str:
    """Run `magwatch history --once` and return its log."""
    with history(site, folder, "--once") as running:
        assert running.process.wait(120) == 0, running.log.read_text()[-3000:]
        return running.log.read_text()


def files_in(folder: Path) -> dict[str, bytes]:
    """Contents of the day files by their paths."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.parquet")}


def files_of(site: Site) -> dict[str, bytes]:
    """What the files must be, of all records of the topics at once."""
    store = MemoryStore()
    written(store, *((topic, record) for topic in TOPICS for record in received(site, topic)))
    return store.files


def put(site: Site, topic: str, records: list[tuple[bytes, bytes]]) -> None:
    """Send keys and values to a topic."""
    with closing(KafkaProducer(bootstrap_servers=site.settings.broker)) as producer:
        sent = [producer.send(site.settings.topic(topic), value, key) for key, value in records]
        for future in sent:
            future.get(30)
