"""Every code block of README and operations does what it says, in the order it is printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from kafka import KafkaProducer

from monitor.kafka.embedded_broker import embedded_broker, free_port
from monitor.settings import PREFIX, Settings
from tests.brokers import ROOT
from tests.data import conrad
from tests.deploy.composition import document
from tests.deploy.printed_commands import Shell, code_blocks, shell
from tests.monitor.workers import Running

pytestmark = pytest.mark.timeout(600)  # some forty commands, one after the other


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Shell]:
    """A shell with a broker and the files of the Conrad Observatory that the documents name."""
    text = conrad("example5.sec").read_text(encoding="ascii")
    (tmp_path / "wic20240401.sec").write_text(text)  # a day calibrates, three hours are judged
    (tmp_path / "hon20240401.sec").write_text(text.replace("WIC", "HON"))
    (tmp_path / "wic20240510.sec").write_text(text[: text.index(" 03:00:00")].rpartition("\n")[0])
    with embedded_broker() as broker:
        following = shell(
            tmp_path,
            BROKER=broker.address,
            METRICS_PORT=str(free_port()),
            DASHBOARD_PORT=str(free_port()),
        )
        try:
            yield following
        finally:
            following.end()


@pytest.mark.parametrize("name", ["README.md", "docs/operations.md"])
def test_every_block_can_be_followed(name: str, followed: Shell) -> None:
    for block in code_blocks(name):
        match block.language:
            case "sh":
                for command in block.commands():
                    followed.follow(command)
            case "json":
                _accepted(json.loads(block.text), followed)
            case "ini":
                names = {line.partition("=")[0].lower() for line in block.text.splitlines()}
                assert names <= {PREFIX.lower() + name for name in Settings.model_fields}
            case "yaml":
                _fits_what_is_there(yaml.safe_load(block.text))
            case other:
                pytest.fail(f"{name}: nobody knows how to follow a block of {other}")


def _accepted(payload: dict[str, Any], following: Shell) -> None:
    """The worker that was started takes the payload and refuses nothing of it.

    It comes twice: the embedded broker keeps the senders' times, where a first record waits for
    another one.
    """
    with closing(KafkaProducer(bootstrap_servers=following.setting("BROKER"))) as producer:
        key, value = payload["iagaCode"].encode(), json.dumps(payload).encode()
        for _ in range(2):
            producer.send("geomag.samples", value, key).get(30)
    worker = Running(
        following.standing[0], f"http://127.0.0.1:{following.setting('METRICS_PORT')}", Path("log")
    )
    worker.wait_for_records(2)
    assert 'station="WIC"' in worker.page("/metrics")[1]
    assert worker.metric("magwatch_deadletters_total") == 0


def _fits_what_is_there(written: dict[str, Any]) -> None:
    """What is to be added to the compose file or Alertmanager's names what these have."""
    for name, service in written.get("services", {}).items():
        assert service.get("extends", name) in document()["services"]
    routes = (ROOT / "deploy/alertmanager/alertmanager.yml").read_text()
    for one in written.get("receivers", []):
        assert f"receiver: {one['name']}" in routes
