"""Profiles that come, change and go while a real worker scores, on Apache Kafka."""

from __future__ import annotations

import json
import signal
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from kafka import KafkaProducer

from archive.profile import encode_profile, save_profile
from archive.versions import add_version
from geofield.calibration.profile import StationProfile
from geofield.indices import KP
from monitor.offline.pacing import interleaved
from monitor.records.indices import encode_index
from tests.abuse.test_worker import is_as_offline
from tests.monitor.feeds import START_MS, calibrated, station
from tests.monitor.outcomes import THRESHOLD, offline, online
from tests.monitor.test_remote_reference import POSITIONS, QUIET_KP, final_offline, wait_for_final
from tests.monitor.workers import Running, Site, encoded, send, wait_until, worker
from tests.processes import magwatch

MINUTES = 60
LIVE = {"PROFILES_LOOK_S": "0.2", "CHECKPOINT_S": "1"}
HALF_MS = START_MS + 30 * 60_000 + 500
BURST = slice(1000, 2600)  # an alert is open at half time


def folder(site: Site) -> Path:
    assert site.settings.profiles is not None
    return site.settings.profiles


def put(site: Site, one: StationProfile, effective_ms: int | None, threshold: float) -> None:
    """A further version, as `magwatch calibrate` leaves the folder."""
    add_version(replace(one, effective_ms=effective_ms, threshold=threshold), folder(site))


def logged(running: Running, event: str) -> list[dict[str, str]]:
    lines = running.log.read_text().splitlines()
    found = [json.loads(line) for line in lines if line.startswith("{")]
    return [one for one in found if one["event"] == event]


def wait_for(running: Running, event: str, count: int = 1) -> list[dict[str, str]]:
    wait_until(lambda: len(logged(running, event)) >= count, 30)
    return logged(running, event)


def kill(running: Running) -> None:
    running.process.send_signal(signal.SIGKILL)
    running.process.wait()


def test_a_version_takes_over_at_its_time_and_a_kill_leaves_no_trace(
    kafka_site: Site, model_path: Path
) -> None:
    """Of a station with a profile, and of one without that learns until then."""
    site = kafka_site
    recordings = [station(code, MINUTES, seed, BURST) for seed, code in enumerate(("WIC", "NEW"))]
    records = list(encoded(interleaved(recordings, record_s=30)))
    own = calibrated(folder(site), model_path, "WIC", THRESHOLD)
    with worker(site, **LIVE) as first:
        first.wait_for_records(send(site, records[:60]))
        put(site, own, HALF_MS, 6.0)
        put(site, replace(own, station="NEW", declination_deg=0.0), HALF_MS, THRESHOLD)
        taken = wait_for(first, "profile taken over", 2)
        assert {one["holds_from"] for one in taken} == {"2024-05-09T00:30:00Z"}
        wait_until(lambda: first.metric("magwatch_checkpoints_total") > 0)
        first.wait_for_records(60 + send(site, records[60:130]))  # ten after half time
        kill(first)
    with worker(site, **LIVE) as second:
        send(site, records[130:])
        expected = offline(site, recordings)
        wait_until(lambda: len(online(site, "scores")) >= len(expected[0]))
        assert (online(site, "scores"), online(site, "alerts")) == expected
        assert logged(second, "profile not used") == []
    scores = [json.loads(score) for score in expected[0]]
    half = "2024-05-09T00:30:00Z"
    told = {(one["station"], one["window_end"] > half, one["threshold"]) for one in scores}
    assert told == {
        ("WIC", False, THRESHOLD), ("WIC", True, 6.0),
        ("NEW", False, None), ("NEW", True, THRESHOLD),
    }  # fmt: skip
    assert len(expected[1]) > 1


def listed(site: Site, running: Running, *more: str) -> tuple[dict[tuple[str, str], str], str]:
    """Of each station and threshold what `magwatch profiles` says of it; and what else it says."""
    done = magwatch("profiles", "--worker", running.url, *more, env=site.environment())
    assert done.returncode == 0, done.stderr
    rows = [line.split("  ") for line in done.stdout.splitlines()[1:]]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    thresholds = {"1.5", "2.5", "3.5", "4.5"}
    return {
        (row[0], next(one for one in row if one in thresholds)): row[3] for row in cells
    }, done.stderr


def test_a_running_worker_ends_for_no_file_and_says_what_it_uses(
    kafka_site: Site, model_path: Path
) -> None:
    site, recording = kafka_site, station("WIC", MINUTES, 3, BURST)
    records = list(encoded(recording.records(60)))
    own = calibrated(folder(site), model_path, "WIC", THRESHOLD)
    other = calibrated(folder(site), model_path, "HON", 2.5)
    path = folder(site) / "WIC.json"
    good = path.read_bytes()
    with worker(site, **LIVE) as running:
        running.wait_for_records(send(site, records[:20]))
        for content, said in (
            (b"{", "not a profile"),
            (encode_profile(replace(own, threshold=3.5)), "it has no time after which it holds"),
            (encode_profile(replace(own, effective_ms=START_MS)), "windows of WIC up to 2024-05-"),
            (
                encode_profile(replace(own, effective_ms=HALF_MS, declination_deg=9.0)),
                "begins afresh",
            ),
        ):
            count = len(logged(running, "profile not used"))
            path.write_bytes(content)
            assert said in wait_for(running, "profile not used", count + 1)[-1]["reason"]
            assert running.metric("magwatch_unused_profiles") == 1
        path.write_bytes(good)
        wait_until(lambda: running.metric("magwatch_unused_profiles") == 0)
        put(site, own, HALF_MS, 4.5)
        (folder(site) / "HON.json").unlink()
        wait_for(running, "profile taken over")
        gone = wait_for(running, "profile files are gone: what they held stays in use until the "
                        "workers restart")  # fmt: skip
        assert [one["among_them"] for one in gone] == ["HON"]
        uses, said = listed(site, running)
        assert uses == {
            ("WIC", "1.5"): "in use", ("WIC", "4.5"): "to come", ("HON", "2.5"): "no window yet"
        }  # fmt: skip
        assert f"reads {folder(site)}" in said
        running.wait_for_records(20 + send(site, records[20:]))
        save_profile(replace(other, threshold=3.5), folder(site))
        wait_for(running, "profile taken over", 2)
        uses, _ = listed(site, running)
        assert uses == {
            ("WIC", "1.5"): "replaced", ("WIC", "4.5"): "in use", ("HON", "3.5"): "no window yet"
        }  # fmt: skip
        is_as_offline(site, recording)
        assert len(logged(running, "profile not used")) == 4
        assert running.process.poll() is None
    assert set(listed(site, running)[0].values()) == {"unknown"}


def test_a_station_joins_the_network_at_its_time(kafka_site: Site, model_path: Path) -> None:
    """It witnesses alerts that end after its profile holds, not those before, as offline."""
    site = kafka_site
    early, late = slice(700, 1500), slice(4200, 5100)
    codes = ("WIC", "HON")
    recordings = [station(code, 110, seed, early) for seed, code in enumerate(codes, 30)]
    for one, more in zip(recordings, (station(code, 110, seed, late)
                         for seed, code in enumerate(codes, 30)), strict=True):  # fmt: skip
        for name, values in one.elements.items():
            values[late] = more.elements[name][late]
    profiles = [calibrated(folder(site), model_path, code, THRESHOLD, 0.0) for code in codes]
    (folder(site) / "HON.json").unlink()
    save_profile(replace(profiles[0], position_deg=POSITIONS["WIC"]), folder(site))
    records = list(encoded(interleaved(recordings, record_s=60)))
    with worker(site, **LIVE) as running:
        with closing(KafkaProducer(bootstrap_servers=site.settings.broker)) as producer:
            producer.send(site.settings.topic("indices"), encode_index(KP, QUIET_KP), b"Kp").get(30)
        running.wait_for_records(send(site, records[:80]))
        put(site, replace(profiles[1], position_deg=POSITIONS["HON"]), HALF_MS + 15 * 60_000, 1.5)
        wait_for(running, "profile taken over")
        send(site, records[80:])
        expected = final_offline(site, recordings)
        wait_for_final(site, expected)
    found = sorted(
        (data["station"], data["start"] > "2024-05-09T01", data["classification"],
         data["remote"]["stations"])
        for data in (json.loads(value)["data"] for value in expected.values())
    )  # fmt: skip
    assert found == [
        ("HON", True, "global", 1), ("WIC", False, "local", 0), ("WIC", True, "global", 1)
    ]  # fmt: skip
