"""The page in a real browser, beside records and clients that mean it no good."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaProducer

from archive.model import default_model_path
from monitor.dashboard.server import MAX_PAGES
from tests.abuse.page_horrors import STATION, good_alert, good_samples
from tests.monitor.dashboard.browser import LOW_CONTRAST, Tab, chromium, tab
from tests.monitor.dashboard.pages import Page, page
from tests.monitor.feeds import START_MS
from tests.monitor.workers import Site, new_site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

FIRST, LAST, LATER = (letter * 32 for letter in "abc")
LISTED = "[...document.querySelectorAll('#alerts [data-alert]')].map((n) => n.dataset.alert)"
NO_MONTH = "2024-13-01T00:00:00Z"


@dataclass
class Scene:
    """A page beside a topic with a bad alert between two good ones."""

    site: Site
    page: Page
    browser: Browser

    def send(self, topic: str, *values: bytes) -> None:
        """Send records, in this order."""
        with closing(KafkaProducer(bootstrap_servers=self.site.settings.broker)) as producer:
            for number, value in enumerate(values):
                key = STATION.encode() if topic == "samples" else b"%d" % number
                producer.send(self.site.settings.topic(topic), value, key, partition=0)
            producer.flush(20)


def bad_alert(field: str, value: object) -> bytes:
    event: dict[str, Any] = json.loads(good_alert(32 * "d"))
    event["data"][field] = value
    return json.dumps(event).encode()


@pytest.fixture(scope="module")
def scene(tansu_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("page")
    with chromium() as browser:
        site = new_site(tansu_address, folder, default_model_path())
        with page(site.environment(), folder) as running:
            found = Scene(site, running, browser)
            found.send("samples", good_samples(START_MS))
            found.send("alerts", good_alert(FIRST), bad_alert("start", NO_MONTH), good_alert(LAST))
            yield found


def opened_on_all(found: Tab) -> None:
    found.wait_for(f"{LISTED}.length >= 2")


def test_a_bad_alert_leaves_the_others_on_the_page_and_is_counted(scene: Scene) -> None:
    with tab(scene.browser, scene.page.url) as found:
        opened_on_all(found)
        assert sorted(found.run(LISTED)) == [FIRST, LAST]
        shown = "1 record could not be shown (alerts: start is no time: '2024-13-01T00:00:00Z')."
        found.wait_for("!document.getElementById('left-out').hidden")
        assert found.text("#left-out") == shown
        assert found.page.locator("#faults").is_hidden()
        assert found.run(LOW_CONTRAST) == []
        # the next ones come while somebody looks on
        found.run("window.sameDocument = true")
        arabic = "٢٠٢٤-٠٥-٠٩T٠٠:٠٠:٠٠Z"  # noqa: RUF001 - digits of another script
        scene.send("alerts", bad_alert("end", arabic), good_alert(LATER))
        scene.send("samples", b"<script>window.hacked = 1</script>")
        found.wait_for("document.getElementById('left-out').textContent.startsWith('3 records')")
        found.wait_for(f"{LISTED}.length === 3")
        assert found.run("window.sameDocument && window.hacked === undefined")
        assert found.complaints == []


def spoilt(route: Route) -> None:
    """A snapshot as no server of ours sends it."""
    answer = route.fetch()
    snapshot = answer.json()
    everything = snapshot["everything"]
    undated = dict(everything["alerts"][0], alert_id="undated", start_ms="soon")
    everything["alerts"] = [{"alert_id": "nobody's"}, undated, *everything["alerts"]]
    strange = dict(everything["stations"][0], code="AAA", state="exploded")
    everything["stations"].insert(0, strange)
    route.fulfill(response=answer, json=snapshot)


def test_what_the_browser_cannot_draw_leaves_the_rest_and_is_told(scene: Scene) -> None:
    with tab(scene.browser, "about:blank") as found:
        found.page.route("**/api/snapshot", spoilt)
        found.page.goto(scene.page.url)
        opened_on_all(found)
        assert not {"nobody's", "undated"} & set(found.run(LISTED))
        assert f"option-{STATION}" in found.run(
            "[...document.querySelectorAll('#stations li')].map((n) => n.id)"
        )
        found.wait_for("!document.getElementById('faults').hidden")
        told = found.text("#faults")
        assert "could not be drawn (" in told
        for name in ("alert nobody's", "alert undated", "station AAA"):
            assert any(name in complaint for complaint in found.complaints)


def test_a_page_that_gives_way_says_so_and_does_not_come_back(scene: Scene) -> None:
    port = int(scene.page.url.rpartition(":")[2])
    with tab(scene.browser, scene.page.url) as found:
        opened_on_all(found)
        found.wait_for("document.getElementById('link-text').textContent === 'live'")
        lines = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(MAX_PAGES)]
        for line in lines:
            line.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            line.recv(1000)
        found.wait_for("!document.getElementById('banner').hidden")
        assert "Reload the page to look on again" in found.text("#banner")
        assert found.text("#link") == "not looking on"
        streams = [url for url in found.asked if "/events" in url]
        found.page.wait_for_timeout(4000)  # longer than it waits where the line broke
        assert [url for url in found.asked if "/events" in url] == streams
        assert "Reload the page to look on again" in found.text("#banner")
        assert found.complaints == []
        for line in lines:
            line.close()
        found.page.reload()
        found.wait_for("document.getElementById('link-text').textContent === 'live'")
