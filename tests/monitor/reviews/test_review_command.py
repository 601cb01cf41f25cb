"""`magwatch review`, and its reviews beside the alerts, on a real broker."""

from __future__ import annotations

import csv
import io
import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaProducer
from kafka.admin import NewTopic

from geofield.utc import time_ms
from monitor.commands.alerts import alerts
from monitor.commands.review import review
from monitor.kafka.tail import tail
from monitor.kafka.topics import admin
from monitor.records.reviews import MOST_NOTE, decode_review
from monitor.records.scores_and_alerts import decode_alert
from monitor.reviews.reading import reviews_now
from monitor.settings import load_settings
from support.clock import now_ms
from tests.monitor.webhook.feeds import lives, publish
from tests.monitor.workers import Site, new_site

MARKUP = "<script>alert(1)</script> [bold red]car[/] & =1+1"
VERSIONS = lives("WIC", "HON", "NEW")
IDS = {decode_alert(value).data.station: key.decode() for key, value in VERSIONS}


@pytest.fixture(scope="module")
def site(tansu_address: str, tmp_path_factory: pytest.TempPathFactory, model_path: Path) -> Site:
    site = new_site(tansu_address, tmp_path_factory.mktemp("site"), model_path)
    publish(site, VERSIONS)
    return site


def run(site: Site, *arguments: str) -> Result:
    return CliRunner(env=site.environment()).invoke(review, arguments)


def shown(site: Site, *options: str) -> str:
    return CliRunner(env=site.environment()).invoke(alerts, options).stdout


def complaint(result: Result) -> str:
    """The one line in which a user's mistake is told."""
    assert result.exit_code != 0
    return result.output or str(result.exception)


def test_a_review_is_shown_with_its_alert_and_changes_nothing_of_it(site: Site) -> None:
    before = shown(site, "--json", "--station", "WIC")
    began_ms = now_ms()
    said = run(site, IDS["WIC"], "--as", "man-made", "--note", MARKUP, "--by", "=Ada")
    assert said.exit_code == 0, said.output
    (line,) = [line for line in shown(site).splitlines() if " WIC " in line]
    assert IDS["WIC"][:8] in line
    assert "man-made" in line
    (row,) = csv.DictReader(io.StringIO(shown(site, "--csv", "--station", "WIC")))
    assert row["review"] == "man-made"
    assert row["review_note"] == MARKUP
    assert row["reviewed_by"] == "'=Ada"  # no formula in a spreadsheet
    event = json.loads(shown(site, "--json", "--station", "WIC"))
    found = event.pop("review")
    assert event == json.loads(before)
    assert found["note"] == MARKUP
    assert found["by"] == "=Ada"
    assert began_ms <= time_ms(found["reviewed"]) <= now_ms()
    assert [found[name] for name in ("start", "end")] == [
        event["data"][name] for name in ("start", "end")
    ]
    assert "review" not in json.loads(shown(site, "--json", "--station", "HON"))


def test_a_later_review_replaces_the_earlier_which_stays_in_the_topic(site: Site) -> None:
    start = IDS["HON"][:9]
    for verdict, by in (("unclear", "Ada"), ("natural", "Bob")):
        assert run(site, start, "--as", verdict, "--by", by).exit_code == 0
    assert reviews_now(site.settings)[IDS["HON"]].by == "Bob"
    (line,) = [line for line in shown(site).splitlines() if " HON " in line]
    assert "natural" in line
    assert "unclear" not in line
    values = [v for batch in tail(site.settings, "reviews", from_beginning=True, follow=False)
              for v in batch]  # fmt: skip
    words = [one.verdict for one in map(decode_review, values) if one.alert_id == IDS["HON"]]
    assert words == ["unclear", "natural"]


def test_without_a_name_the_login_says_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "grace")
    assert run(site, IDS["NEW"], "--as", "instrument").exit_code == 0
    assert reviews_now(site.settings)[IDS["NEW"]].by == "grace"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("0" * 32, "--as", "natural"), "no alert 0000"),
        (("wic", "--as", "natural"), "'wic' is no id of an alert"),
        (("ID", "--as", "seismic"), "'seismic' is not one of 'natural', 'man-made'"),
        (("ID",), "Missing option '--as'"),
        (("ID", "--as", "natural", "--note", "x" * (MOST_NOTE + 1)), "at most 500"),
        (("ID", "--as", "natural", "--note", "a\nb"), "a line break or another control"),
        (("ID", "--as", "natural", "--note", "a\x1b[31mb"), "a line break or another control"),
        (("ID", "--as", "natural", "--note", "a\u202eb"), "a line break or another control"),
        (("ID", "--as", "natural", "--by", " "), "the name is empty"),
    ],
)
def test_what_cannot_be_said_is_refused(site: Site, arguments: tuple[str, ...], said: str) -> None:
    before = reviews_now(site.settings).get(IDS["WIC"])
    given = [IDS["WIC"] if one == "ID" else one for one in arguments]
    assert said in complaint(run(site, *given))
    assert reviews_now(site.settings).get(IDS["WIC"]) == before


def test_a_record_that_is_no_review_hides_no_other(site: Site) -> None:
    assert run(site, IDS["WIC"], "--as", "natural", "--by", "Ada").exit_code == 0
    good = reviews_now(site.settings)[IDS["WIC"]]
    hostile = [
        b"\xff", b"{}", b"[" * 100_000, b"x" * 20_000,
        json.dumps({"alert_id": IDS["WIC"], "verdict": "man-made"}).encode(),
    ]  # fmt: skip
    with closing(KafkaProducer(bootstrap_servers=site.settings.broker)) as producer:
        for value in hostile:
            producer.send(site.settings.topic("reviews"), value, IDS["WIC"].encode()).get(30)
    assert reviews_now(site.settings)[IDS["WIC"]] == good


def test_without_the_topic_alerts_are_shown_and_a_review_says_what_to_do(
    tansu_address: str, site: Site
) -> None:
    settings = load_settings(broker=tansu_address, topic_prefix="unreviewed.")
    with closing(admin(settings)) as client:
        client.create_topics([NewTopic(settings.topic("alerts"), 1, 1)])
    older = Site(settings.model_copy(update={"profiles": site.settings.profiles}), site.folder)
    publish(older, VERSIONS)
    assert len(shown(older).splitlines()) == 4
    said = complaint(run(older, IDS["WIC"], "--as", "natural"))
    assert "no topic unreviewed.reviews: create it (`magwatch topics`)" in said
