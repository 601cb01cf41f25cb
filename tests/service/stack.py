"""Broker, worker, Prometheus, Alertmanager and receiver as one, with stations that misbehave."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread

import numpy as np
from kafka import KafkaProducer

from archive.profile import save_profile
from archive.recording import Recording
from geofield.indices import IndexHistory
from monitor.assembly import assemble
from monitor.kafka.embedded_broker import Broker, embedded_broker, free_port
from monitor.offline.score import score_recordings
from monitor.records.sample_encoder import encode_samples
from tests.monitor.feeds import calibrated, station
from tests.monitor.history.running import history
from tests.monitor.ingest.running import ingest
from tests.monitor.workers import Running, Site, new_site, worker
from tests.service.hastened import HISTORY, INGEST, Ports, write
from tests.service.servers import (
    Alertmanager,
    Prometheus,
    Receiver,
    alertmanager,
    prometheus,
    receiver,
)

THRESHOLD = 1.5
MINUTES = 960  # enough for four minutes of tests
RECORD_S, HALF_S = 60, 900
PACE_S = 0.25
AT_ONCE, RESTLESS_AFTER = 20, 60
# What each station does wrong; QUI does nothing.
QUIET, LOUD, RESTLESS, SILENT, UNHEARD, GAPPY = "QUI", "WIC", "BOU", "HON", "TUC", "SJG"
NEW, MISPLACED, AHEAD = "NEW", "CLF", "ABK"
EMPTY, NONSENSE, AWAY = "empty", "nonsense", "away"  # folders of sources


@dataclass
class Stack:
    """Everything that runs."""

    site: Site
    broker: Broker
    worker: Running
    prometheus: Prometheus
    alertmanager: Alertmanager
    receiver: Receiver
    targets: Path

    @contextmanager
    def watching(self, *workers: Running) -> Iterator[None]:
        """Scrape these workers, and no others, until the end of the block."""
        self.watch(*workers)
        try:
            yield
        finally:
            self.watch(self.worker)

    def watch(self, *workers: Running) -> None:
        """Scrape these workers, and no others."""
        addresses = [one.url.removeprefix("http://") for one in workers]
        scratch = self.targets.with_suffix(".new")
        scratch.write_text(json.dumps([{"targets": addresses}]))
        scratch.replace(self.targets)


@contextmanager
def running_stack(folder: Path, model: Path) -> Iterator[Stack]:
    """Start everything; the worker is scraped and its stations are being fed."""
    ports = Ports(free_port(), free_port())
    with ExitStack() as stack:
        taken = stack.enter_context(receiver())
        config, managed, targets = write(folder, ports, taken.url)
        manager = stack.enter_context(alertmanager(managed, folder, ports.alertmanager))
        metrics = stack.enter_context(prometheus(config, folder, ports.prometheus))
        broker = stack.enter_context(embedded_broker())
        site = new_site(broker.address, folder, model)
        profiles(site, model)
        watched = stack.enter_context(worker(site, CHECKPOINT_S="2"))
        whole = Stack(site, broker, watched, metrics, manager, taken, targets)
        taken.wait_for("MagwatchNoWorkers")
        whole.watch(watched)
        metrics.wait_for('up{job="magwatch"} == 1')
        stack.enter_context(feeding(site))
        for name, service in (
            (INGEST, ingest(site, stations(folder))),
            (HISTORY, history(site, folder / "history")),
        ):
            address = stack.enter_context(service).url.removeprefix("http://")
            targets.with_name(name).write_text(json.dumps([{"targets": [address]}]))
        yield whole


def stations(folder: Path) -> str:
    """Sources that misbehave: an empty folder, one that is not there, one full of nonsense."""
    for name in (EMPTY, NONSENSE):
        (folder / name).mkdir()
    return "".join(
        f'[{code}]\nfrom = "folder:{folder / name}"\nsilent_s = 1\n'
        for code, name in ((SILENT, EMPTY), (NEW, NONSENSE), (UNHEARD, AWAY))
    )


def profiles(site: Site, model: Path) -> None:
    """Profiles of all stations but the new one; only the quiet one's describes its scores."""
    for code in (QUIET, LOUD, RESTLESS, SILENT, UNHEARD, GAPPY):
        calibrated(site.folder / "profiles", model, code, THRESHOLD)
    assembly = assemble(site.settings)
    outcomes = score_recordings([recordings()[QUIET]], assembly, IndexHistory(), record_s=3600)
    rmse = [window.score.rmse for one in outcomes for window in one.scores if window.score]
    half, tenth, hundredth = (float(np.quantile(rmse, share)) for share in (0.5, 0.9, 0.99))
    (own,) = assembly.rules.profiles[QUIET]
    save_profile(replace(own, quantiles=(half, tenth, hundredth)), site.folder / "profiles")


def recordings() -> dict[str, Recording]:
    """What the stations that send for as long as the tests run measure."""
    return {
        QUIET: station(QUIET, MINUTES, seed=1),
        LOUD: station(LOUD, MINUTES, seed=2, burst=slice(0, None)),
    }


def restless() -> list[Recording]:
    """Three hours with four bursts, an alert for each, in one go."""
    calm = station(RESTLESS, 200, seed=3)
    loud = station(RESTLESS, 200, seed=3, burst=slice(0, None))
    minute = np.arange(len(calm)) // 60
    burst = minute % 50 < 20
    elements = {
        name: np.where(burst, loud.elements[name], calm.elements[name]) for name in calm.elements
    }
    return list(replace(calm, elements=elements).records(3600))


def gaps() -> Recording:
    """Half an hour of nothing."""
    recording = station(GAPPY, 30, seed=4)
    nothing = {name: np.full(len(recording), np.nan) for name in recording.elements}
    return replace(recording, elements=nothing)


def ahead() -> list[Recording]:
    """Two minutes of half an hour from now: a worker believes the second."""
    half_hour_on_ms = round(time.time() + 1800) * 1000
    own = replace(station(AHEAD, 2, seed=6), start_ms=half_hour_on_ms)
    return list(own.records(RECORD_S))


@contextmanager
def feeding(site: Site) -> Iterator[None]:
    """Send what happens once, then records of the lasting stations until the end of the block."""
    stop = Event()
    with closing(KafkaProducer(bootstrap_servers=site.settings.broker)) as producer:
        once(site, producer)
        with running(Thread(target=_feed, args=(site, producer, stop), daemon=True), stop):
            yield


@contextmanager
def running(thread: Thread, stop: Event) -> Iterator[None]:
    """Run a thread until the end of the block, where it is told to stop."""
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def once(site: Site, producer: KafkaProducer) -> None:
    """Stations that send once: an hour ago, only gaps, without profile, astray, too early."""
    topic = site.settings.topic("samples")
    hour_ago_ms = round((time.time() - 3600) * 1000)
    first: Mapping[str, Recording] = {
        code: station(code, 30, seed=5) for code in (SILENT, NEW, MISPLACED)
    }
    for half in first[SILENT].records(HALF_S):  # a worker believes a first record with the second
        producer.send(topic, encode_samples(half), SILENT.encode(), timestamp_ms=hour_ago_ms)
    for recording in (*gaps().records(HALF_S), *first[NEW].records(HALF_S)):
        producer.send(topic, encode_samples(recording), recording.station.encode())
    for recording in ahead():
        sent_ms = recording.end_ms  # by the station's own clock
        producer.send(topic, encode_samples(recording), AHEAD.encode(), timestamp_ms=sent_ms)
    for partition in producer.partitions_for(topic):  # one of them is right
        value = encode_samples(first[MISPLACED])
        producer.send(topic, value, MISPLACED.encode(), partition=partition)
    producer.flush()


def _drop_nonsense(folder: Path, number: int) -> None:
    if folder.is_dir():
        (folder / f"{number}.sec").write_text("<html>")


def _feed(site: Site, producer: KafkaProducer, stop: Event) -> None:
    """Twenty minutes of each lasting station at once, then a minute at a time, and no record.

    The restless station comes in when its counters have been there for a while, to be compared.
    """
    topic = site.settings.topic("samples")
    minutes = zip(*(one.records(RECORD_S) for one in recordings().values()), strict=True)
    for number, pair in enumerate(minutes):
        for recording in (*pair, *(restless() if number == RESTLESS_AFTER else ())):
            producer.send(topic, encode_samples(recording), recording.station.encode())
        producer.send(topic, b"rubbish", LOUD.encode())
        _drop_nonsense(site.folder / NONSENSE, number)
        if number > AT_ONCE and stop.wait(PACE_S):
            return
    stop.wait()
