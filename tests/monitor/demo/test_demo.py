"""The README's first command, as a stranger runs it."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from geofield.alerts.alert import AlertRules
from geofield.utc import time_ms
from monitor.demo.judgement import final_versions
from monitor.demo.scenario import STORM
from monitor.records.scores_and_alerts import AlertData, AlertEvent

PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "demo-output"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAGWATCH_")}
    result = subprocess.run(
        [sys.executable, "-m", "monitor", "demo", "--output", str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "false `local` alerts" in result.stderr
    return folder


@pytest.fixture(scope="module")
def summary(output: Path) -> dict[str, object]:
    loaded: dict[str, object] = json.loads((output / "summary.json").read_text())
    return loaded


def test_every_sample_and_every_window_is_accounted_for(summary: dict[str, int]) -> None:
    assert summary["samples_in"] + summary["samples_missing"] == 345_600 + 86_400
    assert summary["samples_missing"] < 10
    scored_or_not = summary["windows_scored"] + summary["windows_insufficient"]
    assert scored_or_not == summary["windows_expected"]
    assert summary["windows_expected"] > 6_700
    assert summary["windows_scored"] > 0.99 * summary["windows_expected"]


def test_the_transients_are_found_and_the_quiet_day_is_quiet(summary: dict[str, int]) -> None:
    assert (summary["transients_injected"], summary["transients_found"]) == (3, 3)
    assert summary["false_local_alerts"] <= 1


def test_the_storm_is_space_weather(summary: dict[str, object]) -> None:
    assert summary["local_alerts_kp6"] == 0
    classes = summary["storm_alerts_by_class"]
    assert isinstance(classes, dict)
    assert classes["space-weather"] > 10
    # four days at one false alert a day: a few at low Kp are what the calibration promises
    assert classes.get("local", 0) <= 8


def test_the_great_alerts_of_the_storm_are_major_and_the_least_ones_minor(output: Path) -> None:
    storm = [alert for alert in final_versions(alerts(output)) if alert.station == STORM]
    by_start = {alert.start[5:16]: alert for alert in storm}
    # the sudden commencement, and all that lasted half an hour or more: Kp was 7.7 to 9
    great = ["05-10T17:01", "05-10T22:10", "05-11T06:45", "05-11T09:12"]
    assert {by_start[start].severity for start in great} == {"major"}
    lasting = [one for one in storm if time_ms(one.end) - time_ms(one.start) > 1_800_000]
    assert {one.severity for one in lasting} == {"major"}
    # just over the threshold, and for no longer than it takes to open one
    least = [one for one in storm if one.score < 1.6 * one.threshold and one.exceeding_windows == 4]
    assert len(least) >= 2
    assert {one.severity for one in least} == {"minor"}
    calm = [one for one in storm if one.start < "2024-05-10"]  # of a quiet day
    assert {one.severity for one in calm} <= {"minor", "moderate"}
    counts = Counter(alert.severity for alert in storm)
    assert min(counts["minor"], counts["moderate"], counts["major"]) >= 3
    assert counts["minor"] < len(storm) * 2 / 3


def test_severity_can_be_worked_out_from_the_record(output: Path) -> None:
    k = AlertRules().k
    for alert in alerts(output):
        size = alert.score / alert.threshold * (alert.exceeding_windows or 0) / k
        assert alert.severity == ("major" if size >= 9 else "moderate" if size >= 4 else "minor")


def alerts(output: Path) -> list[AlertData]:
    """Every version of every alert."""
    lines = (output / "alerts.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=AlertEvent).data for line in lines]


def test_alerts_carry_the_verdict_and_predict_nothing(output: Path) -> None:
    lines = (output / "alerts.jsonl").read_bytes().splitlines()
    assert lines
    for line in lines:
        event = json.loads(line)
        assert "no skill shown" in event["data"]["skill"]
        assert set(event) == set(AlertEvent.__struct_fields__)
    assert b"predict" not in b"".join(lines)


@pytest.mark.parametrize("name", ["storm.png", "quiet-day.png", "transient.png"])
def test_figures_are_drawn(output: Path, name: str) -> None:
    content = (output / name).read_bytes()
    assert content.startswith(PNG)
    assert len(content) > 50_000
