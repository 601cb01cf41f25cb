"""The shipped configuration with its times shortened: what a test waits for comes in seconds.

Expressions, labels and routes stay as they are shipped; only durations and addresses change.
`python -m tests.service.hastened FOLDER` writes it, to be looked at.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.brokers import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
ALERTMANAGER = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
# Targets of other services, beside those of the workers.
INGEST, HISTORY = "ingest.json", "history.json"
PLACEHOLDER = "http://webhook.invalid/"
UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
IN_EXPRESSION = re.compile(r"(?<=\[)\d+[smhd](?=\])|(?<=offset )\d+[smhd]")
FACTOR, LEAST_S, MOST_S = 60, 2, 10
LONGEST_FOR_S = 2


@dataclass(frozen=True)
class Ports:
    """Where the servers of a test listen."""

    prometheus: int
    alertmanager: int


def seconds(duration: str) -> int:
    """`5m` as 300."""
    return int(duration[:-1]) * UNIT_S[duration[-1]]


def shortened(duration: str) -> str:
    """A minute as a second, within what a scrape a second can tell and a test can wait for."""
    return f"{min(max(seconds(duration) // FACTOR, LEAST_S), MOST_S)}s"


def rules(document: dict[str, Any]) -> dict[str, Any]:
    """A file of rules with shorter times."""
    for group in document["groups"]:
        group["interval"] = shortened(group["interval"]) if "interval" in group else "1s"
        for rule in group["rules"]:
            rule["expr"] = IN_EXPRESSION.sub(lambda found: shortened(found[0]), rule["expr"])
            if "for" in rule:
                rule["for"] = f"{min(seconds(rule['for']), LONGEST_FOR_S)}s"
    return document


def prometheus_config(document: dict[str, Any], ports: Ports, workers: Path) -> dict[str, Any]:
    """Scrapes and evaluates every second; finds its workers in a file."""
    document["global"] |= {"scrape_interval": "1s", "evaluation_interval": "1s"}
    managers = [{"targets": [f"127.0.0.1:{ports.alertmanager}"]}]
    document["alerting"]["alertmanagers"] = [{"static_configs": managers}]
    found = {
        "magwatch": {"file_sd_configs": [{"files": [str(workers)], "refresh_interval": "1s"}]},
        **{
            job: {
                "file_sd_configs": [
                    {"files": [str(workers.with_name(name))], "refresh_interval": "1s"}
                ]
            }
            for job, name in (("magwatch-ingest", INGEST), ("magwatch-history", HISTORY))
        },
        "prometheus": {"static_configs": [{"targets": [f"127.0.0.1:{ports.prometheus}"]}]},
        "alertmanager": {"static_configs": managers},
    }
    names = [job["job_name"] for job in document["scrape_configs"]]
    assert set(names) == set(found)
    document["scrape_configs"] = [{"job_name": name, **found[name]} for name in names]
    return document


def alertmanager_config(text: str, receiver: str) -> dict[str, Any]:
    """Sends at once, to the receiver that the documentation's `sed` would put in."""
    assert PLACEHOLDER in text
    document: dict[str, Any] = yaml.safe_load(text.replace(PLACEHOLDER, receiver))
    for route in (document["route"], *document["route"]["routes"]):
        route |= {"group_wait": "0s", "group_interval": "1s"}
    return document


def write(folder: Path, ports: Ports, receiver: str) -> tuple[Path, Path, Path]:
    """Write all of it; returns the configuration of each server and the file of workers."""
    workers, prometheus = folder / "workers.json", folder / "prometheus.yml"
    alertmanager = folder / "alertmanager.yml"
    workers.write_text("[]")
    for name in (INGEST, HISTORY):
        workers.with_name(name).write_text("[]")
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    for path in (PROMETHEUS / "rules").glob("*.yml"):
        shipped = yaml.safe_load(path.read_text())
        (folder / "rules" / path.name).write_text(yaml.safe_dump(rules(shipped)))
    shipped = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    prometheus.write_text(yaml.safe_dump(prometheus_config(shipped, ports, workers)))
    own = alertmanager_config(ALERTMANAGER.read_text(), receiver)
    alertmanager.write_text(yaml.safe_dump(own))
    return prometheus, alertmanager, workers


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(exist_ok=True)
    write(Path(sys.argv[1]), Ports(9090, 9093), "http://127.0.0.1:9095/")
