"""Whatever stands in a topic: the page serves on, shows what is good and counts the rest."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer

from archive.model import default_model_path
from monitor.kafka.topics import MAX_DEAD_LETTER_BYTES
from tests.abuse.page_horrors import (
    STATION,
    Horror,
    alerts,
    from_the_future,
    good_alert,
    good_samples,
    good_score,
    samples,
    scores,
)
from tests.monitor.dashboard.pages import Page, answered, page
from tests.monitor.feeds import START_MS
from tests.monitor.workers import Site, new_site, wait_until

HOUR_MS = 3_600_000
HOP_MS = 64_000
BEFORE, AFTER = 32 * "a", 32 * "b"
LAST_SAMPLE_MS = START_MS + HOUR_MS
LAST_WINDOW_MS = START_MS // HOP_MS * HOP_MS + 100 * HOP_MS


@dataclass
class Aftermath:
    """The page when all of it has been read."""

    page: Page
    horrors: dict[str, list[Horror]]

    def json(self, path: str) -> Any:
        """An answer of the page; a number that no browser can rely on is a fault."""
        found = json.loads(answered(self.page.url + path), parse_constant=_no_number)
        _check(found)
        return found

    @property
    def snapshot(self) -> Any:
        return self.json("/api/snapshot")

    def shown(self, topic: str) -> list[Horror]:
        return [horror for horror in self.horrors[topic] if horror.shown]

    def left_out(self) -> int:
        return sum(not horror.shown for horrors in self.horrors.values() for horror in horrors)


def _no_number(text: str) -> float:
    raise AssertionError(f"{text} is no number to a browser")


def _check(value: Any) -> None:
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            _check(part)
    elif isinstance(value, int | float):
        assert math.isfinite(value)
        assert abs(value) < 2**53


@pytest.fixture(scope="module")
def aftermath(tansu_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    folder = tmp_path_factory.mktemp("page")
    site = new_site(tansu_address, folder, default_model_path())
    horrors = {"samples": samples(), "scores": scores(), "alerts": alerts()}
    for topic, future in from_the_future(time.time_ns() // 1_000_000).items():
        horrors[topic] += future
    send_all(site, horrors)
    with page(site.environment(), folder) as running:
        found = Aftermath(running, horrors)
        wait_until(lambda: all_read(found), seconds=30)
        time.sleep(0.5)
        yield found


def send_all(site: Site, horrors: dict[str, list[Horror]]) -> None:
    """Good records, every horror, and good records again."""
    before = {
        "samples": Horror("good", good_samples(START_MS)),
        "scores": Horror("good", good_score(LAST_WINDOW_MS - HOP_MS, rmse=0.25)),
        "alerts": Horror("good", good_alert(BEFORE), key=BEFORE.encode()),
    }
    after = {
        "samples": Horror("good", good_samples(LAST_SAMPLE_MS - 60_000)),
        "scores": Horror("good", good_score(LAST_WINDOW_MS, rmse=0.75)),
        "alerts": Horror("good", good_alert(AFTER), key=AFTER.encode()),
    }
    producer = KafkaProducer(
        bootstrap_servers=site.settings.broker,
        max_request_size=2 * MAX_DEAD_LETTER_BYTES,
    )
    with closing(producer):
        for topic, records in horrors.items():
            for record in [before[topic], *records, after[topic]]:
                kind = record.content_type.encode()
                headers = [("content-type", kind)] if kind else []
                producer.send(
                    site.settings.topic(topic),
                    record.value,
                    record.key,
                    headers,
                    partition=0,  # all in one, so that the last one is read last
                    timestamp_ms=record.timestamp_ms,
                )
        producer.flush(30)


def all_read(found: Aftermath) -> bool:
    everything = json.loads(answered(found.page.url + "/api/snapshot"))["everything"]
    newest = {station["code"]: station for station in everything["stations"]}.get(STATION, {})
    return (
        newest.get("newest_ms") == LAST_SAMPLE_MS - 1000
        and newest.get("window_end_ms") == LAST_WINDOW_MS
        and any(alert["alert_id"] == AFTER for alert in everything["alerts"])
    )


def test_there_are_a_hundred_of_each(aftermath: Aftermath) -> None:
    counts = {topic: len(horrors) for topic, horrors in aftermath.horrors.items()}
    print("horrors", counts)
    assert min(counts.values()) >= 100


def test_what_cannot_be_shown_is_counted_with_its_reason(aftermath: Aftermath) -> None:
    left_out = aftermath.snapshot["left_out"]
    assert left_out["count"] == aftermath.left_out()
    topic, _, reason = left_out["newest"].partition(": ")
    assert topic in ("samples", "scores", "alerts")
    assert 5 < len(reason) <= 200


def test_all_other_alerts_are_shown(aftermath: Aftermath) -> None:
    alerts = aftermath.snapshot["everything"]["alerts"]
    expected = {BEFORE, AFTER}
    expected |= {json.loads(one.value)["data"]["alert_id"] for one in aftermath.shown("alerts")}
    assert {alert["alert_id"] for alert in alerts} == expected
    for alert in alerts:
        assert isinstance(alert["start_ms"], int)
        assert alert["start_ms"] <= alert["end_ms"] < time.time() * 1000


def test_no_record_pushes_the_last_hours_out(aftermath: Aftermath) -> None:
    trace = aftermath.json(f"/api/stations/{STATION}/trace?span_ms={2 * HOUR_MS}&pixels=4000")
    field = trace["field"]["H"]
    times = [trace["start_ms"] + 1000 * place for place in field["at"]]
    drawn = {ms for ms, nt in zip(times, field["nt"], strict=True) if nt is not None}
    assert {START_MS, LAST_SAMPLE_MS - 1000} <= drawn
    assert max(drawn) == LAST_SAMPLE_MS - 1000


def test_the_good_scores_are_shown(aftermath: Aftermath) -> None:
    span = f"span_ms={24 * HOUR_MS}&end_ms={LAST_WINDOW_MS + HOP_MS}"
    scores = aftermath.json(f"/api/stations/{STATION}/trace?{span}")["scores"]
    rmse = dict(zip(scores["end_ms"], scores["rmse"], strict=True))
    assert rmse[LAST_WINDOW_MS - HOP_MS] == 0.25
    (station,) = aftermath.snapshot["everything"]["stations"]
    assert (station["code"], station["score"]) == (STATION, 0.75)


def test_it_serves_on_and_its_log_is_short(aftermath: Aftermath) -> None:
    assert answered(aftermath.page.url + "/healthz") == b"live\n"
    assert aftermath.page.process.poll() is None
    text = aftermath.page.log.read_text()
    assert "Traceback" not in text
    assert len(text.splitlines()) < 12, text
    assert '"event": "records that cannot be shown"' in text


class _Raw(str):
    """A header's name that is not UTF-8 on its way."""

    def encode(self, *_: object) -> bytes:
        return b"\xff\xfe"


def test_a_header_that_is_not_utf_8_does_not_end_it(tansu_address: str, tmp_path: Path) -> None:
    site = new_site(tansu_address, tmp_path, default_model_path())
    with closing(KafkaProducer(bootstrap_servers=tansu_address)) as producer:
        headers = [(_Raw("xx"), b"1")]
        producer.send(site.settings.topic("samples"), good_samples(START_MS), b"WIC", headers)
        producer.flush(20)
    with page(site.environment(), tmp_path) as running:
        wait_until(lambda: answered(running.url + "/healthz") in (b"unreadable\n", b"live\n"))
        time.sleep(1)
        assert running.process.poll() is None
        assert "Traceback" not in running.log.read_text()
