"""What `bench.live` sends and when, and what follows from it: how many windows, how soon."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from kafka import KafkaProducer

from bench.contest import Published
from bench.feed import CADENCE_MS, Feed
from geofield.series.windows import WindowSpec
from geofield.types import Float64, Int64
from geofield.utc import time_ms
from monitor.settings import Settings
from support.progress import progress_bar

HISTORY_RECORD = 600


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What is sent: the first sample of station n is `n % delays` before that of station 0."""

    feed: Feed
    delays: int
    history: int
    seconds: int

    def firsts(self, sample: int) -> Int64:
        """Number of each station's sample at the moment when station 0 sends this one."""
        return sample - np.arange(len(self.feed.codes)) % self.delays


def plan(stations: int, delays: int, seconds: int, spec: WindowSpec, now_s: float) -> Plan:
    """History that ends now and gives every station a score, then `seconds` of life."""
    history = spec.span + spec.hop + spec.lateness + 1
    start_ms = (math.floor(now_s) - history) * CADENCE_MS
    return Plan(Feed.of(stations, start_ms), delays, history, seconds)


def send_history(settings: Settings, own: Plan) -> int:
    """Send the history in long records; returns how many."""
    topic, count, stations = settings.topic("samples"), 0, len(own.feed.codes)
    firsts = own.firsts(0)
    producer = KafkaProducer(bootstrap_servers=settings.broker, linger_ms=20)
    with closing(producer), progress_bar("records") as bar:
        task = bar.add_task("history", total=-(-own.history // HISTORY_RECORD) * stations)
        for begin in range(0, own.history, HISTORY_RECORD):
            length = min(HISTORY_RECORD, own.history - begin)
            for number in range(stations):
                key, value = own.feed.record(number, int(firsts[number]) + begin, length)
                producer.send(topic, value, key)
                bar.advance(task)
                count += 1
        producer.flush()
    return count


def delays_s(scores: list[Published], own: Plan, sent_ms: Int64, spec: WindowSpec) -> Float64:
    """From sample to score, of each window that came due in the live part."""
    numbers = {code: number for number, code in enumerate(own.feed.codes)}
    live_first = own.firsts(own.history)
    found = []
    for one in scores:
        number = numbers[one.station]
        due_ms = time_ms(one.end) + spec.decision_delay_ms
        second = (due_ms - own.feed.start_ms) // CADENCE_MS - int(live_first[number])
        if second >= 0:
            found.append(one.at_s - sent_ms[second, number] / 1000)
    return np.array(found)


def expected_windows(own: Plan, spec: WindowSpec) -> int:
    """How many windows come due in the live part."""
    first = own.feed.start_ms // CADENCE_MS
    count = 0
    for begin, live in zip(own.firsts(0), own.firsts(own.history), strict=True):
        begin_end = spec.first_end(first + int(begin))
        after = first + int(live)
        count += len(spec.due_ends(begin_end, after + own.seconds))
        count -= len(spec.due_ends(begin_end, after))
    return count


def late_s(sent_ms: Int64, begin_s: float) -> float:
    """How much later than planned a sample was sent at most."""
    seconds, stations = sent_ms.shape
    planned_s = begin_s + np.arange(seconds)[:, None] + np.arange(stations) / stations
    return float((sent_ms / 1000 - planned_s).max())
