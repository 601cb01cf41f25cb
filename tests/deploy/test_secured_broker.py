"""TLS, login and permissions at a real Apache Kafka: with them it works, without it says why.

The permissions are those of docs/operations.md, read from there.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)

from archive.model import default_model_path
from monitor.kafka.security import client_security
from monitor.kafka.sending import open_producer
from monitor.offline.replay import Sent, flush, send
from monitor.settings import Settings
from tests.brokers import ROOT, NoKafka, kafka_jars
from tests.deploy.secured_kafka import PASSWORDS, SecuredKafka
from tests.monitor.feeds import calibrated, station
from tests.monitor.workers import Site, worker
from tests.processes import magwatch

WRONG = "not-the-password-0815"
ROW = re.compile(r"^\| (\w+) \| (\w+) \| (topic|topics|group) \| `([\w.-]+)(\*?)` \|", re.MULTILINE)
RECORDS = 60


def granted() -> list[ACL]:
    """The table of permissions in the documentation."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    return [
        ACL(
            principal=f"User:{role}",
            host="*",
            operation=ACLOperation[operation.upper()],
            permission_type=ACLPermissionType.ALLOW,
            resource_pattern=ResourcePattern(
                ResourceType[kind.rstrip("s").upper()],
                name,
                ACLResourcePatternType.PREFIXED if prefix else ACLResourcePatternType.LITERAL,
            ),
        )
        for role, operation, kind, name, prefix in ROW.findall(text)
    ]


class Secured:
    """The broker, and settings for each who logs in."""

    def __init__(self, kafka: SecuredKafka, folder: Path) -> None:
        self._kafka, self._folder = kafka, folder

    def settings(self, user: str, password: str | None = None, **more: object) -> Settings:
        return Settings(
            broker=self._kafka.address,
            security_protocol="SASL_SSL",
            ssl_cafile=self._kafka.authority,
            sasl_username=user,
            sasl_password=password or PASSWORDS[user],
            profiles=self._folder,
            **more,  # type: ignore[arg-type]
        )

    def environment(self, user: str, password: str | None = None, **more: str) -> dict[str, str]:
        settings = self.settings(user, password)
        assert settings.sasl_password
        own = {
            "SECURITY_PROTOCOL": settings.security_protocol,
            "SSL_CAFILE": str(settings.ssl_cafile),
            "SASL_USERNAME": user,
            "SASL_PASSWORD": settings.sasl_password.get_secret_value(),
            "CREATE_TOPICS": "false",
            **more,
        }
        return Site(settings, self._folder).environment(**own)

    def run(self, *command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return magwatch(*command, env=environment)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """A broker with topics and permissions, made by its administrator."""
    folder = tmp_path_factory.mktemp("secured")
    (folder / "profiles").mkdir()
    if not shutil.which("openssl"):
        pytest.skip("certificates are made with openssl, which is not installed")
    try:
        jars = kafka_jars()
    except NoKafka as reason:
        pytest.skip(str(reason))
    with SecuredKafka(jars, folder) as kafka:
        found = Secured(kafka, folder / "profiles")
        client = KafkaAdminClient(
            bootstrap_servers=kafka.address, **client_security(found.settings("admin"))
        )
        with closing(client):
            client.create_acls(granted())
        made = found.run("topics", environment=found.environment("setup"))
        assert made.stdout.startswith("created"), made.stderr
        yield found


def sent_by_station(secured: Secured, mechanism: str) -> int:
    """An hour of synthetic data with a burst, sent by who may send and do nothing else."""
    settings = secured.settings("station", sasl_mechanism=mechanism)
    recording = station("WIC", RECORDS, seed=1, burst=slice(900, 2400))
    sent = Sent()
    with closing(open_producer(settings)) as producer:
        send(producer, settings, recording.records(60), sent, lambda _: None)
        flush(producer, settings, sent)
    return sent.records


def test_with_tls_login_and_the_documented_permissions_all_of_it_works(
    secured: Secured, tmp_path: Path
) -> None:
    settings = secured.settings("worker", model=default_model_path())
    assert settings.profiles
    calibrated(settings.profiles, default_model_path(), "WIC", threshold=1.5)
    security = {
        name.removeprefix("MAGWATCH_"): value
        for name, value in secured.environment("worker").items()
        if name.startswith(("MAGWATCH_S", "MAGWATCH_C"))
    }
    with worker(Site(settings, settings.profiles), **security) as running:
        count = sent_by_station(secured, "SCRAM-SHA-512") + sent_by_station(secured, "PLAIN")
        running.wait_for_records(count)
        assert running.metric("magwatch_alert_versions_total") >= 1
        log = running.log.read_text()
    shown = secured.run(
        "alerts", "--from-beginning", "--no-follow", environment=secured.environment("reader")
    )
    assert "OPENED" in shown.stdout
    kept = secured.run(
        "history", str(tmp_path), "--once", environment=secured.environment("history")
    )
    assert kept.returncode == 0, kept.stderr
    assert {path.name for path in tmp_path.iterdir()} >= {"samples", "scores", "alerts"}
    said = log + shown.stderr + kept.stderr
    assert not any(password in said for password in PASSWORDS.values())


@pytest.fixture(scope="module")
def refused(secured: Secured) -> dict[str, subprocess.CompletedProcess[str]]:
    """What is said to whom the broker refuses; all at once, since each tries for seconds."""
    wrong = secured.environment(
        "worker", WRONG, METRICS_PORT="0", DASHBOARD_PORT="0", LOG_LEVEL="warning"
    )
    strange = {k: v for k, v in wrong.items() if "CAFILE" not in k}
    asked = {
        "topics": wrong,
        "worker": wrong,
        "alerts": wrong,
        "dashboard": wrong,
        "indices": wrong,
        "topics, unknown authority": strange,
        "dashboard, unknown authority": strange,
        "topics, no permission": secured.environment("reader", TOPIC_PREFIX="other."),
    }
    with ThreadPoolExecutor(len(asked)) as threads:
        running = {
            name: threads.submit(secured.run, name.split(",")[0], environment=variables)
            for name, variables in asked.items()
        }
    return {name: future.result() for name, future in running.items()}


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 1
    assert WRONG not in result.stdout + result.stderr
    (line,) = (result.stdout + result.stderr).splitlines()
    return line


@pytest.mark.parametrize("command", ["topics", "worker", "alerts", "dashboard", "indices"])
def test_a_wrong_password_gets_one_clear_line_and_is_not_shown(
    refused: dict[str, subprocess.CompletedProcess[str]], command: str
) -> None:
    assert "refuses the login of worker by SCRAM-SHA-512" in one_line(refused[command])


@pytest.mark.parametrize("command", ["topics", "dashboard"])
def test_an_unknown_authority_gets_one_clear_line(
    refused: dict[str, subprocess.CompletedProcess[str]], command: str
) -> None:
    line = one_line(refused[f"{command}, unknown authority"])
    assert "certificate in certificate chain" in line
    assert "check MAGWATCH_SSL_CAFILE" in line


def test_who_may_not_create_topics_is_told_so(
    refused: dict[str, subprocess.CompletedProcess[str]],
) -> None:
    assert "reader may not create topics" in one_line(refused["topics, no permission"])
