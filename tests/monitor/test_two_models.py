"""One worker with two models: a day of 120 observatories in minutes, and WIC's storm in seconds.

WIC sends both under one code. Every score and alert is the bytes of `magwatch score` with each of
the models alone, also when workers are killed on the way, and also of minutes that are derived.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.chaos.workload import EXPORTS, Expected, calibrate, mixture
from tests.data import conrad, quiet_day
from tests.monitor.feeds import calibrated
from tests.monitor.outcomes import THRESHOLD, online
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
from tests.processes import magwatch

MODELS = ("ulf-1hz", "minute-teo")
KILLS = 3


@dataclass(frozen=True)
class Both:
    """The site of a worker with both models, what it is sent, and what must come of it."""

    site: Site
    records: list[tuple[bytes, bytes]]
    expected: Expected


@pytest.fixture(scope="module")
def both(tansu_address: str, tmp_path_factory: pytest.TempPathFactory) -> Both:
    workload = mixture()
    site = workload.site(tansu_address, tmp_path_factory.mktemp("both"))
    return Both(site, workload.sent(), calibrate(workload, site.settings))


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


def test_derived_minutes_are_scored_as_by_magwatch_score(
    tansu_address: str, tmp_path: Path
) -> None:
    """The seconds of a day go through both models; a worker is killed half way."""
    seconds = quiet_day()
    site = new_site(tansu_address, tmp_path, *(EXPORTS / f"{name}.onnx" for name in MODELS))
    for name in MODELS:
        calibrated(tmp_path / name, EXPORTS / f"{name}.onnx", "WIC", THRESHOLD)
        (tmp_path / name / "WIC.json").rename(tmp_path / "profiles" / f"WIC.{name}.json")
    records, deriving = list(encoded(seconds.records(60))), {"DERIVE_MINUTES": "true"}
    with worker(site, CHECKPOINT_S="1", **deriving) as doomed:
        send(site, records[:700])
        wait_until(lambda: doomed.metric("magwatch_records_total") > 200)
        doomed.process.send_signal(signal.SIGKILL)
        doomed.process.wait()
    with worker(site, CHECKPOINT_S="1", **deriving) as second:
        send(site, records[700:])
        wait_until(lambda: committed(site) == len(records))
        assert second.metric("magwatch_records_total") <= len(records)
    scores, alerts = scored_offline(site, conrad("example5.sec"), tmp_path)
    assert online(site, "scores") == scores
    assert online(site, "alerts") == alerts
    assert received(site, "deadletter") == []
    minutes = [value for value in scores if b'"minute-teo"' in value]
    assert sum(b'"quality":"ok"' in value for value in minutes) > 10
    assert any(b'"minute-teo"' in value for value in alerts)


def scored_offline(site: Site, archive: Path, folder: Path) -> tuple[list[bytes], list[bytes]]:
    """Scores and alerts of `magwatch score` with the worker's settings, sorted."""
    result = magwatch(
        *("score", str(archive), "--no-kp", "-o", str(folder / "scores.jsonl")),
        *("--profiles", str(site.settings.profiles), "--alerts", str(folder / "alerts.jsonl")),
        env=site.environment(DERIVE_MINUTES="true"),
    )
    assert result.returncode == 0, result.stderr
    names = ("scores.jsonl", "alerts.jsonl")
    scores, alerts = (sorted((folder / name).read_bytes().splitlines()) for name in names)
    return scores, alerts
