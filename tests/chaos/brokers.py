"""Brokers that can be stopped for a while and, where their data outlive them, killed."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from monitor.kafka.embedded_broker import embedded_broker
from tests.brokers import KafkaProcess, kafka_jars


@dataclass(frozen=True)
class Unruly:
    """A broker at `address`; `restart` is None where a kill would lose the topics."""

    name: str
    address: str
    signal: Callable[[signal.Signals], None]
    start: Callable[[], None] | None

    def pause(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after so long."""
        self.signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.signal(signal.SIGCONT)

    def restart(self, seconds: float) -> None:
        """SIGKILL, and another start on the same data after so long."""
        assert self.start is not None
        self.signal(signal.SIGKILL)
        time.sleep(seconds)
        self.start()


@contextmanager
def unruly_tansu() -> Iterator[Unruly]:
    """The embedded broker, whose data end with it."""
    with embedded_broker() as broker:
        yield Unruly("Tansu", broker.address, broker.process.send_signal, None)


@contextmanager
def unruly_kafka(folder: Path) -> Iterator[Unruly]:
    """An Apache Kafka of its own.

    Raises
    ------
    NoKafka
        If there is no way to one here.
    """
    with KafkaProcess(kafka_jars(), folder) as kafka:
        yield Unruly("Apache Kafka", kafka.address, kafka.signal, kafka.start)
