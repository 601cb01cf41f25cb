"""One word for one thing: no two classes of the product have the same name."""

import ast
from collections import defaultdict
from typing import get_args

from msgspec import structs

from geofield.alerts.alert import Classification
from monitor.demo.figures import CLASS_COLOURS
from monitor.records.scores_and_alerts import AlertData
from tests.brokers import ROOT

PACKAGES = ("archive", "geofield", "monitor", "support", "training")


def test_no_class_name_stands_for_two_things() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    found[node.name].append(str(path.relative_to(ROOT)))
    assert len(found) > 300
    assert {name: paths for name, paths in found.items() if len(paths) > 1} == {}


CLASSES = [one.value for one in Classification]
PAGE = ROOT / "monitor" / "dashboard" / "static"


def test_alert_classes_are_those_of_the_enum_wherever_they_are_named() -> None:
    (literal,) = (one for one in structs.fields(AlertData) if one.name == "classification")
    assert list(get_args(literal.type)) == CLASSES
    colours = (PAGE / "colours.css").read_text()
    for name in CLASSES:
        assert colours.count(f" --{name}:") == 2  # on a light and on a dark page
        assert f".class.{name} {{" in colours
    assert sorted(CLASS_COLOURS) == sorted(CLASSES)
