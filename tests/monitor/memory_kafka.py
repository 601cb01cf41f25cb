"""A double of Kafka in memory, for the worker's logic."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import SimpleNamespace

from prometheus_client import CollectorRegistry

from archive.model_names import ONLY_MODEL, ModelNames
from geofield.alerts.remote_reference import StationNetwork
from geofield.scoring.score import Reconstruct
from geofield.step import Rules
from monitor.kafka.follower import Follower
from monitor.kafka.producer import Outgoing, Publisher, always
from monitor.metrics.metrics import Metrics
from monitor.records.sample_decoder import Accepts
from monitor.settings import Settings
from monitor.worker.checkpoint import StationCheckpoint
from monitor.worker.fencing import Fence
from monitor.worker.index_follower import IndexReader
from monitor.worker.leadership import Leadership
from monitor.worker.network_follower import ScoreReader
from monitor.worker.pipeline import Worker
from monitor.worker.pipelines import Pipelines
from monitor.worker.recorder import Observer
from monitor.worker.review_follower import ReviewReader
from monitor.worker.scorer import Scorer
from monitor.worker.state_store import States, by_station, consider


@dataclass
class MemoryKafka:
    """Topics by their short names: the records published to each, in order."""

    settings: Settings
    topics: dict[str, list[Outgoing]] = field(default_factory=lambda: defaultdict(list))

    def take(self, batch: Sequence[Outgoing]) -> None:
        """Append records, as an acknowledged batch."""
        for item in batch:
            self.topics[item.topic.removeprefix(self.settings.topic_prefix)].append(item)

    def values(self, topic: str) -> list[bytes]:
        """Values of a topic in order of key and publication, repetitions of a record left out."""
        by_key: dict[bytes, dict[bytes, None]] = defaultdict(dict)
        for item in self.topics[topic]:
            by_key[item.key or b""][item.value or b""] = None
        return [value for key in sorted(by_key) for value in by_key[key]]


class MemoryPublisher(Publisher):
    """Publishes into `kafka` whenever the gate is open."""

    def __init__(self, kafka: MemoryKafka) -> None:
        super().__init__(kafka.settings, lambda: None)
        self.kafka = kafka
        self.gate = asyncio.Event()

    async def publish(
        self, batch: Sequence[Outgoing], permitted: Callable[[], Awaitable[bool]] = always
    ) -> bool:
        await self.gate.wait()
        if await permitted():
            self.kafka.take(batch)
            return True
        return False


class MemoryStates(States):
    """Reads the checkpoints that are in `kafka`; `ends` are those of the samples topic."""

    def __init__(
        self,
        kafka: MemoryKafka,
        scorer: Scorer,
        observer: Observer,
        ends: dict[int, int],
        names: ModelNames = ONLY_MODEL,
    ) -> None:
        super().__init__(kafka.settings, scorer, observer, names)
        self.kafka, self.ends, self.assigned = kafka, ends, frozenset(ends)

    async def _read(self, partitions: list[int]) -> dict[str, StationCheckpoint]:
        by_key: dict[str, StationCheckpoint] = {}
        for item in self.kafka.topics["state"]:
            if item.partition in partitions:
                key, state = self._decoded(
                    SimpleNamespace(key=item.key, value=item.value, partition=item.partition)  # type: ignore[arg-type]
                )
                consider(key, state, self.ends, by_key)
        return by_station(by_key)


def memory_worker(
    kafka: MemoryKafka,
    rules: Rules,
    accepts: Accepts,
    reconstruct: Reconstruct,
    executor: ThreadPoolExecutor,
    ends: dict[int, int],
) -> tuple[Worker, MemoryPublisher]:
    """A pipeline on `kafka`, and its publisher with the gate shut."""
    publisher = MemoryPublisher(kafka)
    scorer = Scorer(rules, accepts, reconstruct)
    metrics = Metrics.create(CollectorRegistry(), 10)
    return _worker(kafka, scorer, metrics, publisher, executor, ends), publisher


def memory_pipelines(
    kafka: MemoryKafka,
    models: Sequence[tuple[Rules, Accepts]],
    reconstruct: Reconstruct,
    executor: ThreadPoolExecutor,
    ends: dict[int, int],
) -> tuple[Pipelines, MemoryPublisher]:
    """The pipelines of some models on `kafka`, and their publisher with the gate shut."""
    publisher, refs = MemoryPublisher(kafka), [rules.model for rules, _ in models]
    of_models = Metrics.of_models(CollectorRegistry(), 10, [ref.name for ref in refs])
    sha256s = frozenset(ref.sha256 for ref in refs)
    workers = [
        _worker(
            kafka,
            Scorer(rules, accepts, reconstruct),
            metrics,
            publisher,
            executor,
            ends,
            ModelNames(rules.model.name, sha256s - {rules.model.sha256}),
        )
        for (rules, accepts), metrics in zip(models, of_models, strict=True)
    ]
    return Pipelines(workers), publisher


def _worker(
    kafka: MemoryKafka,
    scorer: Scorer,
    metrics: Metrics,
    publisher: MemoryPublisher,
    executor: ThreadPoolExecutor,
    ends: dict[int, int],
    names: ModelNames = ONLY_MODEL,
) -> Worker:
    rules = scorer.rules
    observer = Observer(metrics, rules)
    leadership, saver = Leadership(), MemoryPublisher(kafka)
    saver.gate.set()
    worker = Worker(
        settings=kafka.settings,
        scorer=scorer,
        states=MemoryStates(kafka, scorer, observer, ends, names),
        indices=IndexReader(kafka.settings, lambda: None),
        reviews=ReviewReader(kafka.settings, lambda: None),
        remote=ScoreReader(kafka.settings, StationNetwork(rules.window.hop_ms), rules.model.sha256),
        leadership=leadership,
        control=Follower(kafka.settings, ["control"], leadership.take),
        publisher=publisher,
        saver=saver,
        observer=observer,
        fence=Fence(kafka.settings, lambda: True),
        executor=executor,
        names=names,
    )
    worker.indices.caught_up.set()
    worker.reviews.caught_up.set()
    return worker
