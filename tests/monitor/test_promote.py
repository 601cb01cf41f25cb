"""Two models beside each other on one stream, one promoted on the way and killed."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner, Result

from archive.model import default_model_path, load_manifest
from archive.recording import Recording
from geofield.utc import time_ms, utc
from monitor.cli import main
from monitor.records.scores_and_alerts import AlertEvent
from tests.monitor.feeds import BURST_NT, START_MS, calibrated, station
from tests.monitor.outcomes import THRESHOLD, offline, online
from tests.monitor.workers import (
    Running,
    Site,
    encoded,
    new_site,
    received,
    send,
    wait_until,
    worker,
)

LINE = "next"
WINDOW_MS = 256_000
MINUTES = 100
ACROSS, AFTER = slice(1500, 2700), slice(4200, 5400)  # seconds
SINCE_MS = START_MS + 2220_000
BAD = (b"WIC", b"not a record")


def successor(model: Path, folder: Path) -> Path:
    """The same network as another version, in a file of its own.

    What is added is an ONNX file's documentation string: field 6, four bytes.
    """
    content = model.read_bytes() + b"\x32\x04next"
    manifest = load_manifest(model.with_suffix(".json"))
    changed = replace(manifest, version="9.0.0", sha256=sha256(content).hexdigest())
    path = folder / "new.onnx"
    path.write_bytes(content)
    path.with_suffix(".json").write_bytes(msgspec.json.encode(changed))
    return path


def recorded() -> Recording:
    """A burst that begins before the handover and ends after it, and one that is later."""
    recording = station("WIC", MINUTES, seed=6, burst=ACROSS)
    seconds = np.arange(len(recording))[AFTER]
    for values in recording.elements.values():
        values[AFTER] += np.round(BURST_NT * np.sin(2 * np.pi * seconds / 40), 2)
    return recording


@dataclass(frozen=True)
class Scene:
    """What the topics hold in the end, and what was said on the way."""

    old: Site
    new: Site
    recording: Recording
    said: dict[str, Result]
    pages: tuple[str, str]
    shadow_letters: int

    def expected(self, wanted: Callable[[dict[str, str], bool], bool]) -> list[bytes]:
        """Of the scores of both models, those that are `wanted`, by time and model."""
        sides = ((self.old, False), (self.new, True))
        return sorted(
            value
            for site, new in sides
            for value in offline(site, [self.recording])[0]
            if wanted(json.loads(value), new)
        )


@pytest.fixture(scope="module")
def scene(tansu_address: str, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder = tmp_path_factory.mktemp("promote")
    old = new_site(tansu_address, folder, default_model_path())
    model, profiles = successor(default_model_path(), folder), folder / "profiles-next"
    profiles.mkdir()
    changed = {"model": model, "profiles": profiles}
    new = replace(old, settings=old.settings.model_copy(update=changed))
    for site in (old, new):
        assert site.settings.model
        assert site.settings.profiles
        calibrated(site.settings.profiles, site.settings.model, "WIC", THRESHOLD)
    recording, said = recorded(), {}
    records = list(encoded(recording.records(30)))
    with worker(old, CHECKPOINT_S="1") as first:
        with worker(new, LINE=LINE, CHECKPOINT_S="1") as doomed:
            sent = _sent(old, [BAD, *records[:56]], first, doomed)
            shadow_letters = int(doomed.metric("magwatch_deadletters_total"))
            letters = len(received(old, "deadletter"))
            said.update(_refusals(old, model, folder))
            said["promoted"] = promote(
                old,
                *(str(model), "--line", LINE, "--from", utc(SINCE_MS)),
                *("--min-windows", "10", "--yes"),
            )
            assert said["promoted"].exit_code == 0, said["promoted"].output
            sent += _sent(old, records[56:80], first, doomed, before=sent)
            doomed.process.send_signal(signal.SIGKILL)
            doomed.process.wait()
        sent += _sent(old, records[80:], first, before=sent)
        with worker(new, LINE=LINE, CHECKPOINT_S="1") as second:
            wait_until(lambda: len(_scores(old)) >= 2 * len(offline(old, [recording])[0]))
            _sent(old, [BAD], first, before=sent)
            wait_until(lambda: len(received(old, "deadletter")) > letters)
            pages = first.page("/metrics")[1], second.page("/metrics")[1]
        said["list"] = promote(old, "--list")
    return Scene(old, new, recording, said, pages, shadow_letters)


def _refusals(site: Site, model: Path, folder: Path) -> dict[str, Result]:
    altered = folder / "altered.onnx"
    altered.write_bytes(model.read_bytes() + b"\x32\x01x")
    altered.with_suffix(".json").write_bytes(model.with_suffix(".json").read_bytes())
    unknown = default_model_path().with_name("minute-teo.onnx")
    return {
        "altered": promote(site, str(altered), "--force", "--yes"),
        "unknown": promote(site, str(unknown), "--force", "--yes"),
        "too few": promote(site, str(model), "--yes"),
        "late": promote(site, str(model), "--from", utc(START_MS), "--force", "--yes"),
        "no time": promote(site, str(model), "--from", "soon"),
        "nothing": promote(site),
        "no line": promote(site, str(model), "--line", "nxet", "--force", "--yes"),
    }


def promote(site: Site, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["promote", *arguments], env=site.environment())


def _sent(
    site: Site,
    records: list[tuple[bytes, bytes]],
    *workers: Running,
    before: int = 0,
) -> int:
    count = send(site, records)
    for one in workers:
        one.wait_for_records(before + count)
    return count


def _scores(site: Site) -> list[bytes]:
    return online(site, "scores") + online(site, "scores-shadow")


def _ends_ms(score: dict[str, str]) -> int:
    return time_ms(score["window_end"])


def test_each_window_is_published_by_the_model_in_charge_and_once(scene: Scene) -> None:
    published = online(scene.old, "scores")
    assert published == scene.expected(lambda one, new: (_ends_ms(one) >= SINCE_MS) == new)
    ends = Counter(_ends_ms(json.loads(value)) for value in published)
    assert set(ends.values()) == {1}
    versions = {json.loads(value)["model"]["version"] for value in published}
    assert len(versions) == 2


def test_the_other_model_is_published_beside_it(scene: Scene) -> None:
    assert online(scene.old, "scores-shadow") == scene.expected(
        lambda one, new: (_ends_ms(one) >= SINCE_MS) != new
    )


def test_an_alert_stays_with_the_model_that_had_its_first_window(scene: Scene) -> None:
    """That of the old model ends after the handover; each is as if its model were alone."""
    wanted = []
    for site, new in ((scene.old, False), (scene.new, True)):
        for value in offline(site, [scene.recording])[1]:
            start_ms = _start_ms(value)
            if (start_ms + WINDOW_MS >= SINCE_MS) == new:
                wanted.append(value)
    published = online(scene.old, "alerts")
    assert published == sorted(wanted)
    events = [msgspec.json.decode(value, type=AlertEvent) for value in published]
    assert len({event.data.alert_id for event in events}) == 2
    old = load_manifest(default_model_path().with_suffix(".json"))
    across = [event.data for event in events if event.data.model.version == old.version]
    assert across[0].status == "open"
    assert any(one.status == "resolved" and _moment_ms(one.decided) > SINCE_MS for one in across)


def _start_ms(value: bytes) -> int:
    return _moment_ms(msgspec.json.decode(value, type=AlertEvent).data.start)


def _moment_ms(text: str) -> int:
    return time_ms(text)


def test_a_refused_record_is_a_dead_letter_once(scene: Scene) -> None:
    assert len(received(scene.old, "deadletter")) == 2
    assert scene.shadow_letters == 1


def test_both_are_in_the_metrics(scene: Scene) -> None:
    old, new = scene.pages
    assert 'magwatch_model_in_charge{cadence_s="1",line=""} 0.0' in old
    assert f'magwatch_model_in_charge{{cadence_s="1",line="{LINE}"}} 1.0' in new
    assert 'magwatch_shadow_alerts_total{station="WIC"} 1.0' in old
    assert 'magwatch_alerts_opened_total{station="WIC"} 1.0' in old
    assert f'line="{LINE}"' in next(one for one in new.splitlines() if "model_info{" in one)


@pytest.mark.parametrize(
    ("what", "code", "says"),
    [
        ("altered", 5, "the file was altered"),
        ("unknown", 1, "no worker has published scores of minute-teo"),
        ("too few", 1, "of 1,350"),
        ("late", 1, "windows up to 2024-05-09T"),
        ("no time", 2, "'soon' is not like"),
        ("no line", 1, "no line 'nxet'"),
        ("nothing", 2, "either a MODEL or --list"),
    ],
)
def test_what_is_not_right_is_refused_in_a_line(
    scene: Scene, what: str, code: int, says: str
) -> None:
    result = scene.said[what]
    assert result.exit_code == code, result.output
    assert says in result.output
    assert "Traceback" not in result.output


def test_the_command_shows_what_it_compared_and_what_is_in_charge(scene: Scene) -> None:
    shown = scene.said["promoted"].output
    for text in ("in charge", "new", "same windows scored", "alerts opened"):
        assert text in shown
    assert f"in charge of windows that end at {utc(SINCE_MS)} on" in shown
    listed = scene.said["list"].output
    assert f"from {utc(SINCE_MS)}  line {LINE}: ulf-1hz 9.0.0" in listed
    assert [line.split(",")[0] for line in listed.splitlines()[2:]].count("in charge") == 1
