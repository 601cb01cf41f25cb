"""Real days through mosquitto and `ingest`, which are killed on the way.

``python -m tests.monitor.ingest`` (`make ingest-kills`) is the long run: three days and thirty
kills, of one station or of 120. `test_kills.py` is the short one.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from threading import Event, Thread

import numpy as np

from archive.recording import Recording
from geofield.series.orientation import orientation_of
from monitor.demo.scenario import storm
from monitor.offline.pacing import interleaved
from tests.abuse.mute import Proxy
from tests.chaos.workload import EXPORTS, Expected, Workload, calibrate, network_day
from tests.monitor.ingest.mosquitto import Mosquitto, impf, publish, publisher
from tests.monitor.ingest.running import Row, expected, ingest, rows_of
from tests.monitor.workers import Site, received, values_by_key, worker

SAMPLES = "samples"
HOUR_MS = 3_600_000
BATCH = 20  # messages that are published together
READY_S = 180.0
STILL_S = 30.0  # without a sample, after which no more are to come
AWAY_S = 0.4  # that Kafka is away before a kill: messages come, and go nowhere


@dataclass(frozen=True)
class KillPlan:
    """What is killed while a workload is sent."""

    kills: int
    restarts: int  # of mosquitto
    seed: int = 1
    longest_life_s: float = 0.5


@dataclass(frozen=True)
class KillOutcome:
    """What the topics hold in the end, beside what they should."""

    lost: int
    doubled: int
    foreign: int
    in_order: bool
    scores: int
    other_scores: int
    alerts: int
    other_alerts: int
    samples: int
    seconds: float

    @property
    def good(self) -> bool:
        """Whether all is as it should be."""
        wrong = self.lost + self.doubled + self.foreign + self.other_scores + self.other_alerts
        return wrong == 0 and self.in_order and self.scores > 0 and self.alerts > 0


def storm_as_xyz(hours: int, message_s: int) -> Workload:
    """The hours of the storm's main phase; IMPF has no E, so H and E are called X and Y."""
    whole = storm()
    begin_ms = whole.start_ms + 40 * HOUR_MS if hours <= 24 else whole.start_ms
    part = whole.between(begin_ms, begin_ms + hours * HOUR_MS)
    names = {"H": "X", "E": "Y", "Z": "Z"}
    as_xyz = replace(part, elements={new: part.elements[old] for old, new in names.items()})
    return Workload("storm", [as_xyz], EXPORTS / "ulf-1hz.onnx", message_s)


def repeated_network_day(days: int) -> Workload:
    """The day of 120 observatories, several times, with the elements of the vector alone."""
    day = network_day()
    recordings = [
        replace(
            one,
            elements={
                name: np.tile(one.elements[name], days)
                for name in orientation_of(frozenset(one.elements))
            },
        )
        for one in day.recordings
    ]
    return replace(day, recordings=recordings)


def run_kills(site: Site, workload: Workload, plan: KillPlan, kafka: Proxy | None) -> KillOutcome:
    """Publish a workload while `ingest` and mosquitto are killed, and judge the topics.

    Before every second kill Kafka goes away, if it is behind a proxy: what ingest has by then is in
    no topic, so mosquitto has to keep it.
    """
    wanted, began_s = calibrate(workload, site.settings), time.monotonic()
    draw = random.Random(plan.seed)  # noqa: S311 - the same moments with the same seed
    samples = sum(map(len, workload.recordings))
    with Mosquitto(site.folder / "mosquitto") as mosquitto:
        toml = "\n".join(_table(recording, mosquitto.port) for recording in workload.recordings)
        with ingest(site, toml) as running:
            running.wait_for("/readyz", 200, READY_S)  # the session is there from now on
        sending = Sender(mosquitto.port, workload)
        sending.start()
        turns = draw.sample(range(plan.kills), plan.restarts)
        for turn in range(plan.kills):
            with ingest(site, toml) as running:
                if turn % 3:  # at work, with messages on their way; else also while it starts
                    running.wait_for("/readyz", 200, READY_S)
                time.sleep(draw.uniform(0.0, plan.longest_life_s))
                _kill(running.process.kill, kafka if turn % 2 else None)
            if turn in turns:
                mosquitto.stop()
                mosquitto.start()
        sending.pace_s = 0.0
        with ingest(site, toml):
            sending.join(1800)
            _wait_for(site, samples)
            time.sleep(1.0)  # whatever comes twice
    return judged(site, workload, wanted, time.monotonic() - began_s)


def _table(recording: Recording, port: int) -> str:
    code = recording.station
    cadence, level = {1000: ("PT1S", "pt1s"), 60_000: ("PT1M", "pt1m")}[recording.cadence_ms]
    return (
        f'[{code}]\nfrom = "mqtt://127.0.0.1:{port}/impf/{code.lower()}/{level}/1/+"\n'
        f'cadence = "{cadence}"\nangles = "degrees"'
    )


def _wait_for(site: Site, samples: int) -> None:
    """Wait until the topic has so many samples, or no more come."""
    count, grew_s = 0, time.monotonic()
    while count < samples and time.monotonic() - grew_s < STILL_S:
        time.sleep(0.5)
        if (now := len(rows_of(site))) > count:
            count, grew_s = now, time.monotonic()


def _kill(kill: Callable[[], None], kafka: Proxy | None) -> None:
    if kafka is not None:
        kafka.go()
        time.sleep(AWAY_S)
    kill()
    if kafka is not None:
        kafka.come_back()


class Sender(Thread):
    """Publishes a workload as IMPF, a few messages at a time."""

    def __init__(self, port: int, workload: Workload) -> None:
        super().__init__(daemon=True)
        self.pace_s = 0.01
        self._port = port
        self._messages = [*map(impf, interleaved(workload.recordings, workload.record_s))]
        self._waiting = Event()

    def run(self) -> None:
        """Until all is published; a broker that is away is waited for."""
        with publisher(self._port, "storm") as client:
            for begin in range(0, len(self._messages), BATCH):
                publish(client, self._messages[begin : begin + BATCH])
                self._waiting.wait(self.pace_s)


def judged(site: Site, workload: Workload, wanted: Expected, seconds: float) -> KillOutcome:
    """Compare the samples with the source's, and the worker's scores with those of the file."""
    rows = rows_of(site)
    lost, doubled, foreign = differences(
        rows, [row for recording in workload.recordings for row in expected(recording)]
    )
    with worker(site) as running:
        running.wait_for_records(len(received(site, SAMPLES)), 600)
    scores, alerts = set(wanted.scores), set(wanted.alerts)
    return KillOutcome(
        lost, doubled, foreign, in_order(rows),
        len(scores), len(online(site, "scores") ^ scores),
        len(alerts), len(online(site, "alerts") ^ alerts),
        len(rows), seconds,
    )  # fmt: skip


def differences(rows: list[Row], wanted: list[Row]) -> tuple[int, int, int]:
    """How many samples are lost, doubled, and not the source's."""
    return len(set(wanted) - set(rows)), len(rows) - len(set(rows)), len(set(rows) - set(wanted))


def in_order(rows: Sequence[Row]) -> bool:
    """Whether the samples of each station are in the order of time."""
    newest: dict[str, int] = {}
    for station, at_ms, _ in rows:
        if at_ms < newest.get(station, at_ms):
            return False
        newest[station] = at_ms
    return True


def online(site: Site, topic: str) -> set[bytes]:
    return values_of(values_by_key(received(site, topic)).values())


def values_of(lists: Iterable[list[bytes]]) -> set[bytes]:
    return {value for values in lists for value in values}
