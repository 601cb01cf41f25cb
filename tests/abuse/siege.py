"""The course of a round: stream, strike, and wait until the workers have read everything."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from kafka import KafkaConsumer, TopicPartition

from tests.abuse.batches import CONTROL
from tests.abuse.bystanders import Bystanders
from tests.abuse.memory import Memory
from tests.abuse.plan import Plan, Round
from tests.abuse.producers import Producers
from tests.abuse.wire import LATEST, Wire
from tests.chaos.feeding import feeding
from tests.chaos.fleet import Fleet
from tests.monitor.workers import Site

HOSTILE_SHARE = 0.9  # of the time: an honest record comes last to each partition
PATIENCE_S = 60.0  # without any progress
LOOK_S = 0.5
SAY_S = 10.0
MOST_FAILURES = 10  # a worker that cannot start would be started for ever
STALL_S = (3.5, 6.0)  # the session timeout is 3 s
STALL_SHARE = 0.15
TAIL = 2000  # the last honest record of a partition is among so many


@dataclass
class Siege:
    """Who takes part; `say` shows progress."""

    site: Site
    plan: Plan
    fleet: Fleet
    others: Bystanders
    producers: Producers
    memory: Memory
    round: Round
    say: Callable[[str], None]

    def stream(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        """Feed the honest records; meanwhile be hostile, kill workers or stop them for a while."""
        began_s = said_s = time.monotonic()
        due_s = began_s + self._gap_s()
        self._tend()
        with self.producers.running(), feeding(self.site, records, self.plan.seconds) as fed:
            while not fed.wait(LOOK_S) and not self._hopeless():
                now_s = time.monotonic()
                self._tend()
                if now_s - began_s > HOSTILE_SHARE * self.plan.seconds:
                    self.producers.stop()
                elif now_s > due_s:
                    self._strike()
                    due_s = now_s + self._gap_s()
                if now_s - said_s > SAY_S:
                    self.say(self._state(now_s - began_s))
                    said_s = now_s

    def settle(self) -> None:
        """Let the workers read all there is; a worker that ends is replaced."""
        wanted, left, moved_s = self._ends(), -1, 0.0
        with closing(self._group()) as group:
            while behind := _behind(group, wanted):
                if behind != left:
                    left, moved_s = behind, time.monotonic()
                    self.say(f"reading what is left: {behind:,} records to commit")
                if self._hopeless() or time.monotonic() > moved_s + PATIENCE_S:
                    self.round.faults.append(f"{behind:,} records were never read")
                    return
                self._tend()
                time.sleep(2.0)

    def _tend(self) -> None:
        self.others.check()
        self.fleet.tend(self.plan.workers, 0.0)

    def _hopeless(self) -> bool:
        return bool(self.producers.failures) or len(self.fleet.failures) > MOST_FAILURES

    def _gap_s(self) -> float:
        return self.fleet.random.uniform(*self.plan.gap_s)

    def _strike(self) -> None:
        if self.fleet.random.random() < STALL_SHARE:
            self.fleet.stall(self.fleet.random.uniform(*STALL_S))
            self.round.stalls += 1
        else:
            self.fleet.kill()

    def _state(self, passed_s: float) -> str:
        ledger, peaks_mb = self.producers.ledger, self.memory.peak_mb.values()
        failures = len(self.fleet.failures) + len(self.others.failures)
        return (
            f"{passed_s:4.0f} of {self.plan.seconds:.0f} s, {ledger.sent.total():,} hostile "
            f"batches of {ledger.records.total():,} records, {self.fleet.kills.total()} kills, at "
            f"most {max(peaks_mb, default=0):.0f} MB, {failures} ended by themselves"
        )

    def _ends(self) -> dict[TopicPartition, int]:
        """Of each partition the offset after its last honest record.

        What comes after may be the end of a transaction, which nobody commits.
        """
        topic, ends = self.site.settings.topic("samples"), {}
        with closing(Wire(self.site.settings.broker)) as wire:
            for number in range(self.site.settings.partitions):
                start = max(wire.offset(topic, number, LATEST) - TAIL, 0)
                for batch in wire.batches(topic, number, start):
                    hostile = self.producers.ledger.hostile(("samples", number), batch.base_offset)
                    if not hostile and not batch.attributes & CONTROL:
                        ends[TopicPartition(topic, number)] = batch.next_offset
        return ends

    def _group(self) -> KafkaConsumer:
        settings = self.site.settings
        return KafkaConsumer(bootstrap_servers=settings.broker, group_id=settings.group)


def _behind(group: KafkaConsumer, wanted: dict[TopicPartition, int]) -> int:
    return sum(max(end - (group.committed(where) or 0), 0) for where, end in wanted.items())


def processes(fleet: Fleet, others: Bystanders) -> Iterator[tuple[str, int]]:
    """Names and process ids of all that belong to magwatch."""
    for worker in list(fleet.members):
        yield worker.log.stem, worker.process.pid
    for other in list(others.members):
        yield other.name, other.process.pid
