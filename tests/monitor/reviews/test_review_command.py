"""`magwatch review`, and its reviews beside the alerts, on a real broker."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from kafka import KafkaProducer
from kafka.admin import NewTopic

from geofield.utc import time_ms
from monitor.commands.alerts import alerts
from monitor.commands.review import review
from monitor.errors import Refused
from monitor.kafka.tail import tail
from monitor.kafka.topics import admin
from monitor.records.reviews import MOST_NOTE, Said, decode_review, review_of
from monitor.records.scores_and_alerts import decode_alert
from monitor.reviews.export import brought_up_to_date, read_left_out
from monitor.reviews.reading import reviews_now
from monitor.settings import load_settings
from support.clock import now_ms
from support.spans import span_of
from tests.monitor.webhook.feeds import lives, publish
from tests.monitor.workers import Site, new_site
from training.recipe.tables import LeftOutSpan

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


REFUSED: list[tuple[tuple[str, ...], str]] = [
    (("0" * 32, "--as", "natural"), "no alert 0000"),
    (("wic", "--as", "natural"), "'wic' is no id of an alert"),
    (("ID", "--as", "seismic"), "'seismic' is not one of 'natural', 'man-made'"),
    (("ID",), "give the ID of an alert and --as"),
    (("ID", "--as", "natural", "--note", "x" * (MOST_NOTE + 1)), "at most 500"),
    (("ID", "--as", "natural", "--note", "a\nb"), "a line break or another control"),
    (("ID", "--as", "natural", "--note", "a\x1b[31mb"), "a line break or another control"),
    (("ID", "--as", "natural", "--note", "a\u202eb"), "a line break or another control"),
    (("ID", "--as", "natural", "--by", " "), "the name is empty"),
]


def test_what_cannot_be_said_is_refused(site: Site) -> None:
    before = reviews_now(site.settings).get(IDS["WIC"])
    for arguments, said in REFUSED:
        given = [IDS["WIC"] if one == "ID" else one for one in arguments]
        assert said in complaint(run(site, *given)), arguments
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


def test_what_was_said_is_written_for_training_and_calibration(site: Site, tmp_path: Path) -> None:
    for station, verdict in (("WIC", "man-made"), ("HON", "natural"), ("NEW", "instrument")):
        said = run(site, IDS[station], "--as", verdict, "--note", '=1+1 "x" \\ #', "--by", "Ada")
        assert said.exit_code == 0
    labels, recipe = tmp_path / "reviews.csv", tmp_path / "left-out.toml"
    for output in (labels, recipe):
        result = run(site, "--export", str(output))
        assert result.stdout == f"3 alerts reviewed: {output}\n"
    rows = {row["station"]: row for row in csv.DictReader(labels.open())}
    assert {name: row["verdict"] for name, row in rows.items()} == {
        "WIC": "man-made", "HON": "natural", "NEW": "instrument",
    }  # fmt: skip
    assert rows["WIC"]["note"].startswith("'=1+1")
    spans = read_left_out(labels)
    assert spans.keys() == {"WIC", "NEW"}
    (span,) = spans["WIC"]
    assert (span.start_ms, span.end_ms) == (
        time_ms(rows["WIC"]["start"]), time_ms(rows["WIC"]["end"]),
    )  # fmt: skip
    named = tomllib.loads(recipe.read_text())
    assert named.keys() == {"WIC", "NEW"}
    parts = msgspec.convert(named["WIC"]["left_out"], tuple[LeftOutSpan, ...])  # as a recipe's
    assert [span_of(part.span) for part in parts] == [span]
    assert parts[0].why.startswith("WIC: man-made by Ada, 20")
    assert parts[0].why.endswith(': =1+1 "x" \\ #')


def test_an_alert_that_went_on_after_its_review_is_left_out_to_its_end(site: Site) -> None:
    events = [decode_alert(value) for _, value in VERSIONS]
    first, last = (found[at] for found in [[e for e in events if e.data.station == "WIC"]]
                   for at in (0, -1))  # fmt: skip
    span_ms = time_ms(first.data.start), time_ms(first.data.end)
    early = review_of(IDS["WIC"], "WIC", span_ms, Said("man-made", "Ada"), now_ms())
    (review_now,) = brought_up_to_date({IDS["WIC"]: early}, {IDS["WIC"]: last})
    assert time_ms(review_now.end) == time_ms(last.data.end) > span_ms[1]
    assert brought_up_to_date({IDS["WIC"]: early}, {}) == [early]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("code,from\n", "no column 'station'"),
        ("station,start,end,verdict\nWIC,2024-05-10,2024-05-09,man-made\n", "line 2: it does not"),
        ("station,start,end,verdict\nWIC,soon,later,man-made\n", "line 2: start and end must be"),
        ("station,start,end,verdict\nWIC,2024-05-09,2024-05-10,car\n", "'car' is none of natural"),
        ("station,start,end,verdict\n?,2024-05-09,2024-05-10,natural\n", "'?' is not an IAGA"),
        ("station,start,end,verdict\nWIC,2024-05-09\n", "line 2"),
    ],
)
def test_labels_that_cannot_be_used_are_refused_by_line(
    content: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text(content)
    with pytest.raises(Refused, match=re.escape(said)):
        read_left_out(path)


def test_export_and_a_review_are_not_one_command(site: Site, tmp_path: Path) -> None:
    assert "give the ID of an alert and --as, or --export" in run(site).output
    both = run(site, IDS["WIC"], "--export", str(tmp_path / "a.csv"))
    assert "leave ID and the rest out" in both.output
    assert "ends in neither .csv nor .toml" in run(site, "--export", "reviews.json").output
