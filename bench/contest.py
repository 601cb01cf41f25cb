"""One system at work on a topic that is full: how many windows it scores in a second, at what cost.

Start-up, joining the group and filling the windows do not count: a run is measured from the moment
when the last station has its first score until 98 of 100 scores are there, by the times at which
the broker took them: at the very end a system waits for records that do not come. In between each
window stands for a hop of samples.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

import msgspec
import numpy as np
from kafka import KafkaConsumer, TopicPartition

from bench.feed import Feed
from bench.running import topic_size
from bench.usage import Usage, usage
from geofield.series.windows import WindowSpec
from monitor.errors import Refused
from monitor.settings import Settings

LOOK_EVERY_S = 0.5  # a look takes milliseconds of the processor
LONGEST_S = 300.0
COUNTED = 0.98  # of all scores


@dataclass(frozen=True, slots=True)
class Published:
    """A score as found in the topic."""

    at_s: float
    station: str
    end: str
    rmse: float | None


@dataclass(frozen=True, slots=True)
class Run:
    """The steady part of a run: windows scored in so many seconds."""

    windows: int
    seconds: float
    cpu_s: float
    peak_mb: float


class _ScoreFields(msgspec.Struct):
    station: str
    window_end: str
    rmse: float | None


def expected_scores(feed: Feed, samples: int, spec: WindowSpec) -> int:
    """How many windows come due in so many samples of every station of a feed."""
    first = feed.start_ms // spec.cadence_ms
    return len(feed.codes) * len(spec.due_ends(spec.first_end(first), first + samples))


def watch(
    process: subprocess.Popen[bytes],
    settings: Settings,
    expected: int,
    check_alive: Callable[[], None],
) -> tuple[Run, list[Published]]:
    """Look at a process until the topic of scores has as many as expected.

    Raises
    ------
    Refused
        If they do not come.
    """
    topic, looks = settings.topic("scores"), list[tuple[float, Usage]]()
    deadline_s = time.monotonic() + LONGEST_S
    with closing(KafkaConsumer(bootstrap_servers=settings.broker)) as consumer:
        while True:
            check_alive()
            count = topic_size(consumer, topic)
            looks.append((time.time(), usage(process.pid)))
            if count >= expected:
                break
            if time.monotonic() > deadline_s:
                raise Refused(f"{count:,} of {expected:,} scores after {LONGEST_S:.0f} s")
            time.sleep(LOOK_EVERY_S)
        scores = published(consumer, topic)
    return steady(scores, looks), scores


def published(consumer: KafkaConsumer, topic: str) -> list[Published]:
    """All that the topic of scores holds now, in the order in which the broker took it."""
    decode = msgspec.json.Decoder(_ScoreFields).decode
    partitions = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic) or ()]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    ends = consumer.end_offsets(partitions)
    found = []
    while any(consumer.position(where) < end for where, end in ends.items()):
        for batch in consumer.poll(timeout_ms=500).values():
            for record in batch:
                fields = decode(record.value)
                at_s = record.timestamp / 1000
                found.append(Published(at_s, fields.station, fields.window_end, fields.rmse))
    return sorted(found, key=lambda one: one.at_s)


def steady(scores: Sequence[Published], looks: Sequence[tuple[float, Usage]]) -> Run:
    """The part of a run in which every station's windows are full and records follow."""
    firsts: dict[str, float] = {}
    for one in scores:
        firsts.setdefault(one.station, one.at_s)
    begin_s, end_s = max(firsts.values()), scores[int(COUNTED * len(scores))].at_s
    windows = sum(begin_s < one.at_s <= end_s for one in scores)
    if not windows:
        raise Refused("too few samples: hardly a score comes after every station's first")
    times_s = [at_s for at_s, _ in looks]
    cpu_s = [seen.cpu_s for _, seen in looks]
    used_s = float(np.diff(np.interp([begin_s, end_s], times_s, cpu_s))[0])
    return Run(windows, end_s - begin_s, used_s, looks[-1][1].peak_mb)


def check_same(ours: Sequence[Published], theirs: Sequence[Published]) -> float:
    """The largest difference between two systems' scores of the same windows.

    Raises
    ------
    Refused
        If they have not scored the same windows.
    """
    mine, other = ({(one.station, one.end): one.rmse for one in all_} for all_ in (ours, theirs))
    if mine.keys() != other.keys() or len(ours) != len(theirs):
        raise Refused(
            f"not the same windows: {len(ours):,} and {len(theirs):,} scores, "
            f"{len(mine.keys() ^ other.keys()):,} of them only on one side"
        )
    pairs = [(rmse, other[window]) for window, rmse in mine.items()]
    if any((one is None) != (two is None) for one, two in pairs):
        raise Refused("windows that only one of the two could score")
    return max(abs((one or 0.0) - (two or 0.0)) for one, two in pairs)
