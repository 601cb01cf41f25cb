"""A real browser: the system's Chromium, driven by Playwright, which brings none of its own."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

OWN_CHROMIUM = "MAGWATCH_TEST_CHROMIUM"
DESKTOP, PHONE = (1280, 900), (390, 844)
ARGUMENTS = [
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Visible text whose contrast with its ground is below what WCAG AA asks: 4.5, or 3 for large text.
LOW_CONTRAST = """() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (c) => c.slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (let n = node; n; n = n.parentElement) {
      const c = rgb(getComputedStyle(n).backgroundColor);
      if (c.length < 4 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const own = (node) => [...node.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  return [...document.querySelectorAll("body *")].filter((node) => own(node)
      && !node.closest("svg, noscript, .spoken") && node.checkVisibility()).map((node) => {
    const style = getComputedStyle(node);
    const [a, b] = [light(rgb(style.color)), light(ground(node))].sort((x, y) => y - x);
    const px = parseFloat(style.fontSize);
    const large = px >= 24 || (px >= 18.66 && style.fontWeight >= 700);
    return { text: node.textContent.trim().slice(0, 40), ratio: (a + 0.05) / (b + 0.05), large };
  }).filter(({ ratio, large }) => ratio < (large ? 3 : 4.5));
}"""
NAMELESS = """() => [...document.querySelectorAll("button, input, [role]")].filter((node) =>
  !(node.textContent.trim() || node.getAttribute("aria-label") || node.labels?.length
    || node.getAttribute("aria-labelledby") || node.hidden)).map((node) => node.outerHTML)"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser; skips the test where there is none."""
    program = os.environ.get(OWN_CHROMIUM) or shutil.which("chromium")
    if program is None:
        pytest.skip(f"no chromium here; or set {OWN_CHROMIUM}")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - for these tests only

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Tab:
    """A page in the browser, with what it complained of and what it asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def run(self, script: str) -> Any:
        """The value of a script."""
        return self.page.evaluate(script)

    def text(self, selector: str) -> str:
        """What is written in an element."""
        return self.page.locator(selector).inner_text()

    def wait_for(self, condition: str, seconds: float = 20) -> None:
        """Until an expression is true in the page.

        Asked from here: the page forbids the `eval` that Playwright's own waiting uses.
        """
        deadline_s = time.monotonic() + seconds
        while not self.run(condition):
            assert time.monotonic() < deadline_s, f"never true: {condition}"
            self.page.wait_for_timeout(50)


@contextmanager
def tab(
    browser: Browser, url: str, size: tuple[int, int] = DESKTOP, scheme: str = "light"
) -> Iterator[Tab]:
    """A tab in a profile of its own."""
    phone = size == PHONE
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        has_touch=phone,
        is_mobile=phone,
        color_scheme=scheme,  # type: ignore[arg-type]  # one of two words
    )
    page = context.new_page()
    opened = Tab(page)
    page.on(
        "console",
        lambda message: (
            opened.complaints.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    page.on("request", lambda request: opened.asked.append(request.url))
    page.goto(url)
    try:
        yield opened
    finally:
        context.close()
