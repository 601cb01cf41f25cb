"""What is shipped for Prometheus and Alertmanager is valid, whole, and speaks of what there is."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.brokers import ROOT
from tests.monitor.exposition import GOLDEN, history_exposition, ingest_exposition
from tests.service.hastened import ALERTMANAGER, PROMETHEUS
from tests.service.queries import (
    Query,
    alerting,
    names,
    panel_queries,
    recorded,
    rule_queries,
    selectors,
)
from tests.service.servers import program

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MENTIONED = re.compile(r"\bmagwatch(?:_[a-z0-9_]+|:[a-z0-9_]+:[a-z0-9_]+|:[a-z0-9_]+)")
LABELLED = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"")
SHOWN = re.compile(r"^(\w+)(?:\{(.*)\})?$", re.MULTILINE)
# Prometheus gives every series these, the client library the others.
TARGET = {"job", "instance"}
FOREIGN = re.compile(r"up|ALERTS|process_\w+|python_\w+|scrape_\w+|prometheus_\w+|alertmanager_\w+")
EACH_ALERT = pytest.mark.parametrize("name", alerting())
EVERY_QUERY = rule_queries() + panel_queries()


def shown() -> dict[str, set[str]]:
    """Names of the series of worker, ingest and history with their labels."""
    found: dict[str, set[str]] = {}
    text = GOLDEN.read_text() + ingest_exposition() + history_exposition()
    for name, labels in SHOWN.findall(text):
        found.setdefault(name, set()).update(LABELLED.findall(labels))
    return found


def cases() -> dict[str, list[bool]]:
    """Of every alert in promtool's tests, whether it fires in each case."""
    found: dict[str, list[bool]] = {}
    for path in (PROMETHEUS / "tests").glob("*.yml"):
        for test in yaml.safe_load(path.read_text())["tests"]:
            for case in test["alert_rule_test"]:
                found.setdefault(case["alertname"], []).append(bool(case["exp_alerts"]))
    return found


@pytest.mark.parametrize(
    ("tool", "command", "files"),
    [
        ("promtool", ["check", "config"], ["prometheus.yml"]),
        ("promtool", ["check", "rules"], ["rules/*.yml"]),
        ("promtool", ["test", "rules"], ["tests/*.yml"]),
        ("amtool", ["check-config"], ["../alertmanager/alertmanager.yml"]),
    ],
)
def test_the_tools_of_prometheus_agree(tool: str, command: list[str], files: list[str]) -> None:
    paths = [str(path) for pattern in files for path in sorted(PROMETHEUS.glob(pattern))]
    assert paths
    result = subprocess.run(
        [program(tool), *command, *paths], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


@EACH_ALERT
def test_a_rule_says_what_it_is_and_where_to_read_on(name: str) -> None:
    rule = alerting()[name]
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    link = f"{{{{ $externalLabels.docs }}}}/runbook.md#{name.lower()}"
    assert rule["annotations"]["runbook_url"] == link


@EACH_ALERT
def test_a_rule_has_a_section_with_what_to_look_at_and_to_do(name: str) -> None:
    section = re.search(rf"^### {name}\n(.*?)(?=^##|\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    assert section is not None
    assert "\n- Look: " in section[1]
    assert "\n- Do: " in section[1]


def test_the_runbook_has_no_section_for_a_rule_that_is_gone() -> None:
    assert set(re.findall(r"^### (Magwatch\w+)", RUNBOOK, re.MULTILINE)) == alerting().keys()
    assert set(re.findall(r"\bMagwatch[A-Z]\w+", RUNBOOK)) == alerting().keys()


@EACH_ALERT
def test_a_rule_is_tried_where_it_fires_and_where_it_does_not(name: str) -> None:
    assert set(cases()[name]) == {True, False}


def test_alertmanager_holds_back_and_routes_only_what_there_is() -> None:
    text = ALERTMANAGER.read_text()
    assert set(re.findall(r"Magwatch\w+", text)) <= alerting().keys()
    severities = {rule["labels"]["severity"] for rule in alerting().values()}
    assert set(re.findall(r'severity = "(\w+)"', text)) <= severities


@pytest.mark.parametrize("query", EVERY_QUERY, ids=lambda query: query.where)
def test_a_query_names_metrics_and_labels_that_there_are(query: Query) -> None:
    known = shown()
    for name in names(query.expression):
        assert name in known or name in recorded() or FOREIGN.fullmatch(name), name
    for selector in selectors(query.expression):
        name, _, labels = selector.partition("{")
        if name in known:
            assert set(LABELLED.findall(labels)) <= known[name] | TARGET, selector


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_metrics_that_there_are(page: Path) -> None:
    mentioned = set(MENTIONED.findall(page.read_text(encoding="utf-8")))
    families = {re.sub(r"_(?:bucket|sum|count)$", "", name) for name in shown()}
    assert mentioned - shown().keys() - families - recorded() == set()


def test_a_name_that_is_not_there_would_be_noticed() -> None:
    assert names("sum(rate(magwatch_sampels_total[5m])) by (job)") == {"magwatch_sampels_total"}
    assert "magwatch_sampels_total" not in shown()
    assert {"station", "outcome"} <= shown()["magwatch_samples_total"]
