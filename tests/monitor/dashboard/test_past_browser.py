"""Pages about the past in a real browser: keyboard, phone, dark, paper, and from the live page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from archive.model import Model, default_model_path, load_model
from monitor.dashboard.showable import NEVER_MS, alert_view
from tests.monitor.dashboard.browser import (
    DESKTOP,
    LOW_CONTRAST,
    NAMELESS,
    PHONE,
    Tab,
    chromium,
    tab,
)
from tests.monitor.dashboard.builders import NOW_MS, board, samples
from tests.monitor.dashboard.kept import DAY, FIRST, NEXT_DAY, SECOND, alerts, history
from tests.monitor.dashboard.network import Served, served

PAGES = (f"/station/WIC/{DAY}", "/station/WIC/2024", f"/alert/{FIRST}")
SMALL = """() => [...document.querySelectorAll("main a, main button, main input")]
  .filter((node) => !node.closest("table, .month") && node.getBoundingClientRect().height < 40)
  .map((node) => node.outerHTML)"""
FOCUSED = "document.activeElement.textContent"


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(default_model_path())


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory, model: Model) -> Iterator[Served]:
    shown = board()
    for start_ms in (NOW_MS - 1_800_000, NOW_MS - 900_000):
        shown.take_samples(samples("WIC", start_ms, 900), NOW_MS)
    shown.take_alert(alert_view(alerts(model)[1], NEVER_MS))
    folder = tmp_path_factory.mktemp("browser") / "history"
    with served(shown, model, history(folder, model)) as running:
        yield running


@pytest.fixture(scope="module")
def desktop(past: Served) -> Iterator[Tab]:
    with chromium() as browser, tab(browser, past.url, DESKTOP, "dark") as opened:
        yield opened


@pytest.fixture
def opened(desktop: Tab) -> Iterator[Tab]:
    desktop.page.emulate_media(media="screen")
    yield desktop
    assert desktop.complaints == []


def test_the_live_page_leads_to_a_day_and_to_an_alert(past: Served, opened: Tab) -> None:
    opened.page.goto(past.url)
    opened.wait_for("!document.getElementById('past').hidden")
    assert opened.run(NAMELESS) == []
    assert opened.run(LOW_CONTRAST) == []
    opened.page.locator("#past input").fill(DAY)
    opened.page.locator("#past button").click()
    opened.page.wait_for_url(past.url + f"/station/WIC/{DAY}")
    opened.page.goto(past.url)
    opened.wait_for("document.querySelector('#alerts a') !== null")
    opened.page.locator("#alerts a").click()
    opened.page.wait_for_url(past.url + f"/alert/{FIRST}")
    assert opened.text("h1").startswith("Alert at WIC")


@pytest.mark.parametrize("path", PAGES)
def test_text_is_readable_in_the_dark_and_everything_has_a_name(
    past: Served, opened: Tab, path: str
) -> None:
    opened.page.goto(past.url + path)
    assert opened.run(LOW_CONTRAST) == []
    assert opened.run(NAMELESS) == []
    assert {url for url in opened.asked if not url.startswith(past.url)} == set()


def test_the_keyboard_goes_everywhere(past: Served, opened: Tab) -> None:
    opened.page.goto(f"{past.url}/station/WIC/{DAY}")
    opened.page.keyboard.press("Tab")
    assert opened.run(FOCUSED) == "Skip to the content"
    opened.page.keyboard.press("Enter")
    opened.page.keyboard.press("Tab")
    assert opened.run(FOCUSED) == f"{NEXT_DAY} ▶"
    opened.page.keyboard.press("Enter")
    opened.page.wait_for_url(past.url + f"/station/WIC/{NEXT_DAY}")
    opened.page.goto(f"{past.url}/alert/{FIRST}")
    opened.page.locator("a[rel=next]").focus()
    opened.page.keyboard.press("Enter")
    opened.page.wait_for_url(past.url + f"/alert/{SECOND}")


def test_paper_has_the_alert_and_no_ways_on(past: Served, opened: Tab) -> None:
    opened.page.goto(f"{past.url}/alert/{FIRST}")
    opened.page.emulate_media(media="print")
    visible = "[...document.querySelectorAll('nav, form, header')].some((n) => n.checkVisibility())"
    assert not opened.run(visible)
    assert opened.run("document.querySelectorAll('figure').length") == 7
    assert opened.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_shows_all_in_its_width_with_room_for_fingers(
    past: Served, desktop: Tab, path: str
) -> None:
    browser = desktop.page.context.browser
    assert browser is not None
    with tab(browser, past.url + path, PHONE) as phone:
        assert phone.run("document.documentElement.scrollWidth") == PHONE[0]
        assert phone.run(SMALL) == []
        assert phone.run(LOW_CONTRAST) == []
        assert phone.complaints == []
