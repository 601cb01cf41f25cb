"""The compose file's services, started one after the other without containers.

Kafka, the topic job, calibration on a real day, a worker, the replay of the storm of May 2024,
Prometheus and Alertmanager, with the commands, environment and mounted files of docker-compose.yml.
Left out: the container engine itself, and Grafana, which is not to be had without it.
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.consumer.fetcher import ConsumerRecord

from monitor.kafka.embedded_broker import free_port
from monitor.settings import Settings
from tests.brokers import ROOT, NoKafka, kafka_jars
from tests.deploy.composition import environment, services
from tests.deploy.image_kafka import ImageKafka
from tests.deploy.natively import (
    EXAMPLES,
    Host,
    examples,
    healthy,
    page,
    program,
    run_job,
    running,
    running_magwatch,
    wait_for,
)
from tests.monitor.workers import Site, committed, received

RECORDS = 4 * 24 * 60  # four days of one-minute records
WORKER_PORT = "9464"
WEBHOOK = "http://127.0.0.1:1/?a=1&b=2"
QUICK = {
    "MAGWATCH_SESSION_TIMEOUT_S": "6",
    "MAGWATCH_COMMIT_S": "0.5",
    "MAGWATCH_CHECKPOINT_S": "2",
}


@dataclass
class Stack:
    """What is running, and how to reach it."""

    services: dict[str, dict[str, Any]]
    host: Host
    kafka: ImageKafka
    worker_port: int
    topics: str
    calibration: str

    def worker(self) -> Any:
        """The worker as a process, ended at the end of the block."""
        service = self.services["worker"]
        variables = {
            **self.host.environment(service),
            **QUICK,
            "MAGWATCH_METRICS_PORT": str(self.worker_port),
        }
        return running_magwatch(self.host, "worker", service, variables)

    def worker_is_healthy(self) -> bool:
        return healthy(self.services["worker"], {WORKER_PORT: str(self.worker_port)})

    def replay_and_wait(self) -> None:
        """The replay job, and the worker through with all it sent."""
        wait_for("a healthy worker", self.worker_is_healthy)
        run_job(self.host, self.services["replay"])
        wait_for("all records", lambda: self.metric("magwatch_records_total") == RECORDS)

    def metric(self, name: str) -> float:
        lines = page(f"http://127.0.0.1:{self.worker_port}/metrics").splitlines()
        return sum(
            float(line.split()[-1]) for line in lines if line.split("{")[0].split()[0] == name
        )

    def site(self, address: str) -> Site:
        return Site(Settings(broker=address), self.host.folder)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Kafka with topics, and a profile from a real quiet day."""
    folder = tmp_path_factory.mktemp("compose")
    host_port = free_port()
    try:
        jars = kafka_jars()
    except NoKafka as reason:
        pytest.skip(str(reason))
    variables = {"KAFKA_PORT": str(host_port), "REPLAY_SPEED": "max"}
    found = services(**variables, GRAFANA_ADMIN_PASSWORD="unused")  # noqa: S106
    (folder / "kafka").mkdir()
    (folder / "profiles").mkdir()
    with ImageKafka(jars, folder / "kafka", found["kafka"], host_port) as kafka:
        here = {
            "kafka:9092": kafka.address,
            "0.0.0.0": "127.0.0.1",  # noqa: S104 - of the container, and never here
            EXAMPLES: examples(),
            "/profiles": str(folder / "profiles"),
            "/history": str(folder / "history"),
        }
        (folder / "history").mkdir()
        host = Host(folder, here)
        topics = run_job(host, found["topics"])
        calibration = run_job(host, found["calibrate"])
        yield Stack(found, host, kafka, free_port(), topics, calibration)


@pytest.fixture(scope="module")
def first_scores(stack: Stack) -> list[ConsumerRecord]:
    """What came of the storm before everything was stopped, and Kafka and topics started again."""
    site = stack.site(stack.kafka.host_address)
    with stack.worker():
        stack.replay_and_wait()
        wait_for("the last checkpoint", lambda: committed(site) == RECORDS)
        scores = received(site, "scores")
        assert b"magwatch.alert.opened" in received(site, "alerts")[0].value
    stack.kafka.stop()
    stack.kafka.start()
    again = run_job(stack.host, stack.services["topics"])
    assert again.replace("exists ", "created") == stack.topics
    return scores


@pytest.fixture(scope="module")
def second_worker(stack: Stack, first_scores: list[ConsumerRecord]) -> Iterator[None]:
    """A worker after everything was down."""
    with stack.worker():
        yield


def test_the_page_shows_the_station(stack: Stack, second_worker: None) -> None:
    service, port = stack.services["page"], str(free_port())
    variables = {**stack.host.environment(service), "MAGWATCH_DASHBOARD_PORT": port}
    with running_magwatch(stack.host, "page", service, variables):
        wait_for("a healthy page", lambda: healthy(service, {"9465": port}))
        snapshot = f"http://127.0.0.1:{port}/api/snapshot"
        wait_for("the station", lambda: '"WIC"' in page(snapshot))


def test_the_topic_job_sets_compaction_and_retention(stack: Stack) -> None:
    assert all(line.startswith("created") for line in stack.topics.splitlines())
    client = KafkaAdminClient(bootstrap_servers=stack.kafka.host_address)
    names = ("alerts", "state", "samples", "scores", "deadletter", "indices")
    asked = [ConfigResource(ConfigResourceType.TOPIC, f"geomag.{name}") for name in names]
    found = next(iter(client.describe_configs(asked).values()))
    client.close()
    set_values = {
        name.removeprefix("geomag."): {key: entry["value"] for key, entry in entries.items()}
        for name, entries in found.items()
    }
    assert set_values["alerts"]["cleanup.policy"] == "compact"
    assert set_values["state"]["cleanup.policy"] == "compact"
    days = {name: int(set_values[name]["retention.ms"]) / 86_400_000 for name in names[2:5]}
    assert days == {"samples": 7, "scores": 400, "deadletter": 30}
    assert set_values["indices"]["retention.ms"] == "-1"


def test_what_is_there_outlives_down_and_up(
    stack: Stack, first_scores: list[ConsumerRecord], second_worker: None
) -> None:
    """The same storm once more is nothing new to a worker that has kept its states."""
    assert {record.key for record in first_scores} == {b"WIC"}
    assert len(first_scores) > 5_000
    stack.replay_and_wait()
    assert received(stack.site(stack.kafka.host_address), "scores") == first_scores


def test_prometheus_and_alertmanager_run_on_the_mounted_files(
    stack: Stack, second_worker: None
) -> None:
    alertmanager, prometheus = (f"127.0.0.1:{free_port()}" for _ in range(2))
    with (
        _alertmanager(stack, alertmanager),
        _prometheus(stack, prometheus, alertmanager),
    ):
        wait_for("Alertmanager", lambda: page(f"http://{alertmanager}/-/ready"))
        wait_for("Prometheus", lambda: page(f"http://{prometheus}/-/ready"))
        seen = 'magwatch_newest_sample_timestamp_seconds{job="magwatch", station="WIC"}'
        wait_for("the worker's metrics", lambda: _answer(prometheus, seen))
        found = json.loads(page(f"http://{prometheus}/api/v1/alertmanagers"))["data"]
        (active,) = found["activeAlertmanagers"]
        assert active["url"] == f"http://{alertmanager}/api/v2/alerts"
        rules = json.loads(page(f"http://{prometheus}/api/v1/rules"))["data"]["groups"]
        assert {rule["health"] for group in rules for rule in group["rules"]} <= {"ok", "unknown"}
    made = (stack.host.folder / "alertmanager" / "tmp" / "alertmanager.yml").read_text()
    assert f'"{WEBHOOK}"' in made
    assert 'webhook.invalid/"' not in made


def _alertmanager(stack: Stack, address: str) -> Any:
    service = stack.services["alertmanager"]
    folder = stack.host.folder / "alertmanager"
    shutil.copytree(ROOT / "deploy" / "alertmanager", folder)
    (folder / "tmp").mkdir()
    here = {
        "/etc/alertmanager": str(folder),
        "/tmp/": f"{folder}/tmp/",  # noqa: S108 - what the script says
        "=/alertmanager": f"={folder}/data",
        "/bin/alertmanager": program("prometheus-alertmanager")[0],
    }
    host = Host(stack.host.folder, here)
    script = folder / "start.sh"
    script.write_text(host.translated(script.read_text()))
    command = [*map(host.translated, service["entrypoint"]), *host.command(service, [])]
    variables = {"PATH": os.environ["PATH"], "ALERT_WEBHOOK": WEBHOOK}
    assert environment(service).keys() <= variables.keys()
    return running(host, "alertmanager", [*command, f"--web.listen-address={address}"], variables)


def _prometheus(stack: Stack, address: str, alertmanager: str) -> Any:
    service = stack.services["prometheus"]
    folder = stack.host.folder / "prometheus"
    shutil.copytree(ROOT / "deploy" / "prometheus", folder)
    config = folder / "prometheus.yml"
    loaded = yaml.safe_load(config.read_text())
    loaded["global"].update(scrape_interval="1s", evaluation_interval="1s")
    for job in loaded["scrape_configs"]:
        if job.pop("dns_sd_configs", None):
            job["static_configs"] = [{"targets": [f"127.0.0.1:{stack.worker_port}"]}]
    config.write_text(yaml.safe_dump(loaded).replace("alertmanager:9093", alertmanager))
    here = {"/etc/prometheus": str(folder), "=/prometheus": f"={folder}/data"}
    host = Host(stack.host.folder, here)
    command = host.command(service, program("prometheus"))
    return running(host, "prometheus", [*command, f"--web.listen-address={address}"])


def _answer(prometheus: str, query: str) -> list[Any]:
    text = page(f"http://{prometheus}/api/v1/query?{urlencode({'query': query})}")
    found: list[Any] = json.loads(text)["data"]["result"] if text else []
    return found
