"""What `magwatch demo --keep` serves."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.dashboard.station_file import read_stations
from monitor.demo.scenario import station_list
from monitor.demo.system import System, running_page
from monitor.settings import Settings
from tests.monitor.dashboard.pages import answered
from tests.monitor.feeds import station


def test_the_page_of_the_demo_knows_where_and_what_its_stations_are(
    tansu_address: str, tmp_path: Path
) -> None:
    stations = tmp_path / "stations.csv"
    storm = replace(station("WIC", 1, seed=1), position_deg=(47.928, 15.866))
    stations.write_text(station_list([storm, station("WIQ", 1, seed=2)]))
    found = read_stations(stations)
    for listed in found.values():
        assert listed.position_deg == pytest.approx((47.928, 15.866))
    assert found["WIC"].name.startswith("Conrad Observatory, Austria: the storm of 9-12 May 2024")
    assert "the quiet day 29 August 2018 with three synthetic transients" in found["WIQ"].name
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    settings = Settings(broker=tansu_address, profiles=profiles)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stand_in:
        system = System(settings, "", stand_in, tmp_path / "worker.log")
        with running_page(system, stations, hours=96) as address:
            assert json.loads(answered(address + "/api/snapshot"))["hours"] == 96
        assert answered(address + "/healthz") == b""
        stand_in.communicate(b"\n")
