"""What `magwatch demo --keep` serves."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.dashboard.positions import read_positions
from monitor.demo.scenario import station_positions
from monitor.demo.system import System, running_page
from monitor.settings import Settings
from tests.dashboard.pages import answered
from tests.monitor.feeds import station


def test_the_page_of_the_demo_knows_where_its_stations_are(
    tansu_address: str, tmp_path: Path
) -> None:
    stations = tmp_path / "stations.csv"
    storm = replace(station("WIC", 1, seed=1), position_deg=(47.928, 15.866))
    stations.write_text(station_positions([storm, station("WIQ", 1, seed=2)]))
    found = read_positions(stations)
    assert found["WIC"] == found["WIQ"] == pytest.approx((47.928, 15.866))
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    settings = Settings(broker=tansu_address, profiles=profiles)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stand_in:
        system = System(settings, "", stand_in, tmp_path / "worker.log")
        with running_page(system, stations, hours=96) as address:
            assert json.loads(answered(address + "/api/snapshot"))["hours"] == 96
        assert answered(address + "/healthz") == b""
        stand_in.communicate(b"\n")
