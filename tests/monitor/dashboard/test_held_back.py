"""A sample from the future: what the page says, and the runbook's way out, on a real Kafka."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from archive.model import default_model_path
from archive.recording import Recording
from monitor.records.sample_encoder import encode_samples
from tests.monitor.dashboard.pages import Page, answered, page
from tests.monitor.feeds import station
from tests.monitor.workers import Site, new_site, wait_until, worker

MINUTE_MS = 60_000
BEFORE, AHEAD, LATE, ANEW = range(-26, -6), range(30, 32), range(-6, -4), range(-27, 3)


def minutes(now_ms: int, numbers: range) -> list[Recording]:
    """Minutes of the station from now on; negative ones are past."""
    recording = station("WIC", 60, seed=1)
    return [
        replace(minute, start_ms=now_ms + number * MINUTE_MS)
        for number, minute in zip(numbers, recording.records(60), strict=False)
    ]


def send_dated(site: Site, recordings: list[Recording]) -> None:
    """Send records dated by the clock of the station."""
    topic = site.settings.topic("samples")
    with closing(KafkaProducer(bootstrap_servers=site.settings.broker)) as producer:
        for minute in recordings:
            sent_ms = minute.end_ms
            producer.send(topic, encode_samples(minute), b"WIC", timestamp_ms=sent_ms).get(10)


def let_senders_date(site: Site) -> None:
    """As a topic that was not made by `magwatch topics`."""
    name = site.settings.topic("samples")
    wanted = {"message.timestamp.type": "CreateTime"}
    resource = ConfigResource(ConfigResourceType.TOPIC, name, configs=wanted)
    with closing(KafkaAdminClient(bootstrap_servers=site.settings.broker)) as admin:
        admin.alter_configs([resource], raise_on_unknown=False)


def seen(shown: Page) -> dict[str, Any]:
    """The station as the page has it; empty before it has it."""
    stations = json.loads(answered(shown.url + "/api/snapshot"))["everything"]["stations"]
    return dict(stations[0]) if stations else {}


def kcat(site: Site, *arguments: str, value: bytes = b"") -> str:
    """What kcat says of the topic of states."""
    where = ["-b", site.settings.broker, "-t", site.settings.topic("state")]
    done = subprocess.run(
        ["kcat", *where, *arguments], input=value, capture_output=True, check=True, timeout=30
    )
    return done.stdout.decode(errors="replace")


def partition_of_state(site: Site) -> str | None:
    """Where the newest checkpoint of the station is."""
    lines = kcat(site, "-C", "-e", "-f", "%k %p %o\\n").splitlines()
    found = [line.split()[1] for line in lines if line.startswith("WIC ")]
    return found[-1] if found else None


@pytest.mark.skipif(shutil.which("kcat") is None, reason="no kcat here")
def test_it_is_held_back_until_its_checkpoint_is_taken_back(
    kafka_address: str, tmp_path: Path
) -> None:
    site = new_site(kafka_address, tmp_path, default_model_path())
    let_senders_date(site)
    now_ms = round(time.time()) * 1000
    with page(site.environment(SILENT_AFTER_S="3600"), tmp_path) as shown:
        with worker(site, CHECKPOINT_S="1"):
            send_dated(site, minutes(now_ms, BEFORE))
            wait_until(lambda: seen(shown).get("state") == "calibrating")
            send_dated(site, minutes(now_ms, AHEAD[:1]))
            send_dated(site, minutes(now_ms, LATE))
            wait_until(lambda: seen(shown)["newest_ms"] == now_ms - 4 * MINUTE_MS - 1000)
            assert seen(shown)["state"] == "calibrating"  # one record alone changes nothing
            send_dated(site, minutes(now_ms, AHEAD))
            wait_until(lambda: seen(shown)["state"] == "held-back")
            assert seen(shown)["ahead_ms"] == now_ms + 32 * MINUTE_MS - 1000
            assert not seen(shown)["unscored"]
            wait_until(lambda: partition_of_state(site) is not None)
        partition = partition_of_state(site)
        assert partition is not None
        kcat(site, "-P", "-p", partition, "-K", "|", "-Z", value=b"WIC|\n")
        with worker(site):
            send_dated(site, minutes(now_ms, ANEW))
            wait_until(lambda: seen(shown)["state"] != "held-back")
            assert seen(shown)["ahead_ms"] is None
