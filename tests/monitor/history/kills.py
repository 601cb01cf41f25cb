"""Days of three stations, corrected and repeated, kept while `magwatch history` is killed.

``python -m tests.monitor.history`` (`make history-kills`) is the long run: three days, thirty kills
of the history and some of Kafka. `test_kills.py` is the short one.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread

import numpy as np
from kafka import KafkaProducer

from archive.history import with_day_files
from archive.observatory import read_archive
from archive.recording import Recording
from geofield.utc import HOUR_MS
from monitor.demo.scenario import storm
from monitor.records.sample_encoder import encode_samples
from tests.monitor.history.running import catch_up, files_in, files_of, history
from tests.monitor.history.test_unwritten import score
from tests.monitor.webhook.feeds import lives
from tests.monitor.workers import Site

STATIONS = ("WIC", "HON", "BOU")
CORRECTED_NT = 0.25
Sendable = tuple[str, bytes, bytes]  # topic, key, value


@dataclass(frozen=True)
class KillPlan:
    """How much is sent, and what is killed meanwhile."""

    hours: int
    record_s: int
    kills: int
    losses: int  # of the broker
    seed: int = 1
    longest_life_s: float = 1.0


@dataclass(frozen=True)
class KillOutcome:
    """The files in the end, beside what they must be."""

    files: int
    other_bytes: int  # files that differ from those written of all records at once
    other_samples: int  # stations whose samples are not those that were sent last
    unfinished: int
    kills: int
    seconds: float

    @property
    def good(self) -> bool:
        """Whether all is as it should be."""
        return self.files > 0 and not self.other_bytes + self.other_samples + self.unfinished


def run_kills(site: Site, plan: KillPlan, lose_broker: Callable[[], None]) -> KillOutcome:
    """Send the storm while the history is killed, and judge its files."""
    draw, folder, began_s = random.Random(plan.seed), site.folder / "history", time.monotonic()  # noqa: S311 - the same moments with the same seed
    part = storm().between(storm().start_ms, storm().start_ms + plan.hours * HOUR_MS)
    truth = [_corrected(part.renamed(code), draw) for code in STATIONS]
    sender = Sender(site, _records([part.renamed(code) for code in STATIONS], truth, plan, draw))
    sender.start()
    turns, kills = draw.sample(range(plan.kills), plan.losses), 0
    for turn in range(plan.kills):
        with history(site, folder, write_s=0.05) as running:
            if turn % 3:  # at work; else also while it starts
                running.wait_for("/readyz", 200)
            time.sleep(draw.uniform(0.0, plan.longest_life_s))
            running.process.kill()
            kills += 1
        if turn in turns:
            lose_broker()
    sender.hurry()
    catch_up(site, folder)
    return _judged(site, folder, truth, kills, time.monotonic() - began_s)


class Sender(Thread):
    """Sends records in order; a broker that is away is waited for."""

    def __init__(self, site: Site, records: Sequence[Sendable]) -> None:
        super().__init__(daemon=True)
        self._site, self._records, self._hurried = site, records, Event()

    def run(self) -> None:
        """Until all is sent."""
        producer = KafkaProducer(
            bootstrap_servers=self._site.settings.broker,
            retries=1000,
            acks="all",
            max_in_flight_requests_per_connection=1,  # a record sent again keeps its place
        )
        with closing(producer) as client:
            for begin in range(0, len(self._records), 20):
                waiting = [
                    client.send(self._site.settings.topic(topic), value, key)
                    for topic, key, value in self._records[begin : begin + 20]
                ]
                for future in waiting:
                    future.get(120)
                self._hurried.wait(0.02)

    def hurry(self) -> None:
        """Send the rest at once, and return when it is sent."""
        self._hurried.set()
        self.join(600)


def _corrected(recording: Recording, draw: random.Random) -> Recording:
    """The recording with an hour's values corrected."""
    begin = draw.randrange(max(len(recording) - 3600, 1))
    elements = {name: values.copy() for name, values in recording.elements.items()}
    elements["H"][begin : begin + 3600] += CORRECTED_NT
    return replace(recording, elements=elements)


def _records(
    first: Sequence[Recording], last: Sequence[Recording], plan: KillPlan, draw: random.Random
) -> list[Sendable]:
    """Records as first reported, then as they are in the end, and others in between."""
    sent: list[Sendable] = []
    for parts in zip(*(one.records(plan.record_s) for one in first), strict=True):
        sent += [_sample_record(part) for part in parts]
        if draw.random() < 0.05:  # repeated from before
            sent += draw.sample(sent, min(20, len(sent)))
    corrections = [_sample_record(part) for one in last for part in one.records(plan.record_s)]
    others = [("scores", b"WIC", score(number)) for number in range(500)]
    others += [("alerts", key, value) for key, value in lives(*STATIONS)]
    everything = sent + corrections
    for other in others:
        everything.insert(draw.randrange(len(everything)), other)
    return everything


def _sample_record(part: Recording) -> Sendable:
    return "samples", part.station.encode(), encode_samples(part)


def _judged(
    site: Site, folder: Path, truth: Sequence[Recording], kills: int, seconds: float
) -> KillOutcome:
    found, wanted = files_in(folder), files_of(site)
    differing = {name for name in found | wanted if found.get(name) != wanted.get(name)}
    wrong = 0
    for recording in truth:
        read = read_archive(with_day_files([folder], recording.station))
        wrong += not all(
            np.array_equal(read.elements[name], recording.elements[name], equal_nan=True)
            for name in recording.elements
        )
    unfinished = len(list(folder.rglob("*.part")))
    return KillOutcome(len(found), len(differing), wrong, unfinished, kills, seconds)
