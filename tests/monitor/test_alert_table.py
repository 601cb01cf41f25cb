"""`magwatch alerts`: one line for each alert as of now, filters, CSV, JSON, and the stream."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitor.commands.alerts import alerts
from monitor.kafka.topics import create_topics
from monitor.return_period import return_period
from monitor.settings import load_settings
from tests.monitor.webhook.feeds import lives, publish
from tests.monitor.workers import Site, new_site


@pytest.fixture(scope="module")
def site(tansu_address: str, tmp_path_factory: pytest.TempPathFactory, model_path: Path) -> Site:
    """Two alerts that are over, and one that is open."""
    site = new_site(tansu_address, tmp_path_factory.mktemp("site"), model_path)
    publish(site, [*lives("WIC", "HON"), *lives("NEW", days=4000.0)[:1]])
    return site


def run(site: Site, *options: str) -> Result:
    return CliRunner(env=site.environment()).invoke(alerts, options)


def test_the_table_has_a_line_for_each_alert(site: Site) -> None:
    shown = run(site).output.splitlines()
    assert len(shown) == 1 + 3
    assert "began (UTC)" in shown[0]
    by_station = {line.split()[4]: line for line in shown[1:]}
    assert {"WIC", "HON", "NEW"} == set(by_station)
    assert "resolved" in by_station["WIC"]
    assert "open" in by_station["NEW"]
    assert "over a year" in by_station["NEW"]


@pytest.mark.parametrize(
    ("options", "stations"),
    [
        (("--station", "wic"), {"WIC"}),
        (("--station", "WIC", "--station", "NEW"), {"WIC", "NEW"}),
        (("--status", "open"), {"NEW"}),
        (("--class", "unknown"), {"WIC", "HON", "NEW"}),
        (("--class", "local"), set()),
        (("--since", "2100-01-01"), set()),
        (("--since", "2000-01-01T00:00:00Z"), {"WIC", "HON", "NEW"}),
    ],
)
def test_filters(site: Site, options: tuple[str, ...], stations: set[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(run(site, "--csv", *options).stdout)))
    assert {row["station"] for row in rows} == stations
    events = [json.loads(line) for line in run(site, "--json", *options).stdout.splitlines()]
    assert {event["subject"] for event in events} == stations
    if "--status" not in options:  # every alert was open once
        streamed = run(site, "--from-beginning", "--no-follow", "--json", *options).stdout
        assert {json.loads(line)["subject"] for line in streamed.splitlines()} == stations


def test_csv_says_what_the_record_says(site: Site) -> None:
    (row,) = csv.DictReader(io.StringIO(run(site, "--csv", "--station", "WIC").stdout))
    (event,) = run(site, "--json", "--station", "WIC").stdout.splitlines()
    data = json.loads(event)["data"]
    assert row["alert_id"] == data["alert_id"]
    assert float(row["score"]) == data["score"]
    assert float(row["duration_s"]) > 0


def test_a_word_where_there_is_nothing(site: Site, tansu_address: str, tmp_path: Path) -> None:
    assert run(site, "--class", "local").output == "no alerts of that kind, 3 others\n"
    empty = load_settings(broker=tansu_address, topic_prefix="nothing.")
    create_topics(empty)
    nothing = CliRunner(env=site.environment(TOPIC_PREFIX="nothing.")).invoke(alerts)
    assert nothing.output == "no alerts\n"


@pytest.mark.parametrize(
    "options",
    [
        ("--webhook", "http://127.0.0.1:9/", "--station", "WIC"),
        ("--versions", "--csv"),
        ("--since", "yesterday"),
        ("--class", "nonsense"),
    ],
)
def test_what_does_not_go_together_is_refused(site: Site, options: tuple[str, ...]) -> None:
    refused = run(site, *options)
    assert refused.exit_code == 2
    assert "Error: " in refused.output


@pytest.mark.parametrize(
    ("days", "words"),
    [(0.01, "under an hour"), (0.5, "12 hours"), (40.2, "40 days"), (27_351.0, "over a year")],
)
def test_periods_claim_no_more_than_is_known(days: float, words: str) -> None:
    assert return_period(days) == words
