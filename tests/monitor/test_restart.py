"""A worker or a broker that goes away, at a bad moment, must leave no trace in the scores."""

import os
import re
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.kafka.embedded_broker import embedded_broker
from monitor.offline.pacing import interleaved
from tests.brokers import KafkaProcess, NoKafka, kafka_jars
from tests.monitor.feeds import calibrated, station
from tests.monitor.outcomes import THRESHOLD, offline, online
from tests.monitor.workers import (
    Running,
    Site,
    committed,
    encoded,
    new_site,
    received,
    send,
    wait_until,
    worker,
)

BURST = slice(1500, 2700)


def test_a_killed_worker_leaves_no_trace(site: Site, model_path: Path) -> None:
    """Killed while an alert is open; the next worker goes on from checkpoint and offsets.

    The station stamps its samples at .500 s.
    """
    recording = replace(station("WIC", 60, seed=6, burst=BURST), offset_ms=500)
    calibrated(site.folder / "profiles", model_path, "WIC", THRESHOLD)
    records = list(encoded(recording.records(30)))
    with worker(site, CHECKPOINT_S="1") as first:
        sent = send(site, records[:60])
        first.wait_for_records(sent)
        wait_until(lambda: committed(site) > 0)
        sent += send(site, records[60:75])
        first.wait_for_records(sent)
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
    with worker(site, CHECKPOINT_S="1") as second:
        send(site, records[75:])
        scores, alerts = offline(site, [recording])
        wait_until(lambda: len(online(site, "scores")) >= len(scores))
        assert online(site, "scores") == scores
        assert online(site, "alerts") == alerts
        assert second.metric("magwatch_stamp_offset_seconds") == 0.5
        assert 45 <= second.metric("magwatch_records_total") < 120


def test_stations_move_between_workers_with_their_state(tansu_site: Site, model_path: Path) -> None:
    """A second worker joins while data flow, takes over stations, and is killed."""
    site = tansu_site
    recordings = [station(f"ST{n}", 60, seed=10 + n, burst=BURST) for n in range(6)]
    for recording in recordings:
        calibrated(site.folder / "profiles", model_path, recording.station, THRESHOLD)
    records = list(encoded(interleaved(recordings, record_s=30)))
    with worker(site, CHECKPOINT_S="1") as staying:
        send(site, records[:200])
        with worker(site, CHECKPOINT_S="1") as joining:
            for begin in range(200, 500, 30):
                send(site, records[begin : begin + 30])
                time.sleep(0.5)
            assert joining.metric("magwatch_records_total") > 0
            every = sorted(one.station for one in recordings)
            wait_until(lambda: sorted(shown(staying) + shown(joining)) == every)
            assert shown(joining)
            joining.process.send_signal(signal.SIGKILL)
            joining.process.wait()
        send(site, records[500:])
        scores, alerts = offline(site, recordings)
        wait_until(lambda: len(online(site, "scores")) >= len(scores))
        assert online(site, "scores") == scores
        assert online(site, "alerts") == alerts


def shown(running: Running) -> list[str]:
    """Stations of which a worker shows gauges: those it has, and no others."""
    page = running.page("/metrics")[1]
    return re.findall(r'magwatch_newest_sample_timestamp_seconds\{station="(\w+)"\}', page)


def test_a_paused_broker_is_waited_for(tmp_path: Path, model_path: Path) -> None:
    recording = station("WIC", 30, seed=7)
    records = list(encoded(recording.records(60)))
    with embedded_broker() as broker:
        site = new_site(broker.address, tmp_path, model_path)
        calibrated(site.folder / "profiles", model_path, "WIC", THRESHOLD)
        with worker(site) as running:
            sent = send(site, records[:15])
            running.wait_for_records(sent)
            os.kill(broker.process.pid, signal.SIGSTOP)
            try:
                running.wait_for("/readyz", 503)
                assert running.page("/healthz")[0] == 200
            finally:
                os.kill(broker.process.pid, signal.SIGCONT)
            running.wait_for("/readyz", 200)
            sent += send(site, records[15:])
            running.wait_for_records(sent)
        assert online(site, "scores") == offline(site, [recording])[0]


def test_a_restarted_kafka_is_waited_for(tmp_path: Path, model_path: Path) -> None:
    try:
        jars = kafka_jars()
    except NoKafka as reason:
        pytest.skip(str(reason))
    recording = station("WIC", 30, seed=8)
    records = list(encoded(recording.records(60)))
    with KafkaProcess(jars, tmp_path) as kafka:
        site = new_site(kafka.address, tmp_path, model_path)
        calibrated(site.folder / "profiles", model_path, "WIC", THRESHOLD)
        with worker(site) as running:
            sent = send(site, records[:15])
            running.wait_for_records(sent)
            kafka.stop()
            running.wait_for("/readyz", 503)
            kafka.start()
            running.wait_for("/readyz", 200)
            send(site, records[15:])
            scores = offline(site, [recording])[0]
            wait_until(lambda: len(online(site, "scores")) >= len(scores))
            assert online(site, "scores") == scores
            assert received(site, "deadletter") == []
