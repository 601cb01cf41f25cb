"""Stations that share a disturbance settle each other's alerts, across partitions and workers."""

import signal
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
from kafka import KafkaProducer
from kafka.consumer.fetcher import ConsumerRecord

from archive.profile import save_profile
from archive.recording import Recording
from geofield.indices import KP, IndexHistory, IndexInterval
from monitor.assembly import assemble
from monitor.offline.score import score_recordings
from monitor.records.indices import encode_index
from monitor.records.scores_and_alerts import AlertData, AlertEvent, encode_alert, encode_score
from tests.monitor.feeds import START_MS, calibrated, station
from tests.monitor.outcomes import THRESHOLD
from tests.monitor.workers import Site, encoded, received, send, worker

SHARED, OWN = slice(1200, 2400), slice(3600, 4800)
MINUTES = 110
POSITIONS = {"WIC": (47.9, 15.9), "HON": (21.3, -158.0), "HER": (-34.4, 19.2), "KAK": (36.2, 140.2)}
QUIET_KP = [IndexInterval(KP, START_MS, START_MS + 10_800_000, START_MS + 10_800_000, 1.333)]


def feeds(**bursts: slice | None) -> list[Recording]:
    return [
        station(code, MINUTES, seed=20 + n, burst=burst)
        for n, (code, burst) in enumerate(bursts.items())
    ]


def prepare(site: Site, model: Path, codes: Iterable[str]) -> None:
    for code in codes:
        profile = calibrated(site.folder / "profiles", model, code, THRESHOLD)
        save_profile(replace(profile, position_deg=POSITIONS[code]), site.folder / "profiles")


def final_offline(site: Site, recordings: list[Recording]) -> dict[bytes, bytes]:
    """The last version of each alert, as the compacted topic should hold it in the end."""
    outcomes = score_recordings(recordings, assemble(site.settings), IndexHistory(QUIET_KP))
    versions = sorted(
        (alert for outcome in outcomes for alert in outcome.alerts), key=lambda one: one.version
    )
    return {alert.id.encode(): encode_alert(alert) for alert in versions}


def newest(records: Iterable[ConsumerRecord]) -> dict[bytes, bytes]:
    return {record.key: record.value for record in records}


def wait_for_final(site: Site, expected: dict[bytes, bytes], seconds: float = 60.0) -> None:
    deadline_s = time.monotonic() + seconds
    while newest(received(site, "alerts")) != expected:
        if time.monotonic() > deadline_s:
            found = [about(value) for value in newest(received(site, "alerts")).values()]
            raise AssertionError(f"{found} instead of {[about(v) for v in expected.values()]}")
        time.sleep(0.3)


def about(value: bytes) -> AlertData:
    return msgspec.json.decode(value, type=AlertEvent).data


def send_foreign_scores(site: Site, recordings: list[Recording]) -> None:
    """What is no score, and the shared disturbance as another model sees it: neither testifies."""
    other = replace(assemble(site.settings).rules.model, sha256="ab" * 32)
    outcomes = score_recordings(recordings, assemble(site.settings), IndexHistory())
    values = [encode_score(one, other) for outcome in outcomes for one in outcome.scores]
    with closing(KafkaProducer(bootstrap_servers=site.settings.broker)) as producer:
        for value in (b"rubbish", b"{}", *values):
            producer.send(site.settings.topic("scores"), value, b"HON")
        producer.flush(30)


def send_kp(site: Site) -> None:
    with closing(KafkaProducer(bootstrap_servers=site.settings.broker)) as producer:
        producer.send(site.settings.topic("indices"), encode_index(KP, QUIET_KP), b"Kp").get(30)


def test_skew_two_workers_and_a_kill_change_no_byte_of_the_final_alerts(
    tansu_site: Site, model_path: Path
) -> None:
    """One station at a time, each whole before the next begins, the last ones after a kill."""
    site = tansu_site
    recordings = feeds(WIC=SHARED, HON=SHARED, HER=None, KAK=OWN)
    prepare(site, model_path, POSITIONS)
    expected = final_offline(site, recordings)
    classes = sorted((about(v).station, about(v).classification) for v in expected.values())
    assert classes == [("HON", "global"), ("KAK", "local"), ("WIC", "global")]
    with worker(site, CHECKPOINT_S="1") as first, worker(site, CHECKPOINT_S="1") as second:
        send_kp(site)
        sent = sum(send(site, encoded(one.records(60))) for one in recordings[:2])
        _wait_for_records(sent, first, second)
        assert {about(v).classification for v in newest(received(site, "alerts")).values()} == {
            "unknown"  # the others may be behind
        }
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        for one in recordings[2:]:
            send(site, encoded(one.records(60)))
        wait_for_final(site, expected)
    changed = [about(record.value) for record in received(site, "alerts")]
    assert all(one.classification != "local" for one in changed if one.station != "KAK")


def test_a_station_that_was_given_up_corrects_an_alert_when_it_comes_back(
    tansu_site: Site, model_path: Path
) -> None:
    recordings = feeds(WIC=SHARED, HON=SHARED)
    prepare(tansu_site, model_path, ("WIC", "HON"))
    site = replace(
        tansu_site, settings=tansu_site.settings.model_copy(update={"network_wait_s": 3.0})
    )
    with worker(site, NETWORK_WAIT_S="3") as running:
        send_foreign_scores(site, recordings)
        running.wait_for_records(send(site, encoded(recordings[0].records(600))))
        send_kp(site)
        wait_for_final(site, final_offline(site, recordings[:1]))
        (alone,) = newest(received(site, "alerts")).values()
        remote = about(alone).remote
        assert about(alone).classification == "local"
        assert remote is not None
        assert (remote.stations, remote.compared) == (1, 0)
        running.wait_for_records(send(site, encoded(recordings[1].records(600))))
        wait_for_final(site, final_offline(site, recordings))
        assert {about(v).classification for v in newest(received(site, "alerts")).values()} == {
            "global"
        }


def _wait_for_records(count: int, *workers: object, seconds: float = 60.0) -> None:
    deadline_s = time.monotonic() + seconds
    while sum(one.metric("magwatch_records_total") for one in workers) < count:  # type: ignore[attr-defined]
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.2)
