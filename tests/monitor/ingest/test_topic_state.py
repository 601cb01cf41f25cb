"""What a start knows of the stations: what the topic has, however far back."""

import asyncio
from dataclasses import replace

import pytest

from monitor.ingest import topic_state
from monitor.ingest.manner import PUSHED
from monitor.ingest.series import StationSeries
from monitor.ingest.topic_state import ENOUGH, restored
from monitor.kafka.producer import Outgoing, Publisher
from tests.monitor.feeds import station
from tests.monitor.workers import Site, encoded, send

OFTEN, SELDOM = station("WIC", 12, 1, elements="XYZ"), station("HON", 1, 2, elements="XYZ")


def known(site: Site, *codes: str) -> dict[str, StationSeries]:
    return asyncio.run(restored(site.settings, dict.fromkeys(codes, 1000), 0))


def test_every_station_is_found_behind_the_records_of_others(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topic_state, "FIRST_DEPTH", 8)
    monkeypatch.setattr(topic_state, "home_of", lambda *_: 0)  # all on one partition
    monkeypatch.setattr("monitor.kafka.producer.home_of", lambda *_: 0)
    records = [*encoded(SELDOM.records(20)), *encoded(OFTEN.records(1)), (b"WIC", b"rubbish")]
    send_to_first_partition(site, records)
    series = known(site, "WIC", "HON", "NEW")
    assert series["WIC"].newest_ms == OFTEN.end_ms - 1000
    assert series["WIC"].remembered >= ENOUGH
    assert series["HON"].newest_ms == SELDOM.end_ms - 1000
    assert series["NEW"].after is None
    again = OFTEN.between(OFTEN.end_ms - 100_000, OFTEN.end_ms)
    assert series["WIC"].take(again, PUSHED, 0) == []
    assert series["WIC"].counts.duplicate == 100


def send_to_first_partition(site: Site, records: list[tuple[bytes, bytes]]) -> None:
    topic = site.settings.topic("samples")

    async def publish() -> None:
        publisher = Publisher(site.settings, lambda: None)
        await publisher.publish([Outgoing(topic, key, value) for key, value in records])
        await publisher.stop()

    asyncio.run(publish())


def test_a_station_beyond_the_limit_is_taken_as_new(
    tansu_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topic_state, "FIRST_DEPTH", 4)
    monkeypatch.setattr(topic_state, "MOST_DEPTH", 16)
    monkeypatch.setattr(topic_state, "home_of", lambda *_: 0)
    monkeypatch.setattr("monitor.kafka.producer.home_of", lambda *_: 0)
    send_to_first_partition(tansu_site, [*encoded(SELDOM.records(20)), *encoded(OFTEN.records(10))])
    series = known(tansu_site, "WIC", "HON")
    assert series["HON"].after is None
    assert series["WIC"].newest_ms == OFTEN.end_ms - 1000


def test_the_newest_orientation_counts(tansu_site: Site) -> None:
    before = station("WIC", 1, 3)
    after = replace(station("WIC", 1, 4, elements="XYZ"), start_ms=before.end_ms)
    send(tansu_site, encoded([before, after]))
    series = known(tansu_site, "WIC")["WIC"]
    assert series.elements == "XYZ"
    assert series.remembered == 60
