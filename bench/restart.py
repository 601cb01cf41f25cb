"""How soon a worker scores: started afresh, and again after it was killed with its states.

Times are those at which the broker took the scores, less the moment at which the process was
started; after a kill that is the same moment.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from kafka import KafkaConsumer, TopicPartition

from bench.feed import Feed, send
from bench.report import Row, publish, spread
from bench.running import afresh, kafka, prepared, topic_size, worker
from monitor.demo.system import System
from monitor.errors import Refused
from monitor.settings import Settings
from support.progress import progress_bar

HISTORY = 1200  # samples of each station: windows come due from 768 on
AFTERWARDS = 120  # then sent: at least one more window of each station comes due
CHECKPOINT_S = 5.0
LONGEST_S = 120.0
NOTE = (
    "from the start of the process to its first score, and to a score of every station, by the "
    "broker's clock; after kill -9: started at once, while two more minutes of samples are sent"
)


@dataclass(frozen=True, slots=True)
class Case:
    """Stations, samples of a record, and which starts are measured."""

    stations: int
    length: int
    fresh: bool = True
    restarted: bool = True


CASES = (Case(1, 1), Case(1, 10, restarted=False), Case(300, 10), Case(1000, 10, fresh=False))
QUICK = (Case(1, 1, restarted=False), Case(40, 10))


@dataclass(frozen=True, slots=True)
class Waited:
    """Seconds from the start of a worker to its first score, and to the last station's first."""

    first_s: float
    all_s: float


@dataclass(frozen=True, slots=True)
class State:
    """Checkpoints of a group: one of each station."""

    stations: int
    total_bytes: int


def part(feed: Feed, begin: int, samples: int, length: int) -> list[tuple[bytes, bytes]]:
    """Samples `begin` to `begin + samples` of every station, in the order of time, as records."""
    return [
        feed.record(number, first, length)
        for first in range(begin, begin + samples, length)
        for number in range(len(feed.codes))
    ]


def fresh(settings: Settings, folder: Path, stations: int) -> Waited:
    """Start a worker of a group that has never been, on a topic with history."""
    own = afresh(settings)
    with scores_from_now(own) as scores:
        began_s = time.time()
        with worker(own, folder) as system:
            return waited(scores, began_s, stations, system)


def restarted(
    settings: Settings, folder: Path, feed: Feed, length: int, repeats: int
) -> tuple[list[Waited], State]:
    """Kill a worker that has checkpointed and start another at once, so many times."""
    own = afresh(settings).model_copy(update={"checkpoint_s": CHECKPOINT_S})
    found: list[Waited] = []
    stations = len(feed.codes)
    with ExitStack() as stack, ThreadPoolExecutor(1) as sender:
        with scores_from_now(own) as scores:
            system = stack.enter_context(worker(own, folder))
            waited(scores, time.time(), stations, system)
        for number in range(repeats):
            news = part(feed, HISTORY + number * AFTERWARDS, AFTERWARDS, length)
            await_checkpoints(own, system)
            with scores_from_now(own) as scores:
                kill(system)
                began_s = time.time()
                sending = sender.submit(send, own, news)
                system = stack.enter_context(worker(own, folder))
                found.append(waited(scores, began_s, stations, system))
                sending.result()
        return found, checkpoints(own)


def kill(system: System) -> None:
    """As the kernel does when memory is short."""
    system.process.kill()
    system.process.wait()


@contextmanager
def scores_from_now(settings: Settings) -> Iterator[KafkaConsumer]:
    """A reader of the scores that are yet to come."""
    topic = settings.topic("scores")
    with closing(KafkaConsumer(bootstrap_servers=settings.broker)) as consumer:
        partitions = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(partitions)
        consumer.seek_to_end(*partitions)
        for partition in partitions:
            consumer.position(partition)
        yield consumer


def waited(scores: KafkaConsumer, began_s: float, stations: int, system: System) -> Waited:
    """Wait until every station has a score.

    Raises
    ------
    Refused
        If they do not come.
    """
    firsts: dict[bytes, float] = {}
    while len(firsts) < stations:
        system.check_alive()
        if time.time() - began_s > LONGEST_S:
            raise Refused(f"{len(firsts)} of {stations} stations scored after {LONGEST_S:.0f} s")
        for batch in scores.poll(timeout_ms=200).values():
            for record in batch:
                firsts.setdefault(record.key, record.timestamp / 1000 - began_s)
    return Waited(min(firsts.values()), max(firsts.values()))


def await_checkpoints(settings: Settings, system: System) -> None:
    """Wait until all records are behind a checkpoint, and that is committed."""
    deadline_s = time.monotonic() + LONGEST_S
    with closing(KafkaConsumer(bootstrap_servers=settings.broker)) as consumer:
        topic, before, since_s = settings.topic("state"), -1, time.monotonic()
        while time.monotonic() - since_s < 2 * CHECKPOINT_S or before <= 0:
            if time.monotonic() > deadline_s:
                raise Refused(f"no checkpoint in {LONGEST_S:.0f} s")
            system.check_alive()
            if (now := topic_size(consumer, topic)) != before:
                before, since_s = now, time.monotonic()
            time.sleep(0.5)


def checkpoints(settings: Settings) -> State:
    """The newest checkpoint of each station."""
    topic, sizes = settings.topic("state"), dict[bytes, int]()
    with closing(KafkaConsumer(bootstrap_servers=settings.broker)) as consumer:
        partitions = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        while any(consumer.position(where) < end for where, end in ends.items()):
            for batch in consumer.poll(timeout_ms=500).values():
                sizes.update({record.key: len(record.value or b"") for record in batch})
    return State(len(sizes), sum(sizes.values()))


def row(what: str, case: Case, found: Sequence[Waited], state: State | None) -> Row:
    """One line of the table."""
    return {
        "start": what,
        "stations": case.stations,
        "record, samples": case.length,
        "first score, s": spread([one.first_s for one in found]),
        "all stations, s": spread([one.all_s for one in found]),
        "checkpoint, kB": state.total_bytes / state.stations / 1000 if state else None,
        "all checkpoints, MB": state.total_bytes / 1e6 if state else None,
    }


def measure(address: str, folder: Path, case: Case, repeats: int) -> Iterator[Row]:
    """Fill a topic, start on it afresh so many times, and if asked kill and start again."""
    feed = Feed.of(case.stations)
    settings = prepared(address, folder, feed.codes)
    send(settings, part(feed, 0, HISTORY, case.length))
    starts = [fresh(settings, folder, case.stations) for _ in range(repeats if case.fresh else 0)]
    if starts:
        yield row("afresh", case, starts, None)
    if case.restarted:
        yield row("after kill -9", case, *restarted(settings, folder, feed, case.length, repeats))


@click.command()
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True)
@click.option("--quick", is_flag=True, help="1 and 40 stations, once.")
def main(repeats: int, quick: bool) -> None:
    """Measure how soon a worker scores, print a table and write JSON.

    \b
    Example:
      python -m bench.restart --repeats 5
    """
    cases, repeats = (QUICK, 1) if quick else (CASES, repeats)
    table: list[Row] = []
    try:
        with kafka() as (address, folder), progress_bar("cases") as bar:
            for case in bar.track(cases, description="starting"):
                table += measure(address, folder, case, repeats)
    except Refused as reason:
        sys.exit(str(reason))
    asked = {"history": HISTORY, "checkpoint_s": CHECKPOINT_S, "repeats": repeats}
    publish("restart", table, asked, NOTE)


if __name__ == "__main__":
    main()
