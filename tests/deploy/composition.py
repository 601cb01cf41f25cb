"""docker-compose.yml as Compose reads it: merged, with its variables filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from tests.brokers import ROOT

FILE = ROOT / "docker-compose.yml"
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<rule>:[-?])(?P<text>[^}]*))?\}")


class Unset(Exception):
    """A variable that has to be set is not; the message is the compose file's own."""


def services(**variables: str) -> dict[str, dict[str, Any]]:
    """Every service of the compose file under these variables."""
    found: dict[str, dict[str, Any]] = _filled(document()["services"], variables)
    return found


@cache
def document() -> dict[str, Any]:
    """The file, with YAML's anchors and merges resolved."""
    found: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found


def environment(service: Mapping[str, Any]) -> dict[str, str]:
    """Environment that a service gets from the compose file."""
    return {name: str(value) for name, value in service.get("environment", {}).items()}


def variables() -> set[str]:
    """Names of all variables that the file asks for."""
    return {match["name"] for match in VARIABLE.finditer(FILE.read_text(encoding="utf-8"))}


def _filled(value: Any, given: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, given) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, given) for item in value]
    if isinstance(value, str):
        return VARIABLE.sub(lambda match: _variable(match, given), value).replace("$$", "$")
    return value


def _variable(match: re.Match[str], given: Mapping[str, str]) -> str:
    if value := given.get(match["name"]):
        return value
    if match["rule"] == ":-":
        return match["text"]
    raise Unset(match["text"] or match["name"])
