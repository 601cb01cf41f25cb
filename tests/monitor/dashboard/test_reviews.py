"""Reviews on the page: a real page on a real broker, by HTTP and in a real browser."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from monitor.dashboard.reviews import HEADER, Reviews, ReviewView
from monitor.records.reviews import VERDICTS, ReviewRecord, Said, review_of
from monitor.records.scores_and_alerts import decode_alert
from monitor.reviews.publishing import publish_review
from monitor.reviews.reading import reviews_now
from tests.monitor.dashboard.browser import LOW_CONTRAST, NAMELESS, chromium, tab
from tests.monitor.dashboard.pages import Page, page
from tests.monitor.webhook.feeds import lives, publish
from tests.monitor.workers import Site, new_site

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TOKEN = "of:this+page/alone=42"  # noqa: S105 - of these tests
MARKUP = "<img src=x onerror=alert(1)> <b>car</b> & \"quoted\" 'so'"
VERSIONS = lives("WIC", "HON")
IDS = {decode_alert(value).data.station: key.decode() for key, value in VERSIONS}
GOOD = {"verdict": "unclear", "by": "Ada", "note": ""}


@dataclass
class Scene:
    site: Site
    page: Page
    browser: Browser

    def ask(
        self,
        station: str = "WIC",
        token: str | None = TOKEN,
        body: bytes | dict[str, Any] = GOOD,
        kind: str = "application/json",
    ) -> tuple[int, dict[str, Any]]:
        """Post a review; status and answer."""
        return posted(self.page.url, IDS.get(station, station), token, body, kind)

    def kept(self) -> Mapping[str, ReviewRecord]:
        """The reviews in the topic, read beside the loop that Playwright runs in this thread."""
        with ThreadPoolExecutor(1) as beside:
            return beside.submit(reviews_now, self.site.settings).result()


def posted(
    url: str, alert_id: str, token: str | None, body: bytes | dict[str, Any], kind: str
) -> tuple[int, dict[str, Any]]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": kind, **({HEADER: token} if token is not None else {})}
    request = urllib.request.Request(f"{url}/api/alerts/{alert_id}/review", data, headers)  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - likewise
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read())


@pytest.fixture(scope="module")
def scene(
    tansu_address: str, tmp_path_factory: pytest.TempPathFactory, model_path: Path
) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("reviews")
    with chromium() as browser:
        site = new_site(tansu_address, folder, model_path)
        publish(site, VERSIONS)
        with page(site.environment(REVIEW_TOKEN=TOKEN), folder) as shown:
            running = Scene(site, shown, browser)
            deadline_s = time.monotonic() + 40
            while running.ask(body=b"{}")[0] == 503 or not known(running):
                assert time.monotonic() < deadline_s
                time.sleep(0.1)
            yield running


def known(scene: Scene) -> bool:
    with urllib.request.urlopen(f"{scene.page.url}/api/snapshot", timeout=10) as answer:  # noqa: S310 - our own address
        return len(json.loads(answer.read())["everything"]["alerts"]) == len(IDS)


REFUSALS: list[tuple[dict[str, Any], int, str]] = [
    ({"token": None}, 401, f"a review needs the token, in the header {HEADER}"),
    ({"token": ""}, 403, "this is not the token"),
    ({"token": TOKEN[:-1]}, 403, "this is not the token"),
    ({"token": TOKEN + "x"}, 403, "this is not the token"),
    ({"token": "\xff" * 20}, 403, "this is not the token"),
    ({"token": None, "body": b"{"}, 401, "token"),  # nothing is read without it
    ({"kind": "text/plain"}, 415, "Content-Type: application/json"),
    ({"kind": "application/x-www-form-urlencoded"}, 415, "application/json"),
    ({"body": b"x" * 9000}, 413, "at most 8,192 bytes"),
    ({"body": b"\xff"}, 400, "no review"),
    ({"body": b"[" * 8000}, 400, ""),
    ({"body": GOOD | {"verdict": "seismic"}}, 400, "seismic"),
    ({"body": GOOD | {"by": " "}}, 400, "the name is empty"),
    ({"body": GOOD | {"note": "x" * 501}}, 400, "at most 500"),
    ({"body": GOOD | {"note": "a\x00b"}}, 400, "control character"),
    ({"body": GOOD | {"status": "cancelled"}}, 400, "unknown field `status`"),
    ({"station": "0" * 32}, 404, "the page has no such alert"),
]


def test_what_will_not_do_is_refused_and_kept_nowhere(scene: Scene) -> None:
    for given, status, said in REFUSALS:
        found, answer = scene.ask(**given)
        assert found == status, (given, answer)
        assert said in answer["error"], given
    assert scene.kept() == {}
    assert TOKEN not in scene.page.log.read_text()


def test_said_by_keyboard_shown_with_the_alert_and_still_there_after_a_restart(
    scene: Scene,
) -> None:
    with tab(scene.browser, scene.page.url) as found:
        button = f"document.querySelector('[data-review=\"{IDS['WIC']}\"]')"
        found.wait_for(f"{button} !== null")
        assert found.run(f"{button}.ariaLabel").startswith("Review the alert of WIC, ")
        found.run(f"{button}.focus()")
        keys = found.page.keyboard
        keys.press("Enter")
        found.wait_for("document.querySelector('dialog').open")
        words = "[...document.querySelectorAll('dialog [type=radio]')].map((one) => one.value)"
        assert found.run(words) == list(VERDICTS)
        assert found.run(LOW_CONTRAST) == []
        assert found.run(NAMELESS) == []
        for press in ("Space", "ArrowDown", "Tab"):  # the second of the verdicts
            keys.press(press)
        for text in (MARKUP, "Ada <i>Lovelace</i>", "not the token of this page"):
            keys.type(text)
            keys.press("Tab")
        keys.press("Enter")
        found.wait_for("document.querySelector('dialog .fault').textContent !== ''")
        assert found.text("dialog .fault") == "this is not the token"
        found.page.locator("dialog input[type=password]").fill(TOKEN)
        keys.press("Enter")
        found.wait_for("!document.querySelector('dialog').open", 30)
        found.wait_for("document.querySelector('.reviewed') !== null")
        line = found.text(".reviewed")
        assert line.startswith("Reviewed as man-made by Ada <i>Lovelace</i>, ")
        assert line.endswith(f": {MARKUP}")
        assert found.run("document.querySelectorAll('#alerts img, #alerts i').length") == 0
        assert found.run(f"document.activeElement === {button}")
        assert [one for one in found.complaints if "403" not in one] == []
    kept = scene.kept()[IDS["WIC"]]
    assert (kept.verdict, kept.by, kept.note) == ("man-made", "Ada <i>Lovelace</i>", MARKUP)
    without = scene.site.environment()  # the token is gone, what was said is not
    with (
        page(without, scene.site.folder) as again,
        tab(scene.browser, again.url) as found,
    ):
        found.wait_for("document.querySelector('.reviewed') !== null", 40)
        assert found.text(".reviewed") == line
        assert found.run("document.querySelectorAll('[data-review]').length") == 0
        off = posted(again.url, IDS["WIC"], TOKEN, GOOD, "application/json")
        assert off == (
            403,
            {"error": "this page takes no reviews: MAGWATCH_REVIEW_TOKEN is not set"},
        )


def test_what_another_says_elsewhere_comes_to_the_open_page(scene: Scene) -> None:
    with tab(scene.browser, scene.page.url) as found:
        row = f"[data-alert='{IDS['HON']}'] .reviewed"
        found.wait_for("document.querySelectorAll('#alerts li').length === 2")
        for verdict in ("unclear", "instrument"):
            said = Said(verdict, "Bob")  # type: ignore[arg-type]  # one of the words
            review = review_of(IDS["HON"], "HON", (0, 1000), said, 1_715_300_000_000)
            publish_review(scene.site.settings, review)
            found.wait_for(f"document.querySelector(\"{row}\")?.textContent.includes('{verdict}')")
        assert found.complaints == []


def test_the_page_forgets_the_oldest_of_many_reviews() -> None:
    reviews = Reviews(most=20, most_sent=5)
    for number in range(22):
        reviews.take(ReviewView(f"a{number}", "natural", "", "Ada", number))
    assert [view.alert_id for view in reviews.everything()] == [f"a{n}" for n in range(17, 22)]
    assert len(reviews.changes()) == 20
    assert reviews.changes() == []
    assert reviews.of("a1") is None
    reviews.take(ReviewView("a5", "unclear", "", "Bob", 0))
    assert [view.by for view in reviews.changes()] == ["Bob"]
    assert reviews.of("a5") == reviews.everything()[-1]
