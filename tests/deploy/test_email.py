"""Alerts by e-mail, as docs/operations.md says: a real Alertmanager and a mail server."""

import json
import re
import urllib.request
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.kafka.embedded_broker import free_port
from tests.brokers import ROOT
from tests.deploy.composition import services
from tests.deploy.mail_server import Mailbox, mail_server
from tests.deploy.natively import Host, page, program, running, wait_for

DOCUMENT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
OPENED = {
    "labels": {"alertname": "MagwatchAlertOpen", "job": "magwatch", "station": "WIC"},
    "annotations": {"summary": "WIC: an alert of the field is open"},
}


def documented(key: str) -> dict[str, Any]:
    """The document's block of YAML with such a key."""
    blocks = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
    (found,) = [yaml.safe_load(block) for block in blocks if key in block]
    return dict(found)


@pytest.fixture
def configured(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A copy of deploy/alertmanager/alertmanager.yml with the document's receiver in it."""
    loaded = yaml.safe_load((ROOT / "deploy/alertmanager/alertmanager.yml").read_text())
    loaded["receivers"] = documented("email_configs")["receivers"]
    return tmp_path / "alertmanager.yml", loaded


def test_an_open_alert_comes_by_mail(
    configured: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    path, loaded = configured
    (mail,) = loaded["receivers"][0]["email_configs"]
    assert mail["smarthost"].endswith(":587")  # with STARTTLS, which the server here has not
    address, mailbox = f"127.0.0.1:{free_port()}", Mailbox()
    command = [*program("prometheus-alertmanager"), f"--config.file={path}"]
    command += [f"--storage.path={tmp_path}/data", f"--web.listen-address={address}"]
    with mail_server(mailbox) as port:
        mail.update(smarthost=f"localhost:{port}", require_tls=False)
        path.write_text(yaml.safe_dump(loaded))
        host = Host(tmp_path, {})
        with running(host, "alertmanager", [*command, "--cluster.listen-address="]):
            wait_for("Alertmanager", lambda: page(f"http://{address}/-/ready"))
            asked = urllib.request.Request(
                f"http://{address}/api/v2/alerts",
                json.dumps([OPENED]).encode(),
                {"Content-Type": "application/json"},
            )
            urllib.request.urlopen(asked, timeout=10).close()  # noqa: S310
            wait_for("the mail", lambda: mailbox.messages)
    message: EmailMessage = mailbox.messages[0]
    assert (message["To"], message["From"]) == (mail["to"], mail["from"])
    assert "MagwatchAlertOpen" in message["Subject"]
    assert mailbox.logins == {(mail["auth_username"], mail["auth_password"])}
    assert "WIC" in message.as_string()


def test_the_folder_is_mounted_in_the_place_of_ours() -> None:
    (ours,) = [
        volume
        for volume in services(GRAFANA_ADMIN_PASSWORD="unused")["alertmanager"]["volumes"]  # noqa: S106
        if volume.startswith("./")
    ]
    (theirs,) = documented("./my-alertmanager")["services"]["alertmanager"]["volumes"]
    assert theirs.partition(":")[2] == ours.partition(":")[2]
