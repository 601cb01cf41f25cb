"""Commands that read topics show what can be shown, and say of the rest in one line why not."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from archive.model import load_manifest
from archive.profile import encode_profile
from geofield.indices import KP, IndexInterval
from monitor.records.handovers import encode_handover
from monitor.records.indices import encode_index
from tests.abuse.batches import CODECS, Record, batch_of
from tests.abuse.horrors import horrors
from tests.abuse.test_worker import wired
from tests.geofield.builders import MODEL
from tests.monitor.feeds import calibrated
from tests.monitor.webhook.feeds import lives
from tests.monitor.webhook.receivers import Script, receiver
from tests.monitor.workers import Site, new_site
from tests.processes import magwatch


def run(site: Site, *arguments: str, **more: str) -> tuple[int, str, str]:
    """Exit code, output and messages of a command."""
    done = magwatch(*arguments, env=site.environment(**more))
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def site(kafka_address: str, tmp_path_factory: pytest.TempPathFactory, model_path: Path) -> Site:
    """Horrors in every topic that people read, in every codec, and something good at the end."""
    site = new_site(kafka_address, tmp_path_factory.mktemp("site"), model_path)
    profile = calibrated(site.folder / "profiles", model_path, "WIC", 1.5)
    (_, opened), *_ = lives("WIC")
    sha256 = load_manifest(model_path.with_suffix(".json")).sha256
    score = SCORE.replace(b"SHA256", sha256.encode())
    handover = encode_handover("next", MODEL, 0)[1]
    steering = opened.replace(b"no skill shown", b"no skill \\u001b[2J shown")
    topics = {
        "alerts": [*horrors(opened), steering, opened],
        "profiles": [*horrors(encode_profile(profile)), encode_profile(profile)],
        "control": [*horrors(handover), handover],
        "scores": [*horrors(score), score],
        "indices": [
            *horrors(encode_index(KP, [IndexInterval(KP, 0, 10_800_000, 10_800_000, 2.0)]))
        ],
    }
    with wired(site) as wire:
        for topic, values in topics.items():
            for number, codec in enumerate(CODECS):
                records = [Record(b"WIC", one) for one in values[number :: len(CODECS)]]
                wire.produce(site.settings.topic(topic), 0, batch_of(records, codec))
    return site


SCORE = (
    b'{"schema_version":2,"station":"WIC","window_start":"2024-05-09T00:04:16Z",'
    b'"window_end":"2024-05-09T00:08:32Z","decided":"2024-05-09T00:12:44Z","model":{"name":"m",'
    b'"version":"1","sha256":"SHA256"},"quality":"ok","completeness":1.0,"rmse":0.3,"mae":0.2,'
    b'"error":{"H":0.3,"E":0.3,"Z":0.3},"threshold":1.5,"return_period_days":0.1,"context":'
    b'{"kp_highest":null,"kp_complete":false,"dst_lowest_nt":null},"trouble":[]}'
)


def test_alerts(site: Site) -> None:
    code, shown, said = run(site, "alerts", "--from-beginning", "--no-follow")
    assert code == 0
    assert "OPENED" in shown
    assert "\x1b[2J" not in shown
    assert all(line.startswith("not an alert of magwatch: ") for line in said.splitlines())
    assert len(said.splitlines()) > 100
    code, shown, _ = run(site, "alerts", "--from-beginning", "--no-follow", "--json")
    events = [json.loads(line) for line in shown.splitlines()]
    assert all(event["type"].startswith("magwatch.alert.") for event in events)


@pytest.mark.parametrize("asking", [signal.SIGINT, signal.SIGTERM])
def test_versions_end_at_a_signal_without_a_word(site: Site, asking: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", "alerts", "--json", "--from-beginning"],
        env=site.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b'{"specversion"')
        process.send_signal(asking)
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, b"Traceback" in said) == (0, False), said


def test_webhook(site: Site) -> None:
    script = Script()
    with receiver(script) as url:
        code, shown, _ = run(site, "alerts", "--from-beginning", "--no-follow", "--webhook", url)
    assert code == 0, shown
    assert "unreadable" in shown
    assert script.accepted


def test_profiles(site: Site) -> None:
    code, shown, said = run(site, "profiles")
    assert (code, "WIC" in shown) == (0, True)
    assert "a record was no profile: " in said


def test_handovers(site: Site) -> None:
    code, shown, said = run(site, "promote", "--list", "--days", "400")
    assert (code, "in charge" in shown) == (0, True)
    assert "a record was not understood: " in said


def test_indices(site: Site) -> None:
    urls = {f"INDEX_{name}_URL": "http://127.0.0.1:9/" for name in ("GFZ", "NOAA", "KYOTO")}
    code, shown, said = run(site, "indices", "--once", **urls)
    assert code == 1
    assert "index records left out" in shown + said
