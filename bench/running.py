"""What measurements run against: an Apache Kafka of their own, fresh topics, a worker process."""

from __future__ import annotations

import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from archive.model import default_model_path, load_manifest
from archive.profile import save_profile
from bench.step import profile
from monitor.demo.system import System, running_worker
from monitor.errors import Refused
from monitor.kafka.embedded_broker import free_port
from monitor.kafka.topics import admin, create_topics, plans
from monitor.settings import Settings, load_settings
from tests.brokers import ROOT, NoKafka, apache_kafka

GONE_S = 30.0
END_S = 15.0


@contextmanager
def kafka() -> Iterator[tuple[str, Path]]:
    """Address of a fresh Apache Kafka and a folder for what belongs to it.

    Raises
    ------
    Refused
        If there is no way to an Apache Kafka here.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "kafka").mkdir()
        try:
            with apache_kafka(folder / "kafka", java=()) as address:
                yield address, folder
        except NoKafka as reason:
            raise Refused(str(reason)) from None


def prepared(address: str, folder: Path, codes: Sequence[str]) -> Settings:
    """Topics of their own and these stations' profiles; everything else is as by default."""
    name = f"bench{uuid.uuid4().hex[:6]}"
    save_profiles(codes, folder / name)
    settings = load_settings(
        broker=address, topic_prefix=f"{name}.", profiles=folder / name, log_format="console"
    )
    create_topics(settings)
    return settings


@contextmanager
def site(codes: Sequence[str]) -> Iterator[tuple[Settings, Path]]:
    """Settings of a fresh Apache Kafka with topics and these stations' profiles, and a folder.

    Raises
    ------
    Refused
        If there is no way to an Apache Kafka here.
    """
    with kafka() as (address, folder):
        yield prepared(address, folder, codes), folder


def save_profiles(codes: Sequence[str], folder: Path) -> None:
    """Write a profile of the shipped model for each station."""
    sha256 = load_manifest(default_model_path().with_suffix(".json")).sha256
    for code in codes:
        save_profile(profile(code, sha256), folder)


def afresh(settings: Settings) -> Settings:
    """Delete every topic but the samples, create them again, and name a new group.

    A worker with the settings that are returned takes all samples from the beginning. The broker
    notes for each score when it took it: what clients write there need not be the time.
    """
    doomed = [settings.topic(plan.name) for plan in plans(settings) if plan.name != "samples"]
    with closing(admin(settings)) as client:
        client.delete_topics(doomed)
        deadline_s = time.monotonic() + GONE_S
        while set(doomed) & {topic["name"] for topic in client.describe_topics()}:
            if time.monotonic() > deadline_s:
                raise Refused(f"the broker did not delete its topics in {GONE_S:.0f} s")
            time.sleep(0.1)
        create_topics(settings)
        scores = ConfigResource(
            ConfigResourceType.TOPIC,
            settings.topic("scores"),
            {"message.timestamp.type": "LogAppendTime"},
        )
        client.alter_configs([scores])
    return settings.model_copy(update={"group": f"bench-{uuid.uuid4().hex[:6]}"})


@contextmanager
def worker(settings: Settings, folder: Path) -> Iterator[System]:
    """A worker process that is ready, ended at the end of the block."""
    own = settings.model_copy(update={"metrics_port": free_port()})
    with running_worker(own, folder / f"worker-{own.metrics_port}.log") as system:
        yield system


@contextmanager
def program(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process with `bench` on its path, ended at the end of the block."""
    with log.open("ab") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream, cwd=ROOT)
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and make it."""
    process.terminate()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def check_alive(process: subprocess.Popen[bytes], log: Path) -> None:
    """Raise if a process has ended.

    Raises
    ------
    Refused
        With the end of its log.
    """
    if process.poll() is not None:
        raise Refused(f"ended with {process.returncode}: {log.read_text()[-1000:]}")


def topic_size(consumer: KafkaConsumer, topic: str) -> int:
    """How many records a topic has taken so far."""
    numbers = consumer.partitions_for_topic(topic) or ()
    ends = consumer.end_offsets([TopicPartition(topic, number) for number in numbers])
    return sum(ends.values())
