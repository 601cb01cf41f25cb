"""A station whose source has gone, on the page: a real mosquitto, ingest and browser."""

from __future__ import annotations

import json
from pathlib import Path

from archive.recording import Recording
from tests.monitor.dashboard.browser import LOW_CONTRAST, NAMELESS, chromium, tab
from tests.monitor.dashboard.pages import page
from tests.monitor.dashboard.test_unscored import state
from tests.monitor.feeds import station
from tests.monitor.ingest.mosquitto import Mosquitto, impf, publish, publisher
from tests.monitor.ingest.running import ingest
from tests.monitor.workers import Site, received, wait_until

MARKS = "[...document.querySelectorAll('#map .source-silent')].length"


def told(site: Site) -> str:
    return " ".join(json.loads(one.value)["state"] for one in received(site, "sources"))


def test_a_source_that_goes_is_told_on_list_and_map_until_it_speaks_again(
    tansu_site: Site, tmp_path: Path
) -> None:
    first, second = station("WIC", 2, 1, elements="XYZ").records(60)
    listed = tmp_path / "stations.csv"
    listed.write_text("code,lat,lon,name\nWIC,47.93,15.87,Conrad\n")
    with Mosquitto(tmp_path / "mosquitto") as mosquitto:
        toml = f'[WIC]\nfrom = "mqtt://127.0.0.1:{mosquitto.port}/impf/wic/pt1s/1/+"\nsilent_s = 3'
        with ingest(tansu_site, toml) as running:
            running.wait_for("/readyz", 200)
            with (
                chromium() as browser,
                page(tansu_site.environment(STATIONS=str(listed)), tmp_path) as shown,
                tab(browser, shown.url) as found,
            ):
                send(mosquitto, first)
                state(found, "WIC", "waiting")
                mosquitto.stop()
                state(found, "WIC", "source-silent")
                found.page.locator("#option-WIC").click()
                assert found.text("#station-state") == "source silent"
                notice = found.text("#notices")
                assert notice.startswith("Source silent: for ")
                assert "(cannot connect" in notice or "(connection lost" in notice
                assert found.run(MARKS) > 0
                assert found.run(LOW_CONTRAST) == []
                assert found.run(NAMELESS) == []
                mosquitto.start()
                send(mosquitto, second)
                state(found, "WIC", "waiting")
                assert found.text("#notices") == ""
                assert found.complaints == []
            wait_until(lambda: "speaks silent speaks" in told(tansu_site))


def send(mosquitto: Mosquitto, recording: Recording) -> None:
    with publisher(mosquitto.port, "wic") as client:
        publish(client, [impf(recording)])
