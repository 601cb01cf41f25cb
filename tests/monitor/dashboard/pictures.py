"""The pictures of past days and of a report in the documents.

``python -m tests.monitor.dashboard.pictures`` makes them.

They show the demo's days: a real storm, and a quiet day with synthetic transients. The calendar is
of a synthetic station of one sample a minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

import msgspec
import numpy as np
from click.testing import CliRunner

from archive.model import default_model_path, load_model
from archive.recording import Recording
from archive.versions import load_versions
from geofield.utc import DAY_MS, MINUTE_MS, time_ms, utc
from monitor.cli import main as magwatch
from monitor.demo.play import prepare
from monitor.demo.scenario import QUIET, STORM
from monitor.history.store import FolderStore
from monitor.records.scores_and_alerts import PromiseFields
from tests.monitor.dashboard.browser import DESKTOP, PHONE, chromium, tab
from tests.monitor.dashboard.builders import alert_data, board, event, score_record
from tests.monitor.dashboard.network import Served, served
from tests.monitor.history.stores import record, sample_record, written

DOCS = Path("docs")
PAPER = (794, 1123)  # A4 at 96 dots an inch
YEAR_CODE, YEAR = "SYN", 2025


def main() -> None:
    """Write the pictures into docs/."""
    with TemporaryDirectory(prefix="magwatch-pictures-") as name:
        folder = Path(name)
        alert_id = kept(folder)
        profiles = load_versions(folder / "profiles")
        model = load_model(default_model_path())
        with served(board(), model, folder / "history", profiles) as running:
            drawn(running, alert_id)
        reported(folder)


def kept(folder: Path) -> str:
    """Write the history; returns the id of an alert at a synthetic transient."""
    history = folder / "history"
    store = FolderStore(history)
    scenario = prepare(1, folder / "profiles")
    samples = [
        ("samples", sample_record(part))
        for one in scenario.recordings
        for part in one.records(3600)
    ]
    written(store, *samples)
    records = [("scores", score) for score in _year_of_scores()]
    records += [("alerts", one) for one in _year_of_alerts()]
    first = ""
    for station in (STORM, QUIET):
        found = scored(history, folder, station)
        first = next((value for topic, value in found if topic == "alerts"), b"").decode()
        records += [(topic, record(value)) for topic, value in found]
    written(store, *records, *(("samples", sample_record(day)) for day in _year_of_samples()))
    alert_id: str = msgspec.json.decode(first)["data"]["alert_id"]
    return alert_id


def scored(history: Path, folder: Path, station: str) -> list[tuple[str, bytes]]:
    """Scores and alerts of a station, as they would be published."""
    scores, alerts = folder / "scores.jsonl", folder / "alerts.jsonl"
    arguments = ["score", history, "--station", station, "--profiles", folder / "profiles",
                 "-o", scores, "--alerts", alerts]  # fmt: skip
    result = CliRunner().invoke(magwatch, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return [
        (topic, line)
        for topic, path in (("scores", scores), ("alerts", alerts))
        for line in path.read_bytes().splitlines()
    ]


def _days() -> Iterator[tuple[int, int]]:
    start_ms = time_ms(f"{YEAR}-01-01")
    return ((day, start_ms + day * DAY_MS) for day in range(365) if not 100 <= day < 109)


def _year_of_samples() -> Iterator[Recording]:
    for day, start_ms in _days():
        random = np.random.default_rng(day)
        elements = {name: random.normal(20_000, 1, 1440).round(2) for name in "HEZ"}
        lost = int(1440 * random.choice([0, 0, 0, 0, 0.05, 0.3]))
        for values in elements.values():
            values[700 : 700 + lost] = np.nan
        yield Recording(YEAR_CODE, start_ms, MINUTE_MS, elements)


def _year_of_scores() -> Iterator[object]:
    for day, start_ms in _days():
        promise = PromiseFields(12.5, 0.4, 0, kept=not 200 <= day < 206)
        score = msgspec.structs.replace(
            score_record(YEAR_CODE), window_start=utc(start_ms), window_end=utc(start_ms + 256_000),
            promise=promise,
        )  # fmt: skip
        yield record(msgspec.json.encode(score))


def _year_of_alerts() -> Iterator[object]:
    for day, start_ms in _days():
        random = np.random.default_rng(day + 1000)
        for number in range(random.poisson(0.12 + 2 * (200 <= day < 206))):
            kind = random.choice(["local", "space-weather", "space-weather", "global"])
            end_ms = start_ms + (number + 1) * 3_600_000
            data = alert_data(YEAR_CODE, f"{day:031x}{number:x}", 1, "resolved", end_ms, str(kind))
            yield record(msgspec.json.encode(event(data)))


def drawn(running: Served, alert_id: str) -> None:
    """Draw every picture."""
    shots = [
        ("alert-page", f"/alert/{alert_id}", DESKTOP, "light", "screen"),
        ("alert-page-dark", f"/alert/{alert_id}", DESKTOP, "dark", "screen"),
        ("alert-page-phone", f"/alert/{alert_id}", PHONE, "light", "screen"),
        ("alert-page-print", f"/alert/{alert_id}", PAPER, "light", "print"),
        ("past-day", "/station/WIC/2024-05-10", DESKTOP, "light", "screen"),
        ("past-year", f"/station/{YEAR_CODE}/{YEAR}", DESKTOP, "light", "screen"),
    ]
    with chromium() as browser:
        for name, path, size, scheme, media in shots:
            with tab(browser, running.url + path, size, scheme) as opened:
                opened.page.emulate_media(media=media)  # type: ignore[arg-type]
                opened.page.screenshot(path=DOCS / f"{name}.png", full_page=True)
                assert opened.complaints == []
    with urlopen(f"{running.url}/alert/{alert_id}.png", timeout=60) as answer:  # noqa: S310
        (DOCS / "alert-picture.png").write_bytes(answer.read())


def reported(folder: Path) -> None:
    """Draw the begin of the report of the storm's first day."""
    page, stations = folder / "report.html", folder / "stations.csv"
    stations.write_text("code,lat,lon,name\nWIC,47.93,15.86,Conrad Observatory\n")
    arguments = ["report", folder / "history", "--day", "2024-05-10", "--station", STORM,
                 "-o", page, "--profiles", folder / "profiles", "--stations", stations]  # fmt: skip
    result = CliRunner().invoke(magwatch, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    shots = [
        ("report", DESKTOP, "light", "screen", 2200),
        ("report-dark", DESKTOP, "dark", "screen", 2200),
        ("report-phone", PHONE, "light", "screen", 2400),
        ("report-print", PAPER, "light", "print", 2 * PAPER[1]),
    ]
    with chromium() as browser:
        for name, size, scheme, media, height in shots:
            with tab(browser, page.as_uri(), size, scheme) as opened:
                opened.page.emulate_media(media=media)  # type: ignore[arg-type]
                begin = {"x": 0, "y": 0, "width": size[0], "height": height}
                opened.page.screenshot(
                    path=DOCS / f"{name}.png",
                    full_page=True,
                    clip=begin,  # type: ignore[arg-type]
                )
                assert opened.complaints == []


if __name__ == "__main__":
    main()
