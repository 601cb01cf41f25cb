"""Grafana's dashboards: current, complete, and asking only for what exists."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, ProcessCollector

from deploy.grafana.boards.__main__ import FOLDER, rendered
from deploy.grafana.boards.parts import DATASOURCE_UID
from monitor.metrics.metrics import Metrics
from tests.brokers import ROOT

PROVISIONING = ROOT / "deploy" / "grafana" / "provisioning"
RULES = ROOT / "deploy" / "prometheus" / "rules"
OURS = re.compile(r"\b(?:magwatch[_:]|process_)[\w:]*")
FILES = sorted(FOLDER.glob("*.json"))
each_dashboard = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def loaded(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in board["panels"] if panel["type"] not in {"row", "text"}]


def queries(board: dict[str, Any]) -> Iterator[str]:
    """Every expression of a dashboard: panels, variables and annotations."""
    for panel in panels(board):
        yield from (target["expr"] for target in panel["targets"])
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]
    yield from (one["expr"] for one in board["annotations"].get("list", ()))


def exposed() -> set[str]:
    """Names of all series of a worker, as Prometheus would store them."""
    registry = CollectorRegistry()
    Metrics.create(registry, station_cap=1)
    ProcessCollector(registry=registry)
    suffixes = {
        "counter": ["_total"],
        "histogram": ["_bucket", "_sum", "_count"],
        "info": ["_info"],
    }
    return {
        family.name + suffix
        for family in registry.collect()
        for suffix in suffixes.get(family.type, [""])
    }


def recorded() -> set[str]:
    """Names of the recording rules."""
    groups = [
        group
        for path in RULES.glob("*.yml")
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    ]
    return {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}


def test_the_committed_dashboards_are_those_of_the_code() -> None:
    made = dict(rendered())
    assert sorted(made) == FILES
    stale = [path.name for path in FILES if path.read_text(encoding="utf-8") != made[path]]
    assert not stale, "run: make dashboards"


def test_uids_and_titles_are_unique() -> None:
    boards = [loaded(path) for path in FILES]
    assert len({board["uid"] for board in boards}) == len(boards)
    assert len({board["title"] for board in boards}) == len(boards)


@each_dashboard
def test_a_dashboard_says_when_and_where_and_leads_to_the_others(path: Path) -> None:
    board = loaded(path)
    assert board["uid"] == f"magwatch-{path.stem}"
    assert board["description"]
    assert board["editable"] is False
    assert (board["time"]["from"], board["refresh"]) == ("now-6h", "30s")
    assert board["templating"]["list"][0]["current"]["value"] == DATASOURCE_UID
    assert {link["title"] for link in board["links"]} == {"dashboards", "runbook"}
    uids = {loaded(other)["uid"] for other in FILES}
    links = re.findall(r'"/d/([\w-]+)', path.read_text(encoding="utf-8"))
    assert links
    assert set(links) <= uids


@each_dashboard
def test_every_panel_has_a_description_a_unit_and_a_query(path: Path) -> None:
    for panel in panels(loaded(path)):
        assert panel["description"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert all(target["expr"] for target in panel["targets"])
        assert panel["datasource"]["uid"] == "${datasource}"


@each_dashboard
def test_no_panel_covers_another(path: Path) -> None:
    boxes = [panel["gridPos"] for panel in loaded(path)["panels"]]
    assert all(box["x"] + box["w"] <= 24 for box in boxes)
    for one, other in combinations(boxes, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above


@each_dashboard
def test_every_metric_asked_for_exists(path: Path) -> None:
    asked = {name for query in queries(loaded(path)) for name in OURS.findall(query)}
    assert asked <= exposed() | recorded()


def test_grafana_is_provisioned_with_this_data_source_and_takes_no_change_by_hand() -> None:
    source = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yml").read_text())
    assert [one["uid"] for one in source["datasources"]] == [DATASOURCE_UID]
    assert source["datasources"][0]["editable"] is False
    boards = yaml.safe_load((PROVISIONING / "dashboards" / "magwatch.yml").read_text())
    (provider,) = boards["providers"]
    assert provider["allowUiUpdates"] is False
