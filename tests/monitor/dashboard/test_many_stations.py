"""The page with 120 stations in a real browser: list, filter, map and charts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from archive.model import default_model_path, load_model
from monitor.dashboard.station import State
from monitor.return_period import return_period
from tests.monitor.dashboard.browser import LOW_CONTRAST, NAMELESS, PHONE, Tab, chromium, tab
from tests.monitor.dashboard.builders import alert
from tests.monitor.dashboard.network import COUNTS, Served, network, served, worst_first
from tests.monitor.dashboard.scripts import ON_MAP, STRUCK, TICKS, WORST

STATIONS = sum(COUNTS.values())
LISTED = (
    "[...document.querySelectorAll('#stations li')].map((n) => [n.dataset.code, n.dataset.state])"
)
FOCUSED = "document.activeElement.dataset.code ?? document.activeElement.id"
CIRCLE = "#map .many"


@pytest.fixture(scope="module")
def page() -> Iterator[Served]:
    with served(network(), load_model(default_model_path())) as running:
        yield running


@pytest.fixture(scope="module")
def tabs(page: Served) -> Iterator[dict[str, Tab]]:
    """A desktop and a phone, each opened once: to load the page takes longer than most checks."""
    with (
        chromium() as browser,
        tab(browser, page.url) as desktop,
        tab(browser, page.url, PHONE) as phone,
    ):
        for found in (desktop, phone):
            settled(found)
        yield {"desktop": desktop, "phone": phone}


@pytest.fixture
def opened(tabs: dict[str, Tab]) -> Iterator[Tab]:
    yield from as_at_first(tabs["desktop"])


@pytest.fixture
def phone(tabs: dict[str, Tab]) -> Iterator[Tab]:
    yield from as_at_first(tabs["phone"])


def as_at_first(found: Tab) -> Iterator[Tab]:
    """The page with the worst station, no filter and the whole map; it complains of nothing."""
    found.page.evaluate("() => { location.hash = '' }")
    found.wait_for("document.getElementById('filter-none').hidden")
    found.page.evaluate("""() => {
      document.querySelector('#stations li').click();
      document.getElementById('zoom-fit').click();
      document.activeElement.blur();
      scrollTo(0, 0);
    }""")
    yield found
    assert found.complaints == []


def settled(found: Tab) -> None:
    found.wait_for(f"document.querySelectorAll('#stations li').length === {STATIONS}")
    found.wait_for("document.querySelector('#field .chart')?.ariaLabel.includes('nT')")


def listed(found: Tab) -> list[tuple[str, str]]:
    return [tuple(one) for one in found.run(LISTED)]


def test_the_worst_are_first_and_stay_so_without_taking_the_focus(
    page: Served, opened: Tab
) -> None:
    before = listed(opened)
    assert [code for code, _ in before] == worst_first(before)
    assert {state: 0 for _, state in before}.keys() == {state.value for state in COUNTS}
    states = opened.run("import('/static/states.js').then((m) => Object.keys(m.STATES))")
    assert states == [state.value for state in State]
    last = before[-1][0]
    opened.page.locator(f"#option-{last}").focus()
    page.change(lambda board: board.take_alert(alert(last, name="late")))
    opened.wait_for(f"document.querySelector('#option-{last}').dataset.state === 'alert'")
    after = listed(opened)
    assert [code for code, _ in after] == worst_first(after) != [code for code, _ in before]
    assert opened.run(FOCUSED) == last
    over = alert(last, name="late", version=2, status="resolved")
    page.change(lambda board: board.take_alert(over))
    opened.wait_for(f"document.querySelector('#option-{last}').dataset.state === 'ok'")
    assert listed(opened) == before


def test_the_list_is_filtered_by_state_and_text_and_a_reload_keeps_it(opened: Tab) -> None:
    page = opened.page
    buttons = page.locator("#filter-states button:visible").all_inner_texts()
    assert [text.split()[0] for text in buttons] == [str(COUNTS[state]) for state in State]
    page.get_by_role("button", name="10 silent").click()
    assert {state for _, state in listed(opened)} == {"silent"}
    page.get_by_role("button", name="5 alert open").click()
    assert opened.text("#stations-count") == "15 of 120, worst first"
    code, _ = listed(opened)[-1]
    page.locator("#find").fill(f"observatory {code[::-1]}".lower())
    assert [one for one, _ in listed(opened)] == [code]
    page.locator(f"#option-{code}").click()
    page.reload()
    opened.wait_for("document.querySelectorAll('#stations li').length === 1")
    assert [one for one, _ in listed(opened)] == [code]
    assert opened.text("#station-title") == code
    assert (
        opened.run("document.getElementById('find').value") == f"observatory {code[::-1]}".lower()
    )
    assert page.locator("#filter-states [aria-pressed=true]").count() == 2
    page.locator("#find").fill("nowhere")
    assert opened.text("#stations-empty") == "No station is like that."
    page.locator("#filter-none").click()
    assert len(listed(opened)) == STATIONS
    assert opened.run("location.hash") == f"#{code}"


def test_the_list_is_one_stop_of_the_tab_key(opened: Tab) -> None:
    keyboard, codes = opened.page.keyboard, [code for code, _ in listed(opened)]
    opened.page.locator(".skip").first.focus()
    keyboard.press("Enter")
    assert opened.run(FOCUSED) == codes[0]
    for key, code in (("End", codes[-1]), ("Home", codes[0]), ("ArrowRight", codes[1])):
        keyboard.press(key)
        assert opened.run(FOCUSED) == opened.text("#station-title") == code
    keyboard.press("ArrowDown")
    assert opened.run(FOCUSED) in codes[3:]
    chosen = opened.run(FOCUSED)
    assert opened.run("location.hash") == f"#{chosen}"
    keyboard.press("Tab")
    assert not opened.run("document.getElementById('stations').contains(document.activeElement)")
    keyboard.press("Shift+Tab")
    assert opened.run(FOCUSED) == chosen
    assert opened.run("document.querySelectorAll('#stations [tabindex=\"0\"]').length") == 1


def collisions(found: Tab) -> list[Any]:
    """What the map's edge cuts off, and pairs that touch; transparent targets only one another."""
    things = found.page.evaluate(ON_MAP)
    assert {one["kind"] for one in things} == {"target", "mark", "label"}
    pairs = [
        (one, other)
        for one, other in combinations(things, 2)
        if one["left"] < other["right"] - 0.5 and other["left"] < one["right"] - 0.5
        and one["top"] < other["bottom"] - 0.5 and other["top"] < one["bottom"] - 0.5
        and (one["kind"] == "target") == (other["kind"] == "target")
        and not (one["owner"] == other["owner"] and one["kind"] == other["kind"] == "mark")
    ]  # fmt: skip
    return [one for one in things if one["cut"]] + pairs


def test_nothing_on_the_map_collides_or_is_cut_off(opened: Tab, phone: Tab) -> None:
    for found in (opened, phone):
        for button in ("zoom-fit", "zoom-world", "zoom-in", "zoom-in", "zoom-in", "zoom-in"):
            found.page.locator(f"#{button}").click()
            assert collisions(found) == []
        found.page.locator("#zoom-fit").click()
        shown = found.run(
            "[...document.querySelectorAll('#map .station')].map("
            "(n) => Number(n.querySelector('.count').textContent || 1))"
        )
        assert sum(shown) == STATIONS
        assert max(shown) > 1


def test_a_circle_has_the_colour_of_its_worst_and_opens(opened: Tab) -> None:
    page = opened.page
    circles = opened.run(WORST)
    assert len(circles) > 3
    assert [state for state, _ in circles] == [worst for _, worst in circles]
    count = int(page.locator(f"{CIRCLE} .count").first.text_content() or 0)
    page.locator(CIRCLE).first.locator(".target").click()
    assert opened.text("#cluster-title") == f"{count} stations here"
    rows = page.locator("#cluster-stations button")
    assert rows.count() == count
    page.keyboard.press("Escape")
    assert page.locator("#cluster").is_hidden()
    # by keyboard: the focus is back on the circle
    page.keyboard.press("Enter")
    chosen = rows.last.get_attribute("data-code")
    rows.last.focus()
    page.keyboard.press("Enter")
    assert opened.text("#station-title") == chosen
    assert page.locator("#cluster").is_hidden()
    assert page.locator("#map .selected").count() == 1
    before = opened.run("document.activeElement.getAttribute('transform')")
    page.keyboard.press("ArrowRight")
    assert opened.run("document.activeElement.getAttribute('transform')") != before
    # those at one place are never parted, the others are
    page.locator("#zoom-world").click()
    page.locator(CIRCLE).first.locator(".target").click()
    page.locator("#cluster-zoom").click()
    assert collisions(opened) == []


def spread(found: Tab, begin_px: float, end_px: float) -> None:
    """Two fingers on the middle of the map, so far apart at first and in the end."""
    found.page.locator("#map").scroll_into_view_if_needed()
    box = found.page.locator("#map").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    fingers = found.page.context.new_cdp_session(found.page)
    for kind, apart_px in (
        ("touchStart", begin_px),
        ("touchMove", (begin_px + end_px) / 2),
        ("touchMove", end_px),
    ):
        points = [{"x": x + side * apart_px / 2, "y": y, "id": n} for n, side in enumerate((-1, 1))]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_phone_shows_charts_first_and_has_room_for_fingers(phone: Tab) -> None:
    page = phone.page
    box = "document.querySelector('#field .chart').getBoundingClientRect()"
    assert phone.run(f"{box}.bottom") < PHONE[1]
    assert phone.run("document.documentElement.scrollWidth") == PHONE[0]
    narrow = (
        "[...document.querySelectorAll('button, input[type=search], #stations li, #map .target')]"
        ".filter((n) => n.checkVisibility()).map((n) => n.getBoundingClientRect())"
        ".filter((r) => r.height < 39.5 || r.width < 39.5).length"
    )
    assert phone.run(narrow) == 0
    scale = (
        "document.querySelector('#map .land').getAttribute('transform').match(/scale\\((.*)\\)/)[1]"
    )
    before = float(phone.run(scale))
    spread(phone, 40, 120)
    assert float(phone.run(scale)) == pytest.approx(3 * before, rel=0.1)
    page.locator("#zoom-fit").tap()
    page.locator(f"{CIRCLE} .target").first.tap()
    row = page.locator("#cluster-stations button").last
    code = row.get_attribute("data-code")
    row.tap()
    assert phone.text("#station-title") == code
    phone.wait_for(f"{box}.top > 0 && {box}.bottom < innerHeight")  # the charts are back in sight
    page.locator(".jump").tap()
    assert phone.run("document.getElementById('stations').getBoundingClientRect().top") < PHONE[1]


def test_every_text_is_legible_and_everything_has_a_name(opened: Tab, phone: Tab) -> None:
    for found, scheme in ((opened, "light"), (phone, "dark")):
        found.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of two words
        found.page.locator(CIRCLE).first.locator(".target").click()
        for check in (LOW_CONTRAST, NAMELESS):
            assert found.run(check) == []


def test_return_periods_have_the_same_words_everywhere(opened: Tab) -> None:
    days = [0.0, 0.04, 0.05, 0.3, 1.99, 2.01, 40.2, 364.9, 365.0, 27_351.0]
    words = opened.page.evaluate(
        "(days) => import('/static/text.js').then((m) => days.map(m.returnPeriod))", days
    )
    assert words == [return_period(one) for one in days]


def test_an_axis_has_the_values_of_its_ticks(opened: Tab) -> None:
    labels = opened.page.evaluate(TICKS)
    assert "102.5" in labels
    assert "105" in labels


def test_no_line_strikes_through_a_word_in_a_chart(opened: Tab) -> None:
    touching, words = opened.page.evaluate(STRUCK)
    assert words > 100  # pixels
    assert touching == 0
