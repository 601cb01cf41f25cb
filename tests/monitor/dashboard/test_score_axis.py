"""The logarithmic axis of scores: whatever they are, it is drawn at once and drawn right."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from kafka import KafkaProducer

from archive.model import default_model_path
from monitor.kafka.embedded_broker import free_port
from monitor.records.sample_encoder import encode_samples
from tests.monitor.dashboard.browser import chromium, tab
from tests.monitor.dashboard.builders import score_record
from tests.monitor.dashboard.pages import page
from tests.monitor.feeds import station
from tests.monitor.workers import new_site

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SERIES = 2000
LONGEST_MS = 500  # a few milliseconds each, on a machine that does other things too
LAST_S = 5.0
NEAR = (1.249, 1.197, 1.24, 1.25, 1.26, 1.001, 0.9, 1 - 1e-9, 1.0, 1 + 1e-9, 0.9999, 1.9999, 4.9999)
FROZE = {"WIC": 0.1249, "HON": 0.1197, "TUC": 0.0124}  # lowest scores
Column = list[float | None]
DRAW = """async ({ series, longestMs }) => {
  const { Chart } = await import("/static/chart.js");
  const parent = document.createElement("div");
  parent.style.width = "400px";
  document.body.append(parent);
  let plot = null;
  const chart = new Chart(parent, {
    title: "scores", height: 190, axis: true, log: true, onZoom() {}, read: () => "",
    plugins: [{ hooks: { init: (u) => (plot = u) } }],
    series: [{ colour: "score", points: true }, { colour: "alert", dash: [6, 4] }],
    describe: () => "drawn",
  });
  const drawn = [];
  for (const { scores, thresholds } of series) {
    const times = scores.map((_, n) => 1.7e12 + n * 64000);
    const began = performance.now();
    let error = null;
    try {
      chart.set([times, scores, thresholds], [times[0] - 1, times.at(-1) + 1]);
    } catch (thrown) {
      error = String(thrown);
    }
    const tookMs = performance.now() - began;
    const { min, max } = plot.scales.y;
    const labels = (plot.axes[1]._values ?? []).filter((text) => text !== "");
    drawn.push({ tookMs, error, min, max, labels });
    if (error || tookMs > longestMs) break;
  }
  return drawn;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def a_series(generator: np.random.Generator) -> dict[str, Column]:
    """Scores as they come, around any level; often with the lowest near a power of ten."""
    count = int(generator.integers(1, 60))
    spread = generator.choice([0.0, 0.05, 0.5, 2.0])
    scores = 10.0 ** generator.integers(-4, 8) * generator.lognormal(0, spread, count)
    if generator.random() < 0.5:
        lowest = 10.0 ** generator.integers(-5, 7) * generator.choice(NEAR)
        scores = np.maximum(scores, lowest)
        scores[generator.integers(count)] = lowest
    if generator.random() < 0.2:
        scores[generator.random(count) < 0.2] = 0.0
    if generator.random() < 0.3:
        scores[generator.random(count) < generator.random()] = np.nan
    threshold = None if generator.random() < 0.2 else 10.0 ** generator.uniform(-2, 3)
    rounded = np.round(scores, 5).tolist()  # as the server sends them
    return {
        "scores": [None if score != score else score for score in rounded],  # noqa: PLR0124 - NaN
        "thresholds": [threshold] * count,
    }


def positive(series: dict[str, Column]) -> list[float]:
    return [value for column in series.values() for value in column if value]


def test_thousands_of_series_are_drawn_at_once(browser: Browser, tmp_path: Path) -> None:
    generator = np.random.default_rng(21)
    series = [a_series(generator) for _ in range(SERIES)]
    environment = {"MAGWATCH_BROKER": f"127.0.0.1:{free_port()}"}
    with page(environment, tmp_path) as running, tab(browser, running.url) as found:
        arguments: dict[str, Any] = {"series": series, "longestMs": LONGEST_MS}
        drawn = found.page.evaluate(DRAW, arguments)
        slowest_ms = max(one["tookMs"] for one in drawn)
        print(f"{len(drawn)} series, the slowest in {slowest_ms:.0f} ms")
        last = series[len(drawn) - 1]
        assert drawn[-1]["error"] is None, positive(last)
        assert slowest_ms < LONGEST_MS, (min(positive(last)), max(positive(last)))
        assert len(drawn) == SERIES
        for one, values in zip(drawn, map(positive, series), strict=True):
            lowest, highest = min(values, default=1.0), max(values, default=1.0)
            assert one["min"] <= lowest
            assert one["max"] >= highest
            assert {f"{one[end]:.9e}"[:11] for end in ("min", "max")} <= {
                f"{digit}.000000000" for digit in (1, 2, 5)
            }
            assert len(set(one["labels"])) == len(one["labels"]) >= 2


def test_four_days_are_shown_when_they_are_said(
    browser: Browser, tansu_address: str, tmp_path: Path
) -> None:
    site = new_site(tansu_address, tmp_path, default_model_path())
    with closing(KafkaProducer(bootstrap_servers=tansu_address)) as producer:
        for code, lowest in FROZE.items():
            for number in range(0, 1200, 7):  # windows of the day
                record = score_record(code, number, rmse=lowest if number == 70 else 0.4)
                value = msgspec.json.encode(record)
                producer.send(site.settings.topic("scores"), value, code.encode())
            day = station(code, 24 * 60, seed=1)
            hour = encode_samples(day.between(day.end_ms - 3_600_000, day.end_ms))
            producer.send(site.settings.topic("samples"), hour, code.encode())
        producer.flush(20)
    environment = site.environment(DASHBOARD_HOURS="96")
    with page(environment, tmp_path) as running, tab(browser, running.url) as found:
        found.wait_for("document.querySelectorAll('#stations li .score').length === 3")
        for code, lowest in FROZE.items():
            began_s = time.monotonic()
            found.page.locator(f"#option-{code}").click()
            found.page.locator("#span-96").check()
            shown = "document.getElementById('shown').textContent"
            found.wait_for(f"/^6 May 2024 00:00 . 10 May 2024 00:00/.test({shown})")
            label = "document.querySelector('#score .chart').ariaLabel"
            found.wait_for(f"{label}.includes('from {lowest:.2f} to 0.40')")
            assert time.monotonic() - began_s < LAST_S
            found.page.locator("#span-6").check()
        assert found.page.locator("#faults").is_hidden()
        assert found.complaints == []
