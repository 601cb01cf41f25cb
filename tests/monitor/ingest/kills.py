"""The storm of May 2024 through mosquitto and `ingest`, which are killed on the way.

``python -m tests.monitor.ingest`` (`make ingest-kills`) is the long run: three days and thirty
kills. `test_kills.py` is the short one.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from threading import Event, Thread

from archive.recording import Recording
from geofield.indices import IndexHistory
from monitor.assembly import assemble
from monitor.demo.scenario import storm
from monitor.offline.score import score_recordings
from monitor.records.scores_and_alerts import encode_alert, encode_score
from tests.monitor.feeds import calibrated
from tests.monitor.ingest.mosquitto import Mosquitto, impf, publish, publisher
from tests.monitor.ingest.running import Row, expected, ingest, rows_of, wait_for_rows
from tests.monitor.workers import Site, received, values_by_key, worker

SAMPLES = "samples"
THRESHOLD = 6.0
HOUR_MS = 3_600_000
BATCH = 20  # messages that are published together


@dataclass(frozen=True)
class KillPlan:
    """How much is sent, and what is killed meanwhile."""

    hours: int
    message_s: int
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


def storm_as_xyz(hours: int) -> Recording:
    """The hours of the storm's main phase; IMPF has no E, so H and E are called X and Y."""
    whole = storm()
    begin_ms = whole.start_ms + 40 * HOUR_MS if hours <= 24 else whole.start_ms
    part = whole.between(begin_ms, begin_ms + hours * HOUR_MS)
    names = {"H": "X", "E": "Y", "Z": "Z"}
    return replace(part, elements={new: part.elements[old] for old, new in names.items()})


def run_kills(site: Site, plan: KillPlan) -> KillOutcome:
    """Publish the storm while `ingest` and mosquitto are killed, and judge the topics."""
    recording, began_s = storm_as_xyz(plan.hours), time.monotonic()
    draw = random.Random(plan.seed)  # noqa: S311 - the same moments with the same seed
    calibrated(site.folder / "profiles", site.settings.model, "WIC", THRESHOLD, declination_deg=0)
    with Mosquitto(site.folder / "mosquitto") as mosquitto:
        toml = f'[WIC]\nfrom = "mqtt://127.0.0.1:{mosquitto.port}/impf/wic/pt1s/1/+"'
        with ingest(site, toml) as running:
            running.wait_for("/readyz", 200)  # the session is there from now on
        sending = Sender(mosquitto.port, recording, plan.message_s)
        sending.start()
        turns = draw.sample(range(plan.kills), plan.restarts)
        for turn in range(plan.kills):
            with ingest(site, toml) as running:
                if turn % 3:  # at work, with messages on their way; else also while it starts
                    running.wait_for("/readyz", 200)
                time.sleep(draw.uniform(0.0, plan.longest_life_s))
                running.process.kill()
            if turn in turns:
                mosquitto.stop()
                mosquitto.start()
        sending.pace_s = 0.0
        with ingest(site, toml):
            sending.join(600)
            wait_for_rows(site, len(recording), 600)
            time.sleep(1.0)  # whatever comes twice
    return judged(site, recording, time.monotonic() - began_s)


class Sender(Thread):
    """Publishes a recording as IMPF, a few messages at a time."""

    def __init__(self, port: int, recording: Recording, message_s: int) -> None:
        super().__init__(daemon=True)
        self.pace_s = 0.01
        self._port = port
        self._messages = [impf(part) for part in recording.records(message_s)]
        self._waiting = Event()

    def run(self) -> None:
        """Until all is published; a broker that is away is waited for."""
        with publisher(self._port, "storm") as client:
            for begin in range(0, len(self._messages), BATCH):
                publish(client, self._messages[begin : begin + BATCH])
                self._waiting.wait(self.pace_s)


def judged(site: Site, recording: Recording, seconds: float) -> KillOutcome:
    """Compare the samples with the source's, and the worker's scores with those of the file."""
    rows, wanted = rows_of(site), expected(recording)
    lost, doubled, foreign = differences(rows, wanted)
    with worker(site) as running:
        running.wait_for_records(len(received(site, SAMPLES)), 300)
    scores, alerts = offline(site, recording)
    times = [row[1] for row in rows]
    return KillOutcome(
        lost, doubled, foreign, times == sorted(times),
        len(scores), len(online(site, "scores") ^ scores),
        len(alerts), len(online(site, "alerts") ^ alerts),
        len(rows), seconds,
    )  # fmt: skip


def differences(rows: list[Row], wanted: list[Row]) -> tuple[int, int, int]:
    """How many samples are lost, doubled, and not the source's."""
    return len(set(wanted) - set(rows)), len(rows) - len(set(rows)), len(set(rows) - set(wanted))


def online(site: Site, topic: str) -> set[bytes]:
    return values_of(values_by_key(received(site, topic)).values())


def values_of(lists: Iterable[list[bytes]]) -> set[bytes]:
    return {value for values in lists for value in values}


def offline(site: Site, recording: Recording) -> tuple[set[bytes], set[bytes]]:
    """Scores and alerts of `magwatch score` on the same samples."""
    assembly = assemble(site.settings)
    outcomes = list(score_recordings([recording], assembly, IndexHistory()))
    model = assembly.rules.model
    return (
        {encode_score(score, model) for outcome in outcomes for score in outcome.scores},
        {encode_alert(alert) for outcome in outcomes for alert in outcome.alerts},
    )
