"""Threads that write hostile batches to every topic until they are told to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from random import Random
from threading import Event, Thread

from tests.abuse.batches import Record, batch_of
from tests.abuse.kinds import KINDS, Hostile
from tests.abuse.ledger import Debt, Ledger, digest_of
from tests.abuse.scene import Scene, raw
from tests.abuse.transactions import TRANSACTIONS, transact
from tests.abuse.wire import LATEST, BrokerRefused, Stored, Wire

WEIGHTS = {
    "samples": 40, "scores": 10, "scores-shadow": 5, "alerts": 8, "deadletter": 5, "indices": 8,
    "control": 8, "state": 12, "profiles": 6, "reviews": 6, "sources": 3,
}  # fmt: skip
WRITTEN_BY_WORKERS = ("state", "deadletter")
LOOK_S = 3.0  # between looks at what workers have written
KEPT = 200


@dataclass
class Producers:
    """What is to be sent, how fast, and what went wrong with the sending itself."""

    scene: Scene
    kinds: Collection[str]
    rate_hz: float
    seed: int
    ledger: Ledger = field(default_factory=Ledger)
    failures: list[BaseException] = field(default_factory=list)
    _stop: Event = field(default_factory=Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send from threads of their own during the block, or until `stop`."""
        threads = [Thread(target=self._guarded, args=(work,), daemon=True) for work in self._work()]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stop()
            for thread in threads:
                thread.join()
        if self.failures:
            raise self.failures[0]

    def stop(self) -> None:
        """No more."""
        self._stop.set()

    def _work(self) -> list[Callable[[], None]]:
        work: list[Callable[[], None]] = []
        if any(kind in KINDS for kind in self.kinds):
            work.append(self._send)
        if chosen := [kind for kind in TRANSACTIONS if kind in self.kinds]:
            random = Random(self.seed + 1)  # noqa: S311 - repeatable, not secret
            work.append(lambda: transact(self.scene, chosen, self.ledger, random, self._stop))
        return work

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self.failures.append(error)

    def _send(self) -> None:
        random = Random(self.seed)  # noqa: S311 - repeatable, not secret
        kinds = [kind for kind in KINDS if kind in self.kinds]
        weights = [KINDS[kind].weight for kind in kinds]
        began_s, looked_s, count = time.monotonic(), 0.0, 0
        with closing(Wire(self.scene.site.settings.broker)) as wire:
            while not self._stop.wait(max(began_s + count / self.rate_hz - time.monotonic(), 0)):
                if time.monotonic() - looked_s > LOOK_S:
                    self._look(wire, random)
                    looked_s = time.monotonic()
                # each once, so that a short run has all of them
                kind = kinds[count] if count < len(kinds) else random.choices(kinds, weights)[0]
                topics = KINDS[kind].topics or tuple(WEIGHTS)
                (topic,) = random.choices(topics, [WEIGHTS[name] for name in topics])
                self._send_one(wire, kind, KINDS[kind].make(self.scene, topic, random))
                count += 1

    def _send_one(self, wire: Wire, kind: str, batch: Hostile) -> None:
        data = batch_of(batch.records, batch.codec, batch.attributes)
        topic = self.scene.site.settings.topic(batch.topic)
        try:
            stored = wire.produce(topic, batch.partition, data)
        except BrokerRefused:
            self.ledger.refuse(kind)
            return
        place = batch.topic, batch.partition
        self.ledger.enter(kind, place, stored.offset, len(batch.records))
        if batch.topic == "samples":
            for number, record in enumerate(batch.records):
                reason = self._reason(record, stored)
                if number in batch.unreadable or reason is not None:
                    told = None if number in batch.unreadable else reason
                    debt = Debt(kind, told, digest_of(record))
                    self.ledger.owe(batch.partition, stored.offset + number, debt)

    def _reason(self, record: Record, stored: Stored) -> str | None:
        """For which a record must become a dead letter, if it must."""
        stamp_ms = stored.timestamp_ms  # -1 where the sender's counts
        if stamp_ms < 0 and record.timestamp_ms is not None:
            stamp_ms = record.timestamp_ms
        found = self.scene.judged(raw(record, stamp_ms))
        return None if found is None or found.ignored else found.reason.value

    def _look(self, wire: Wire, random: Random) -> None:
        """Take some of the newest checkpoints and dead letters as what is to be copied."""
        for name in WRITTEN_BY_WORKERS:
            topic = self.scene.site.settings.topic(name)
            partition = random.randrange(self.scene.partitions[name])
            start = max(wire.offset(topic, partition, LATEST) - KEPT, 0)
            found = [
                record
                for batch in wire.batches(topic, partition, start)
                if not self.ledger.hostile((name, partition), batch.base_offset)
                for _, record in batch.records()
                if record.value
            ]
            self.scene.originals[name] = (self.scene.originals[name] + found)[-KEPT:]
