"""A worker as a real process, and what it leaves in the topics."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import kafka
from aiokafka import ConsumerRecord, TopicPartition
from kafka import KafkaConsumer, KafkaProducer

from archive.recording import Recording
from monitor.kafka.embedded_broker import free_port
from monitor.kafka.topic_reader import open_consumer, partitions_of, read_to_end
from monitor.kafka.topics import MAX_DEAD_LETTER_BYTES, create_topics
from monitor.records.sample_encoder import encode_samples
from monitor.settings import Settings, as_variable
from tests.processes import Magwatch, Process

READY_S = 60.0
PREFIX = "MAGWATCH_"
# Joining a group waits for these; the defaults are for networks, not for tests.
QUICK = {"SESSION_TIMEOUT_S": "6", "REBALANCE_TIMEOUT_S": "2", "COMMIT_S": "0.5"}


@dataclass(frozen=True)
class Site:
    """A topic prefix of its own on a broker, with a model and profiles."""

    settings: Settings
    folder: Path
    changed: tuple[str, ...] = ()  # further settings that the workers are given

    def changing(self, **settings: float) -> Site:
        """The site with other values of some settings."""
        return Site(self.settings.model_copy(update=settings), self.folder, tuple(settings))

    def environment(self, **more: str) -> dict[str, str]:
        """Environment of a worker; nothing of the caller's settings leaks in."""
        clean = {name: text for name, text in os.environ.items() if not name.startswith(PREFIX)}
        own = {
            "BROKER": self.settings.broker,
            "TOPIC_PREFIX": self.settings.topic_prefix,
            "GROUP": self.settings.group,
            "PROFILES": str(self.settings.profiles),
            **({"MODEL": as_variable(self.settings.model)} if self.settings.model else {}),
            **{name.upper(): str(getattr(self.settings, name)) for name in self.changed},
            **QUICK,
            **more,
        }
        return clean | {PREFIX + name: text for name, text in own.items()}


def new_site(broker: str, folder: Path, *models: Path) -> Site:
    """Topics of a test's own, so that tests share a broker without seeing each other."""
    name = uuid.uuid4().hex[:8]
    profiles = folder / "profiles"
    profiles.mkdir(exist_ok=True)
    model = models[0] if len(models) == 1 else models
    settings = Settings(
        broker=broker, topic_prefix=f"t{name}.", group=f"g{name}", profiles=profiles, model=model
    )
    create_topics(settings)
    return Site(settings, folder)


@dataclass
class Running:
    """A worker process."""

    process: Process
    url: str
    log: Path

    def page(self, path: str) -> tuple[int, str]:
        """Status and text of a page; status 0 while nobody listens."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def wait_for(self, path: str, status: int, seconds: float = READY_S) -> None:
        """Wait until a page answers so."""
        deadline_s = time.monotonic() + seconds
        while self.page(path)[0] != status:
            if self.process.poll() is not None or time.monotonic() > deadline_s:
                raise AssertionError(f"{path} never {status}: {self.log.read_text()[-3000:]}")
            time.sleep(0.1)

    def metric(self, name: str) -> float:
        """Sum over all labels."""
        pattern = rf"^{name}(?:\{{[^}}]*\}})? (\S+)$"
        return sum(
            float(value) for value in re.findall(pattern, self.page("/metrics")[1], re.MULTILINE)
        )

    def wait_for_records(self, count: int, seconds: float = READY_S) -> None:
        """Wait until so many records have been read and published."""
        deadline_s = time.monotonic() + seconds
        while self.metric("magwatch_records_total") < count:
            if self.process.poll() is not None or time.monotonic() > deadline_s:
                raise AssertionError(f"fewer than {count} records: {self.log.read_text()[-3000:]}")
            time.sleep(0.1)


@contextmanager
def worker(site: Site, **settings: str) -> Iterator[Running]:
    """A worker that is ready; ended at the end of the block."""
    with started(site, **settings) as running:
        running.wait_for("/readyz", 200)
        yield running


@contextmanager
def started(site: Site, **settings: str) -> Iterator[Running]:
    """A worker that may never be ready; ended at the end of the block."""
    port = free_port()
    log = site.folder / f"worker-{port}.log"
    with log.open("wb") as stream:
        process = Magwatch(
            ["worker"],
            env=site.environment(METRICS_PORT=str(port), **settings),
            stdout=stream,
            stderr=stream,
        )
    try:
        yield Running(process, f"http://127.0.0.1:{port}", log)
    finally:
        end(process)


def end(process: Process) -> None:
    """Ask a process to end, and make it."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


Sendable = tuple[bytes | None, bytes | None] | tuple[bytes | None, bytes | None, str]


def send(site: Site, records: Iterable[Sendable]) -> int:
    """Send keys, values and content types to the samples topic, in order; returns how many."""
    count = 0
    producer = KafkaProducer(
        bootstrap_servers=site.settings.broker, max_request_size=MAX_DEAD_LETTER_BYTES
    )
    with closing(producer):
        futures = []
        for key, value, *content_type in records:
            headers = [("content-type", one.encode()) for one in content_type if one]
            topic = site.settings.topic("samples")
            futures.append(producer.send(topic, value, key, headers=headers))
            count += 1
        for future in futures:
            future.get(30)
    return count


def encoded(recordings: Iterable[Recording]) -> Iterator[tuple[bytes, bytes]]:
    """Records of the samples topic."""
    return ((one.station.encode(), encode_samples(one)) for one in recordings)


def received(site: Site, topic: str) -> list[ConsumerRecord]:
    """Everything that a topic holds, by partition and offset, in any codec."""
    return sorted(asyncio.run(_read(site, topic)), key=lambda one: (one.partition, one.offset))


async def _read(site: Site, topic: str) -> list[ConsumerRecord]:
    name = site.settings.topic(topic)
    async with open_consumer(site.settings) as consumer:
        partitions = [TopicPartition(name, n) for n in await partitions_of(consumer, name)]
        return [one async for batch in read_to_end(consumer, partitions) for one in batch]


def committed(site: Site) -> int:
    """Sum of the offsets that the site's group has committed."""
    name = site.settings.topic("samples")
    consumer = KafkaConsumer(bootstrap_servers=site.settings.broker, group_id=site.settings.group)
    with closing(consumer):
        numbers = consumer.partitions_for_topic(name) or ()
        return sum(
            consumer.committed(kafka.TopicPartition(name, number)) or 0 for number in numbers
        )


def values_by_key(records: Iterable[ConsumerRecord]) -> dict[bytes, list[bytes]]:
    """Values of each key in the order of their offsets; repetitions of a value left out."""
    found: dict[bytes, list[bytes]] = {}
    for record in records:
        values = found.setdefault(record.key, [])
        if record.value not in values:
            values.append(record.value)
    return found


def wait_until(reached: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline_s = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.2)
