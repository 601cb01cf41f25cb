"""Every query that is shipped: of rules, and of the panels of Grafana's dashboards."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.brokers import ROOT
from tests.service.hastened import PROMETHEUS

DASHBOARDS = ROOT / "deploy" / "grafana" / "dashboards"
QUOTED = re.compile(r'"[^"]*"')
LABEL_VALUES = re.compile(r"label_values\((?:(.*),)?\s*\w+\)")
# A name that no parenthesis follows; the labels in braces and after `by` are taken out before.
NAME = re.compile(r"(?<![\w:$])[a-zA-Z_][\w:]*(?![\w:]*\s*\()")
SELECTOR = re.compile(r"[a-zA-Z_][\w:]*(?:\{[^}]*\})?(?!\s*\()")
LABELS = re.compile(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|on|ignoring|without|group_left)\s*\([^)]*\)")
KEYWORDS = {"and", "or", "unless", "bool", "offset", "group_left", "by", "on", "Inf"}


@dataclass(frozen=True)
class Query:
    """An expression and where it stands."""

    where: str
    expression: str


def rules() -> list[dict[str, Any]]:
    """All rules that are shipped."""
    documents = [yaml.safe_load(path.read_text()) for path in (PROMETHEUS / "rules").glob("*.yml")]
    return [rule for one in documents for group in one["groups"] for rule in group["rules"]]


def alerting() -> dict[str, dict[str, Any]]:
    """Alerting rules by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def rule_queries() -> list[Query]:
    """The expression of every rule."""
    return [Query(rule.get("alert") or rule["record"], rule["expr"]) for rule in rules()]


def recorded() -> set[str]:
    """Names that recording rules make."""
    return {rule["record"] for rule in rules() if "record" in rule}


def panel_queries(folder: Path = DASHBOARDS) -> list[Query]:
    """Expressions of every panel, annotation and variable of all dashboards."""
    found: list[Query] = []
    for path in sorted(folder.glob("*.json")):
        dashboard = json.loads(path.read_text())
        found += [Query(path.stem, one) for one in _expressions(dashboard)]
    return found


def _expressions(item: Any) -> Iterator[str]:
    if isinstance(item, list):
        for one in item:
            yield from _expressions(one)
    elif isinstance(item, dict):
        for name, value in item.items():
            if name == "expr" and isinstance(value, str):
                yield value
            elif name == "query" and (asked := _variable(value)):
                yield asked
            else:
                yield from _expressions(value)


def _variable(value: Any) -> str | None:
    """What a template variable is looked up in."""
    text = value.get("query", "") if isinstance(value, dict) else value
    found = LABEL_VALUES.fullmatch(text) if isinstance(text, str) else None
    return found[1] if found else None


def filled(expression: str, variables: dict[str, str]) -> str:
    """An expression as Grafana would send it."""
    for name in sorted(variables, key=len, reverse=True):
        for written in (f"${{{name}}}", f"${name}"):
            expression = expression.replace(written, variables[name])
    assert "$" not in expression, f"a variable of {expression} has no value in the tests"
    return expression


def names(expression: str) -> set[str]:
    """Metrics that an expression names."""
    bare = LABELS.sub(" ", QUOTED.sub('""', expression))
    return {name for name in NAME.findall(bare) if name not in KEYWORDS}


def selectors(expression: str) -> set[str]:
    """What an expression selects: names with their labels."""
    wanted = names(expression)
    grouping = re.sub(r"\b(?:by|on|ignoring|without|group_left)\s*\([^)]*\)", " ", expression)
    found = SELECTOR.findall(grouping)
    return {one for one in found if one.partition("{")[0] in wanted}
