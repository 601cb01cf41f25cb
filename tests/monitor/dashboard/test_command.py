"""`magwatch dashboard` as a user meets it."""

import json
import os
import socket
from pathlib import Path

import pytest

from monitor.dashboard.serve import run_dashboard
from monitor.errors import Refused, SettingsRefused
from monitor.http.connection import is_loopback
from monitor.kafka.embedded_broker import free_port
from monitor.settings import Settings, load_settings
from tests.monitor.dashboard.pages import answered, page
from tests.monitor.workers import PREFIX

CLEAN = {name: text for name, text in os.environ.items() if not name.startswith(PREFIX)}


def test_it_is_for_this_machine_alone_unless_told_otherwise() -> None:
    assert Settings.model_fields["dashboard_host"].default == "127.0.0.1"
    assert all(map(is_loopback, ("127.0.0.1", "::1", "localhost", "127.9.9.9")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.5", "example.org")))  # noqa: S104


def test_a_taken_port_is_named_with_what_to_do() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        settings = load_settings(dashboard_port=holder.getsockname()[1])
        with pytest.raises(SettingsRefused, match=r"MAGWATCH_DASHBOARD_PORT: cannot .*--port"):
            run_dashboard(settings)


def test_a_bad_file_of_stations_is_refused(tmp_path: Path) -> None:
    stations = tmp_path / "stations.csv"
    stations.write_text("code,lat,lon\nWIC,north,15\n")
    with pytest.raises(Refused, match="line 2"):
        run_dashboard(load_settings(stations=stations))


@pytest.mark.parametrize(
    ("name", "value"),
    [("dashboard_hours", 0), ("dashboard_port", 99999), ("stations", "none.csv")],
)
def test_an_unusable_value_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(SettingsRefused, match=f"MAGWATCH_{name.upper()}: "):
        load_settings(**{name: value})


def test_without_a_broker_it_serves_and_says_so_and_warns_when_others_can_look_on(
    tmp_path: Path,
) -> None:
    environment = {**CLEAN, "MAGWATCH_BROKER": f"127.0.0.1:{free_port()}"}
    with page(environment, tmp_path, "--host", "0.0.0.0") as running:  # noqa: S104 - it is about this
        assert answered(running.url + "/healthz") == b"broker\n"
        assert json.loads(answered(running.url + "/api/snapshot"))["status"]["kind"] == "broker"
    log = running.log.read_text()
    assert "anyone who reaches this address sees all stations" in log
    assert "waiting for the broker" in log
