"""One worker with two models: a day of 120 observatories in minutes, and WIC's storm in seconds.

WIC sends both under one code. Every score and alert is the bytes of `magwatch score` with each of
the models alone, also when workers are killed on the way.
"""

from __future__ import annotations

import shutil
import signal
from dataclasses import dataclass, replace

import pytest

from archive.observatory import read_file
from monitor.offline.replay import interleaved
from tests.chaos.workload import EXPORTS, Expected, Workload, calibrate, network_day
from tests.data import conrad
from tests.monitor.outcomes import online
from tests.monitor.workers import (
    Site,
    committed,
    encoded,
    new_site,
    received,
    send,
    wait_until,
    worker,
)

MODELS = ("ulf-1hz", "minute-teo")
HOUR_MS = 3_600_000
STATIONS, KILLS = 120, 3


@dataclass(frozen=True)
class Both:
    """The site of a worker with both models, what it is sent, and what must come of it."""

    site: Site
    records: list[tuple[bytes, bytes]]
    expected: Expected


def storm_in_seconds(start_ms: int) -> Workload:
    """Twelve hours of WIC's storm of May 2024, from the sudden commencement on, at another time."""
    storm = read_file(conrad("example4.cdf"))
    begin_ms = storm.start_ms + 41 * HOUR_MS
    part = storm.between(begin_ms, begin_ms + 12 * HOUR_MS)
    return Workload("storm", [replace(part, start_ms=start_ms)], EXPORTS / "ulf-1hz.onnx", 60)


def alone(workload: Workload, site: Site) -> Expected:
    """What a model alone makes of its recordings; its profiles go into the folder of `site`."""
    folder = site.folder / workload.model.stem
    folder.mkdir()
    own = new_site(site.settings.broker, folder, workload.model).settings
    expected = calibrate(workload, own)
    assert own.profiles is not None
    assert site.settings.profiles is not None
    for path in own.profiles.glob("*.json"):
        named = site.settings.profiles / f"{path.stem}.{workload.model.stem}.json"
        shutil.copy(path, named)
    return expected


@pytest.fixture(scope="module")
def both(tansu_address: str, tmp_path_factory: pytest.TempPathFactory) -> Both:
    folder = tmp_path_factory.mktemp("both")
    minutes = network_day(STATIONS)
    seconds = storm_in_seconds(min(one.start_ms for one in minutes.recordings))
    assert "WIC" in {one.station for one in minutes.recordings}
    one_model = new_site(tansu_address, folder, minutes.model)
    paths = tuple(EXPORTS / f"{name}.onnx" for name in MODELS)
    site = replace(one_model, settings=one_model.settings.model_copy(update={"model": paths}))
    expected = [alone(workload, site) for workload in (seconds, minutes)]
    scores = sorted(value for one in expected for value in one.scores)
    alerts = sorted(value for one in expected for value in one.alerts)
    records = interleaved([*minutes.recordings, *seconds.recordings], record_s=1800)
    return Both(site, list(encoded(records)), Expected(scores, alerts))


def test_each_score_and_alert_is_that_of_its_model_alone_through_kills(both: Both) -> None:
    site, part = both.site, len(both.records) // (KILLS + 1)
    for number in range(KILLS):
        with worker(site, CHECKPOINT_S="1") as doomed:
            send(site, both.records[number * part : (number + 1) * part])
            wait_until(lambda: doomed.metric("magwatch_records_total") > part // 2)
            doomed.process.send_signal(signal.SIGKILL)
            doomed.process.wait()
    with worker(site, CHECKPOINT_S="1") as last:
        send(site, both.records[KILLS * part :])
        wait_until(lambda: committed(site) == len(both.records))
        page, profiles = last.page("/metrics")[1], last.page("/profiles")[1]
    assert online(site, "scores") == both.expected.scores
    assert online(site, "alerts") == both.expected.alerts
    assert received(site, "deadletter") == []
    for name in MODELS:
        assert f'magwatch_newest_sample_timestamp_seconds{{model="{name}",station="WIC"}}' in page
        assert f'"WIC.{name}"' in profiles
        assert f'"model":{{"name":"{name}"'.encode() in b"".join(both.expected.alerts)
