"""What a page says of stations that send and are not scored, beside a real worker and broker."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from archive.model import default_model_path
from archive.recording import Recording
from monitor.offline.pacing import interleaved
from monitor.records.sample_encoder import encode_samples
from tests.monitor.dashboard.browser import LOW_CONTRAST, NAMELESS, Tab, chromium, tab
from tests.monitor.dashboard.pages import Page, page
from tests.monitor.feeds import calibrated, station
from tests.monitor.workers import Site, encoded, new_site, send, worker

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BEFORE_S, AFTER_S = 2880, 4140
TAKEOVER_S = 6 + 2  # as the site's session and rebalance are set
STATES = "Object.fromEntries([...document.querySelectorAll('#stations [data-code]')].map("
STATES += "(n) => [n.dataset.code, n.dataset.state]))"


@dataclass
class Scene:
    """A page, and stations of which the first half of two hours is scored."""

    site: Site
    page: Page
    feeds: dict[str, Recording]
    browser: Browser

    def send(self, begin_s: int, end_s: int, *codes: str) -> None:
        """Send a part of the stations' samples, a minute in a record."""
        parts = [
            feed.between(feed.start_ms + begin_s * 1000, feed.start_ms + end_s * 1000)
            for code, feed in self.feeds.items()
            if code in codes
        ]
        send(self.site, encoded(interleaved(parts, record_s=60)))


@pytest.fixture(scope="module")
def scene(tansu_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("page")
    with chromium() as browser:
        site = new_site(tansu_address, folder, default_model_path())
        feeds = {code: station(code, 120, seed=n) for n, code in enumerate(("WIC", "HON", "TUC"))}
        for code in ("WIC", "HON"):
            calibrated(folder / "profiles", default_model_path(), code, threshold=1.5)
        with page(site.environment(), folder) as shown:
            yield Scene(site, shown, feeds, browser)


def state(found: Tab, code: str, wanted: str, seconds: float = 40) -> None:
    found.wait_for(f"({STATES})['{code}'] === '{wanted}'", seconds)


def test_a_dead_worker_is_seen_and_so_is_the_next_one(scene: Scene) -> None:
    with ExitStack() as stack:
        found = stack.enter_context(tab(scene.browser, scene.page.url))
        with worker(scene.site) as working:
            scene.send(0, BEFORE_S, "WIC", "HON", "TUC")
            for code, wanted in (("WIC", "ok"), ("HON", "ok"), ("TUC", "calibrating")):
                state(found, code, wanted)
            assert found.page.locator("#banner").is_hidden()
            working.process.send_signal(signal.SIGKILL)
            working.process.wait()
        scene.send(BEFORE_S, AFTER_S, "WIC", "HON")
        sent_s = time.monotonic()
        state(found, "WIC", "unscored")
        assert TAKEOVER_S - 1 < time.monotonic() - sent_s < TAKEOVER_S + 10
        state(found, "HON", "unscored")
        assert found.run(STATES)["TUC"] == "calibrating"  # nothing more came of it
        told = "No scores since 9 May 2024 00:43 UTC: HON, WIC send samples that no worker scores."
        assert found.text("#banner") == f"{told} Is a worker running?"
        found.page.locator("#option-HON").click()
        assert found.text("#station-state") == "not scored"
        assert "samples run on to 9 May 2024 01:08 UTC" in found.text("#notices")
        assert "2 not scored" in found.text("#counts").replace("\n", " ")
        for check in (LOW_CONTRAST, NAMELESS):
            assert found.run(check) == []
        with worker(scene.site):
            state(found, "WIC", "ok")
            state(found, "HON", "ok")
            assert found.page.locator("#banner").is_hidden()
            assert found.text("#notices") == ""
        assert found.complaints == []


def test_what_workers_refuse_is_shown_also_of_stations_without_any_sample(scene: Scene) -> None:
    minute = encode_samples(scene.feeds["WIC"].between(0, 2**52))
    slow = minute.replace(b'"PT1S"', b'"1 second"').replace(b'"WIC"', b'"BOU"')
    with worker(scene.site), tab(scene.browser, scene.page.url) as found:
        send(scene.site, [(b"BOU", slow), (b"BOU", slow), (b"bou", slow), (None, slow)])
        send(scene.site, [(b"WIC", minute.replace(b'"PT1S"', b'"1 second"'))])
        found.wait_for("document.querySelectorAll('#refused li').length === 4", 40)
        state(found, "BOU", "refused")
        shown = found.text("#refused")
        for words in ("BOU", "bad-cadence", "2 records", "cadence '1 second' is not an ISO"):
            assert words in shown
        assert "key 'bou' is not an IAGA code in upper case" in shown
        assert "no key" in shown
        assert found.run(STATES)["WIC"] != "refused"  # most of it is taken
        found.page.locator("#refused [data-code=BOU]").click()
        assert found.text("#station-state") == "records refused"
        assert "Refused: 2 records were not taken, the newest" in found.text("#notices")
        assert found.run(LOW_CONTRAST) == []
        assert found.run(NAMELESS) == []
        assert found.complaints == []
