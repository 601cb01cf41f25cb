"""`magwatch status`: the stations in the terminal."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.cli import main
from monitor.dashboard.status import FIGURES, WORDS, table
from monitor.kafka.embedded_broker import free_port
from tests.monitor.dashboard.builders import NOW_MS, alert, board, samples, score
from tests.monitor.feeds import station
from tests.monitor.workers import PREFIX, Site, encoded, send, wait_until
from tests.processes import Magwatch


def rows(shown: object) -> list[list[str]]:
    columns = [list(column.cells) for column in shown.columns]  # type: ignore[attr-defined]
    return [list(map(str, row)) for row in zip(*columns, strict=True)]


def test_a_row_says_how_a_station_is() -> None:
    watched = board()
    watched.take_samples(samples("WIC"), NOW_MS + 61_500)
    watched.take_score(score("WIC", 0, 1.5))
    watched.take_alert(alert("WIC"))
    watched.take_samples(samples("HON"), NOW_MS + 60_000)
    watched.live_since_ms = NOW_MS
    at_ms = NOW_MS + 69_000
    watched.changes(at_ms)
    shown = table(watched.everything(at_ms).stations, at_ms)
    assert tuple(column.header for column in shown.columns) == (*WORDS, *FIGURES)
    hon, wic = (dict(zip((*WORDS, *FIGURES), row, strict=True)) for row in rows(shown))
    assert (wic["station"], wic["state"]) == ("WIC", "alert")
    assert wic["newest sample"] == "2024-05-09T00:00:59Z"
    assert (wic["age"], wic["latency"]) == ("10.0 s", "2.5 s")
    assert (wic["score"], wic["threshold"]) == ("1.50", "1.50")
    assert wic["alert"] == "a1"
    assert (hon["state"], hon["score"], hon["alert"]) == ("waiting", "-", "-")


def recent(site: Site, code: str) -> None:
    """A minute of samples of just now."""
    begin_ms = (time.time_ns() // 1_000_000_000 - 60) * 1000
    send(site, encoded(replace(station(code, 1, 1), start_ms=begin_ms).records(10)))


def test_it_prints_all_stations_and_ends(tansu_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in tansu_site.environment().items():
        if name.startswith(PREFIX):
            monkeypatch.setenv(name, text)
    recent(tansu_site, "WIC")
    recent(tansu_site, "HON")
    result = CliRunner().invoke(main, ["status"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines() if line.strip()]
    assert [line[0] for line in lines] == ["station", "HON", "WIC"]


def test_it_goes_on_with_watch_until_it_is_told_to_end(tansu_site: Site, tmp_path: Path) -> None:
    output = tmp_path / "output"
    with output.open("wb") as stream:
        process = Magwatch(["status", "--watch"], env=tansu_site.environment(), stdout=stream)
    try:
        recent(tansu_site, "WIC")
        time.sleep(3)
        assert process.poll() is None
    finally:
        process.terminate()
    assert process.wait(15) == 0
    assert "WIC" in output.read_text()


@pytest.mark.parametrize(("change", "code"), [({"TOPIC_PREFIX": "none."}, 1), ({"BROKER": ""}, 3)])
def test_what_is_missing_is_one_line(
    tansu_site: Site, tmp_path: Path, change: dict[str, str], code: int
) -> None:
    environment = tansu_site.environment(
        **{name: text or f"127.0.0.1:{free_port()}" for name, text in change.items()}
    )
    output = tmp_path / "output"
    with output.open("wb") as stream:
        process = Magwatch(["status"], env=environment, stdout=stream, stderr=stream)
    wait_until(lambda: process.poll() is not None)
    assert process.poll() == code
    assert len(output.read_text().splitlines()) == 1
