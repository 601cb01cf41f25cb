"""`magwatch scoreboard` on real brokers: registering, and tables from topics and from a file."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaProducer

from geofield.alerts.alert import ModelRef
from geofield.utc import DAY_MS, HOUR_MS, time_ms, utc
from monitor.commands.scoreboard import scoreboard
from monitor.errors import Refused
from monitor.kafka.topics import missing_topics
from monitor.records.scores_and_alerts import model_fields
from monitor.scoreboard.book import ScoreBook, read_book
from monitor.scoreboard.reading import PublishedRecord
from monitor.scoreboard.registering import registered
from tests.geofield.scoreboard.builders import START_MS, alarm, quake
from tests.monitor.scoreboard.builders import MODEL, alert_record, quake_record
from tests.monitor.scoreboard.test_table import score
from tests.monitor.workers import Site, new_site

TEXT = """
name = "trial"
start = "{start}"
classes = ["local"]
alarm_days = 2
settle_days = 1
coverage_min = 0.01
delay_hours = 0
rehearsal = {rehearsal}

[earthquakes]
radius = "fixed"
radius_km = 300.0
magnitude_min = 5.0

[stations.S00]
latitude = 0.0
longitude = -100.0

[success]
min_events = 1
beat = ["random", "placebo"]
"""


@pytest.fixture
def site(tansu_address: str, tmp_path: Path, model_path: Path) -> Site:
    return new_site(tansu_address, tmp_path, model_path)


def run(site: Site, *arguments: str) -> Result:
    environment = {
        "MAGWATCH_BROKER": site.settings.broker,
        "MAGWATCH_TOPIC_PREFIX": site.settings.topic_prefix,
        "MAGWATCH_MODEL": str(site.settings.model),
    }
    return CliRunner().invoke(scoreboard, arguments, env=environment)


def protocol_file(site: Site, start: str = "2027-01-01", rehearsal: str = "true") -> str:
    path = site.folder / "scoreboard.toml"
    path.write_text(TEXT.format(start=start, rehearsal=rehearsal))
    return str(path)


def send(site: Site, topic: str, records: Iterable[PublishedRecord]) -> None:
    """Send the values of records, as of the registered model."""
    (own,) = registered(site.settings)
    producer = KafkaProducer(bootstrap_servers=site.settings.broker)
    for record in records:
        value = record.value.replace(MODEL.sha256, own.record.model.sha256)
        producer.send(site.settings.topic(topic), value.encode(), b"key")
    producer.flush(30)
    producer.close()


def filled(site: Site) -> None:
    """An alarm before one of two earthquakes, and data in every hour."""
    send(site, "alerts", [alert_record(alarm(0, 10.0, "first"))])
    send(
        site, "quakes", [quake_record(quake(0, 20.0, "us1")), quake_record(quake(0, 200.0, "us2"))]
    )
    ends = range(START_MS - 3 * DAY_MS, START_MS + 20 * DAY_MS, HOUR_MS // 2)
    send(site, "scores", (score(end_ms, end_ms) for end_ms in ends))


def test_a_table_comes_from_topics_and_the_same_from_the_file_they_were_saved_to(
    site: Site,
) -> None:
    assert "no protocol is registered" in str(run(site).exception)
    said = run(site, "register", protocol_file(site))
    assert "trial" in said.output, said.exception
    assert "a rehearsal" in said.output
    again = run(site, "register", protocol_file(site))
    assert "registered since" in str(again.exception)
    assert run(site, "list").output == said.output
    filled(site)
    at, book, folders = "2027-01-16", site.folder / "book.jsonl.gz", ("one", "other")
    options = ("--at", at, "--output", str(site.folder / folders[0]), "--save", str(book))
    first = run(site, *options)
    assert first.exit_code == 0, first.output
    assert "does not predict earthquakes" in first.output
    assert "REHEARSAL" in first.output
    second = run(site, "--from", str(book), "--at", at, "-o", str(site.folder / folders[1]))
    assert second.exit_code == 0, second.output
    for name in ("scoreboard-trial.json", "scoreboard-trial.html"):
        one, other = ((site.folder / folder / name).read_bytes() for folder in folders)
        assert one == other
    assert b'"hits": 1' in (site.folder / "one" / "scoreboard-trial.json").read_bytes()


def test_without_a_start_in_the_future_only_a_rehearsal_is_registered(site: Site) -> None:
    past = run(site, "register", protocol_file(site, "2020-01-01", "false"))
    assert "start 2020-01-01 is not in the future" in str(past.exception)
    assert registered(site.settings) == []


def test_a_registration_with_a_sender_s_time_is_warned_of_and_refused(site: Site) -> None:
    start = utc((time_ms(utc(int(time.time()) * 1000)) // DAY_MS + 2) * DAY_MS)[:10]
    said = run(site, "register", protocol_file(site, start, "false"))
    assert said.exit_code == 0, said.exception
    (own,) = registered(site.settings)
    if own.by_broker:  # the embedded broker may learn to
        pytest.skip("the embedded broker dates records itself")
    with pytest.raises(Refused, match="dated by its sender"):
        ScoreBook(own).check()


def test_what_a_broker_dates_is_known_as_its(
    kafka_address: str, tmp_path: Path, model_path: Path
) -> None:
    site = new_site(kafka_address, tmp_path, model_path)
    while missing_topics(site.settings):  # a new topic takes Kafka a moment
        time.sleep(0.1)
    before_ms = round(time.time() * 1000)
    assert run(site, "register", protocol_file(site)).exit_code == 0
    send(site, "alerts", [alert_record(alarm(0, 10.0, "first"))] * 2)
    (own,) = registered(site.settings)
    assert own.by_broker
    book = read_book(site.settings, own)
    records = book.records["alerts"]
    assert [record.by_broker for record in records] == [True, True]
    assert all(before_ms <= record.published_ms <= time.time() * 1000 for record in records)


def test_two_registrations_are_told_apart(site: Site) -> None:
    run(site, "register", protocol_file(site))
    run(site, "register", protocol_file(site, "2027-02-01"))
    assert "several registered: name one with --registration" in str(run(site).exception)
    first, second = registered(site.settings)
    assert first.record.model == model_fields(
        ModelRef(first.record.model.name, first.record.model.version, first.record.model.sha256, "")
    )
    named = run(site, "--registration", second.record.sha256[:12], "--at", "2027-02-10")
    assert "2027-02-01T00:00:00Z" in named.output, named.exception
